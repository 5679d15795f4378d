"""One Fortnox company: its registers, licences and users, as state that the simulator changes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Self

from local.fortnox.fields import Fields, copied

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

FREE_SCOPES: Final = frozenset({"companyinformation", "settings", "profile"})
"""Scopes that need no licence of their own."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One entity in a register, and when it came and changed.

    `unseen` is what Fortnox knows about it and no answer shows: an invoice's `VATType` and `VATNumber`, which are
    the customer's when it is created (measured), and a customer's `Language`.
    """

    fields: Fields
    unseen: Fields = field(default_factory=dict)
    created_at: datetime = LONG_AGO
    modified_at: datetime = LONG_AGO

    def __deepcopy__(self, _memo: object) -> Entry:
        return replace(self, fields=copied(self.fields), unseen=copied(self.unseen))


type Register = dict[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who can sign in; the same username may belong to several companies."""

    username: str
    password: str = field(repr=False)
    system_administrator: bool = False
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancialYear:
    """A financial year; the chart of accounts belongs to it."""

    id: int
    from_date: date
    to_date: date

    def covers(self, day: date) -> bool:
        return self.from_date <= day <= self.to_date


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of the archive."""

    name: str
    content: bytes = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Company:
    """A company's books. Registers are keyed by number or code, accounts by financial year and number."""

    tenant_id: str
    name: str
    organisation_number: str
    accounting_method: str = "ACCRUAL"
    locked_until: date | None = None
    integration_licence: bool = True
    app_licence: bool = True
    licences: frozenset[str] = frozenset()
    users: tuple[User, ...] = ()
    vat_registered: bool = True
    vat_rates: tuple[int, ...] = (25, 12, 6, 0)
    predefined_accounts: dict[str, int] = field(default_factory=dict)
    terms_of_payment: str = "30"
    financial_years: tuple[FinancialYear, ...] = ()
    customers: Register = field(default_factory=dict)
    articles: Register = field(default_factory=dict)
    units: Register = field(default_factory=dict)
    currencies: Register = field(default_factory=dict)
    cost_centers: Register = field(default_factory=dict)
    payment_terms: Register = field(default_factory=dict)
    ways_of_delivery: frozenset[str] = frozenset()
    terms_of_delivery: frozenset[str] = frozenset()
    accounts: dict[int, Register] = field(default_factory=dict)
    invoices: Register = field(default_factory=dict)
    reserved_customer_numbers: set[str] = field(default_factory=set)
    prices: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    """Prices by price list and article number."""
    next_document_number: int = 1
    next_article_number: int = 1
    next_customer_number: int = 1
    next_row_id: int = 1
    next_voucher_number: int = 1
    files: dict[str, StoredFile] = field(default_factory=dict)
    """The archive, by the id that attaching wants."""
    attachments: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By their id, as the API shows them."""
    next_file: int = 1

    def store_file(self, name: str, content: bytes) -> str:
        """Put a file into the archive; gives its id."""
        file_id = f"archive-{self.next_file:04}"
        self.next_file += 1
        self.files[file_id] = StoredFile(name=name, content=content)
        return file_id

    def attach_file(self, number: int, file_id: str, *, include: bool) -> dict[str, Any]:
        """Attach a stored file to an invoice."""
        id_ = str(uuid.UUID(int=len(self.attachments) + 7919 * self.next_file))
        self.next_file += 1
        self.attachments[id_] = {
            "id": id_,
            "entityId": number,
            "entityType": "F",
            "fileId": file_id,
            "includeOnSend": include,
        }
        return self.attachments[id_]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """A company from its description in JSON (see `seed`). Raises KeyError or ValueError if it is wrong.

        Accounts are given once and stand in every financial year, except those with a `Year` (its id).
        """
        years = tuple(
            FinancialYear(
                id=int(year["Id"]),
                from_date=date.fromisoformat(year["FromDate"]),
                to_date=date.fromisoformat(year["ToDate"]),
            )
            for year in value.get("financial_years", ())
        )
        locked_until = value.get("locked_until")
        plain = {name: value[name] for name in _PLAIN if name in value}
        company = cls(
            **plain,
            licences=frozenset(value.get("licences", ())),
            locked_until=date.fromisoformat(locked_until) if locked_until else None,
            users=tuple(User(**user) for user in value.get("users", ())),
            vat_rates=tuple(value.get("vat_rates", (25, 12, 6, 0))),
            predefined_accounts=dict(value.get("predefined_accounts", {})),
            ways_of_delivery=frozenset(value.get("ways_of_delivery", ())),
            terms_of_delivery=frozenset(value.get("terms_of_delivery", ())),
            financial_years=years,
            units=_register(value, "units", "Code"),
            currencies=_register(value, "currencies", "Code"),
            cost_centers=_register(value, "cost_centers", "Code"),
            payment_terms=_register(value, "payment_terms", "Code"),
            reserved_customer_numbers=set(value.get("reserved_customer_numbers", ())),
            prices={
                name: {article: Decimal(str(price)) for article, price in prices.items()}
                for name, prices in value.get("prices", {}).items()
            },
        )
        for year in years:
            company.accounts[year.id] = {
                str(account["Number"]): Entry(fields=account_fields(account, year.id))
                for account in value.get("accounts", ())
                if account.get("Year", year.id) == year.id
            }
        return company

    def year_of(self, day: date) -> FinancialYear | None:
        """The financial year that covers `day`, if any."""
        return next((year for year in self.financial_years if year.covers(day)), None)

    def newest_year(self) -> FinancialYear | None:
        """The financial year that is used when a call names none."""
        return max(self.financial_years, key=lambda year: year.from_date, default=None)

    def account(self, number: int, *, year: FinancialYear | None) -> Fields | None:
        """An account in a year's chart; without a year, in the newest chart."""
        chart = self.accounts.get((year or self.newest_year() or _NO_YEAR).id, {})
        entry = chart.get(str(number))
        return entry.fields if entry else None

    def predefined_account(self, name: str) -> int:
        """A predefined account, such as SALES (goods) or SALES2 (services)."""
        return self.predefined_accounts.get(name, _PREDEFINED[name])

    def is_licensed(self, scope: str) -> bool:
        """Whether the company has bought what a scope needs."""
        return scope in FREE_SCOPES or scope in self.licences

    def state(self) -> dict[str, Any]:
        """Everything but users' passwords, in JSON form."""
        return {
            "tenant_id": self.tenant_id,
            "name": self.name,
            "organisation_number": self.organisation_number,
            "accounting_method": self.accounting_method,
            "locked_until": self.locked_until.isoformat() if self.locked_until else None,
            "vat_registered": self.vat_registered,
            "integration_licence": self.integration_licence,
            "app_licence": self.app_licence,
            "licences": sorted(self.licences),
            "attachments": [
                {**one, "name": self.files[one["fileId"]].name, "size": len(self.files[one["fileId"]].content)}
                for one in self.attachments.values()
            ],
            "users": [user.username for user in self.users],
            "financial_years": [year.id for year in self.financial_years],
            **{name: {key: copied(entry.fields) for key, entry in getattr(self, name).items()} for name in REGISTERS},
            "accounts": {
                str(year): {number: copied(entry.fields) for number, entry in chart.items()}
                for year, chart in self.accounts.items()
            },
        }


REGISTERS: Final = (
    "customers",
    "articles",
    "units",
    "currencies",
    "cost_centers",
    "payment_terms",
    "invoices",
)

_PLAIN: Final = (
    "tenant_id",
    "name",
    "organisation_number",
    "accounting_method",
    "integration_licence",
    "app_licence",
    "vat_registered",
    "terms_of_payment",
    "next_document_number",
    "next_article_number",
    "next_customer_number",
    "next_row_id",
)

# The BAS chart's usual accounts; the recorded company uses the same for foreign trade in goods and purchases.
# A name that ends with 2 is that of services (Fortnox's OpenAPI file).
_PREDEFINED: Final = {
    "SALES": 3001,
    "SALES2": 3041,
    "SALES_0_SE": 3004,
    "SALESCONSTRUCTION": 3231,
    "SALESEU": 3108,
    "SALESEU2": 3308,
    "SALESEUVAT": 3106,
    "SALESEUVAT2": 3307,
    "SALESEXPORT": 3105,
    "SALESEXPORT2": 3305,
    "PURCHASE": 4000,
}

_NO_YEAR: Final = FinancialYear(id=0, from_date=date.min, to_date=date.min)


def account_fields(account: Fields, year_id: int) -> Fields:
    """An account in Fortnox's form, with everything that is not given at its default."""
    return {
        "Active": True,
        "BalanceBroughtForward": Decimal(0),
        "CostCenter": None,
        "CostCenterSettings": "ALLOWED",
        "Project": "",
        "ProjectSettings": "ALLOWED",
        "SRU": 0,
        "VATCode": "",
        **account,
        "Year": year_id,
    }


def _register(value: dict[str, Any], name: str, key: str) -> Register:
    return {str(fields[key]): Entry(fields=dict(fields)) for fields in value.get(name, ())}
