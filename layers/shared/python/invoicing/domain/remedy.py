"""What can be done in Fortnox for a person who says so, instead of being told how: one table from issue to remedy.

docs/decisions/0024.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from invoicing.domain.issue import Issue, IssueCode


class Thing(StrEnum):
    """An entry of a register in Fortnox."""

    CUSTOMER = "customer"
    ARTICLE = "article"
    ACCOUNT = "account"
    COST_CENTRE = "cost_centre"
    CURRENCY = "currency"


class Act(StrEnum):
    """What is done to it."""

    CREATE = "create"
    SWITCH_ON = "switch_on"  # it is there, and nobody may use it


class ByHand(StrEnum):
    """Why an issue whose cause lies in Fortnox has no remedy."""

    DECIDED = "decided"  # by a way out of its own (domain/decision.py), or a button of its own
    BY_RUNS = "by_runs"  # runs create and repeat by themselves; a button would do the same
    JUDGED = "judged"  # what is right there, only a person who keeps the books can say
    NO_CALL = "no_call"  # Fortnox's interface has none for it: licences, permissions, what is put on a card by hand


class MendProblem(StrEnum):
    """Why nothing was mended; the page says it in a sentence."""

    NOT_ANSWERING = "not_answering"  # nothing was changed
    UNCLEAR = "unclear"  # Fortnox was asked and did not answer
    REFUSED = "refused"  # Fortnox's words say why
    OTHERWISE = "otherwise"  # Fortnox has something else by now than the person saw
    INCOMPLETE = "incomplete"  # fields of the form


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One act on one entry; `key` is its number or code."""

    thing: Thing
    act: Act
    key: str

    @property
    def permission(self) -> str:
        """What it needs, in Fortnox's words."""
        return PERMISSIONS[self.thing]

    def __str__(self) -> str:
        return f"{self.act} {self.thing} {self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a register has under a key."""

    active: bool
    name: str = ""


# Permissions in Fortnox's words. Those that every connection has are asked for at the first one.
EVERYBODY_HAS: frozenset[str] = frozenset({"customer", "article"})
PERMISSIONS: Mapping[Thing, str] = {
    Thing.CUSTOMER: "customer",
    Thing.ARTICLE: "article",
    Thing.ACCOUNT: "bookkeeping",
    Thing.COST_CENTRE: "costcenter",
    Thing.CURRENCY: "currency",
}
# A missing account is made by whoever keeps the books: its name and VAT code are theirs. Missing articles are made by
# runs, with what the price list says.
CREATED = frozenset({Thing.CUSTOMER, Thing.COST_CENTRE, Thing.CURRENCY})

# Of every issue that somebody can fix in Fortnox: what is likely to be done, or why nothing is.
REMEDIES: Mapping[IssueCode, tuple[Thing, Act] | ByHand] = {
    IssueCode.CUSTOMER_UNKNOWN: (Thing.CUSTOMER, Act.CREATE),
    IssueCode.CUSTOMER_INACTIVE: (Thing.CUSTOMER, Act.SWITCH_ON),
    IssueCode.ARTICLE_INACTIVE: (Thing.ARTICLE, Act.SWITCH_ON),
    IssueCode.ACCOUNT_UNKNOWN: (Thing.ACCOUNT, Act.SWITCH_ON),
    IssueCode.COST_CENTRE_UNKNOWN: (Thing.COST_CENTRE, Act.CREATE),
    IssueCode.CURRENCY_UNKNOWN: (Thing.CURRENCY, Act.CREATE),
    IssueCode.ARTICLE_UNKNOWN: ByHand.BY_RUNS,
    IssueCode.CURRENCY_DIFFERS: ByHand.JUDGED,
    IssueCode.ACCOUNT_ABROAD: ByHand.JUDGED,
    IssueCode.ARTICLE_HOUSEWORK: ByHand.NO_CALL,  # the kind of work cannot be emptied by a call
    IssueCode.VAT_NUMBER_REFUSED: ByHand.JUDGED,
    IssueCode.PERIOD_LOCKED: ByHand.JUDGED,
    IssueCode.FINANCIAL_YEAR_MISSING: ByHand.JUDGED,
    IssueCode.COST_CENTRE_REQUIRED: ByHand.JUDGED,
    IssueCode.TEXT_NOT_CLEARED: ByHand.NO_CALL,  # it was tried
    IssueCode.FORTNOX_REFUSED: ByHand.JUDGED,
    IssueCode.PERMISSION_REFUSED: ByHand.NO_CALL,
    IssueCode.SPECIFICATION_NOT_PERMITTED: ByHand.NO_CALL,
    IssueCode.SPECIFICATION_REFUSED: ByHand.JUDGED,
    IssueCode.CONNECTION_BROKEN: ByHand.NO_CALL,
    IssueCode.LICENCE_MISSING: ByHand.NO_CALL,
    IssueCode.SCOPE_MISSING: ByHand.NO_CALL,
    IssueCode.SEND_NO_ADDRESS: ByHand.JUDGED,
    IssueCode.SEND_NO_COUNTRY: ByHand.JUDGED,
    IssueCode.SEND_NOT_LICENSED: ByHand.NO_CALL,
    IssueCode.SEND_REFUSED: ByHand.JUDGED,
    IssueCode.BOOK_REFUSED: ByHand.JUDGED,
    **dict.fromkeys(
        (
            *(IssueCode.CUSTOMER_NOT_AGREED, IssueCode.NUMBER_TAKEN, IssueCode.TOTAL_DIFFERS, IssueCode.VAT_MISSING),
            *(IssueCode.VAT_UNEXPECTED, IssueCode.FOUND_TWICE, IssueCode.OUTCOME_UNCLEAR, IssueCode.INVOICE_LOCKED),
            *(IssueCode.INVOICE_BOOKED, IssueCode.INVOICE_SENT, IssueCode.INVOICE_CHANGED),
            *(IssueCode.INVOICE_CANCELLED, IssueCode.INVOICE_CREDITED, IssueCode.INVOICE_PARTLY_CREDITED),
            *(IssueCode.INVOICE_GONE, IssueCode.INVOICE_NOT_OURS, IssueCode.INVOICE_FROM_ORDER),
            *(IssueCode.DELETED_IN_WMS, IssueCode.SEND_NOT_AGREED, IssueCode.SEND_CHANGED, IssueCode.SEND_UNCLEAR),
        ),
        ByHand.DECIDED,
    ),
}
_KEYS: Mapping[Thing, str] = {
    Thing.CUSTOMER: "customer_number",
    Thing.ARTICLE: "article_number",
    Thing.ACCOUNT: "account",
    Thing.COST_CENTRE: "cost_centre",
    Thing.CURRENCY: "currency",
}
_SEVERAL = " / "  # where Fortnox did not say which of them it means


def remedy_of(issue: Issue, permissions: Collection[str]) -> Remedy | None:
    """What can be done in Fortnox; None where it is not known to what, not permitted, or a matter of a person."""
    remedy = likely_remedy(issue)
    if remedy is None or remedy.permission not in EVERYBODY_HAS.union(permissions):
        return None
    return remedy


def remedy_to_permit(issue: Issue, permissions: Collection[str]) -> Remedy | None:
    """What could be done if Fortnox were asked for one more permission."""
    return likely_remedy(issue) if remedy_of(issue, permissions) is None else None


def likely_remedy(issue: Issue) -> Remedy | None:
    """What would be done, permitted or not."""
    found = REMEDIES.get(issue.code)
    if not isinstance(found, tuple):
        return None
    thing, act = found
    key = issue.params.get(_KEYS[thing], "")
    if not key or _SEVERAL in key:
        return None
    return Remedy(thing=thing, act=act, key=key)


# ---- a new customer

VAT_TYPES = ("SEVAT", "EUREVERSEDVAT", "EXPORT", "SEREVERSEDVAT", "EUVAT")  # as Fortnox calls them, the commonest first
ABROAD = frozenset({"EUREVERSEDVAT", "EXPORT", "EUVAT"})
_EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
_VAT_NUMBER = r"[A-Z]{2}[A-Z0-9+*]{2,13}"
_VAT_PREFIX = {"GR": "EL"}
_COUNTRY = r"[A-Z]{2}"
_CURRENCY = r"[A-Z]{3}"
# Characters; a person's text is never cut. Fortnox takes longer names and addresses than anybody has.
LIMITS: Mapping[str, int] = {
    "name": 200,
    "organisation_number": 30,
    "address1": 200,
    "address2": 200,
    "zip_code": 10,
    "city": 100,
    "email": 200,
}
_MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"


class DraftProblem(StrEnum):
    """Why a field of a new customer is not sent to Fortnox; the page says it in a sentence."""

    MISSING = "missing"
    NOT_A_CHOICE = "not_a_choice"
    NOT_A_CURRENCY = "not_a_currency"
    NOT_A_COUNTRY = "not_a_country"
    COUNTRY_DIFFERS = "country_differs"  # from what the VAT type says
    NOT_A_VAT_NUMBER = "not_a_vat_number"
    NOT_AN_ADDRESS = "not_an_address"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer to create; what is empty is Fortnox's own default."""

    number: str
    name: str
    currency: str
    vat_type: str = ""
    organisation_number: str = ""
    vat_number: str = ""
    country_code: str = ""
    address1: str = ""
    address2: str = ""
    zip_code: str = ""
    city: str = ""
    email: str = ""  # for invoices

    @property
    def problems(self) -> Mapping[str, DraftProblem]:
        """By field; empty if it can be sent."""
        found = {
            "name": None if self.name else DraftProblem.MISSING,
            "currency": None if re.fullmatch(_CURRENCY, self.currency) else DraftProblem.NOT_A_CURRENCY,
            "email": None if not self.email or re.fullmatch(_MAIL, self.email) else DraftProblem.NOT_AN_ADDRESS,
            "vat_type": None if self.vat_type in VAT_TYPES else DraftProblem.NOT_A_CHOICE,
            "country_code": self._problem_of_country(),
            "vat_number": self._problem_of_vat_number(),
            **{name: DraftProblem.TOO_LONG for name, most in LIMITS.items() if len(getattr(self, name)) > most},
        }
        return {name: problem for name, problem in found.items() if problem is not None}

    def _problem_of_country(self) -> DraftProblem | None:
        code, is_abroad = self.country_code, self.vat_type in ABROAD
        if not code:
            return DraftProblem.MISSING if is_abroad else None
        if not re.fullmatch(_COUNTRY, code):
            return DraftProblem.NOT_A_COUNTRY
        is_in_eu = code in _EU
        fits = {
            "SEVAT": code == "SE",
            "SEREVERSEDVAT": code == "SE",
            "EUREVERSEDVAT": is_in_eu and code != "SE",
            "EUVAT": is_in_eu and code != "SE",
            "EXPORT": not is_in_eu,
        }
        return None if fits.get(self.vat_type, True) else DraftProblem.COUNTRY_DIFFERS

    def _problem_of_vat_number(self) -> DraftProblem | None:
        number = self.vat_number
        if self.vat_type == "EUREVERSEDVAT" and not number:
            return DraftProblem.MISSING
        begins = _VAT_PREFIX.get(self.country_code, self.country_code) if self.vat_type == "EUREVERSEDVAT" else ""
        is_one = not number or (re.fullmatch(_VAT_NUMBER, number) and number.startswith(begins))
        return None if is_one else DraftProblem.NOT_A_VAT_NUMBER
