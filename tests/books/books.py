"""The product in process, between a warehouse with few invoices and a Fortnox company that people work in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from invoicing.application.change_integration import export_again, save_settings
from invoicing.domain.export import EventKind, Export
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import settings_fingerprint
from invoicing.pages.settings_form import form_of, read_settings

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import USERNAME, WAREHOUSE
from local.ongoing.warehouse import Charge, GoodsOwner, Invoice
from tests.support.world import World

NUMBER = seed.PLAIN
"""The invoice that most tests are about: 12 × 85.00 to Kaffe & Kakao AB, customer 1001."""
OWNER = seed.KAFFE
CUSTOMER = "1001"


def charge(**fields: Any) -> Charge:
    """One charge: 12 pallets at 85.00, unless it says otherwise."""
    usual: dict[str, Any] = {
        "id": 1,
        "code": "100",
        "title": "Pallplats",
        "account": "3041",
        "unit_price": Decimal("85.00"),
        "quantity": Decimal(12),
    }
    return Charge(**{**usual, **fields})


def charges_of(*prices: str, **fields: Any) -> tuple[Charge, ...]:
    """Charges of one piece each."""
    return tuple(
        charge(id=index, quantity=Decimal(1), unit_price=Decimal(price), **fields)
        for index, price in enumerate(prices, start=1)
    )


@dataclass
class Books:
    """One integration with one invoice that is due, and what happens to it. Every read is what Fortnox has now."""

    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        warehouse = self.world.ongoing.warehouse(WAREHOUSE)
        plain = self.world.ongoing.invoice(WAREHOUSE, NUMBER)
        only = replace(plain, your_reference=None, charges=(charge(),))
        owners = tuple(replace(owner, reference=None) for owner in warehouse.goods_owners)
        self.world.ongoing.put_warehouse(replace(warehouse, invoices=(only,), goods_owners=owners))
        self.world.connect()

    # ---- before it begins

    def settings(self, **choices: str) -> Books:
        """Saves other settings, by the names of the form."""
        integration = self.integration
        assert integration.settings is not None
        form = {**form_of(integration.settings), **choices}
        seen = settings_fingerprint(integration.settings)
        save_settings(self.world.change_tools(), integration, read_settings(form), seen=seen, by=USERNAME)
        return self

    def card(self, **fields: Any) -> Books:
        """Changes the customer's card in Fortnox."""
        self.world.fortnox.change_entry(TENANT_ID, "customers", CUSTOMER, fields)
        return self

    def account(self, number: int, **fields: Any) -> Books:
        """Changes an account in Fortnox."""
        self.world.fortnox.change_entry(TENANT_ID, "accounts", str(number), fields)
        return self

    def owner(self, **fields: Any) -> Books:
        """Changes the goods owner in Ongoing."""
        warehouse = self.world.ongoing.warehouse(WAREHOUSE)
        owners = tuple(replace(one, **fields) if one.id == OWNER else one for one in warehouse.goods_owners)
        self.world.ongoing.put_warehouse(replace(warehouse, goods_owners=owners))
        return self

    def options(self, **changes: Any) -> Books:
        """Switches what nobody has published about Fortnox."""
        self.world.fortnox.change_options(changes)
        return self

    # ---- in Ongoing

    def wms_invoice(self, *charges: Charge, **fields: Any) -> Books:
        """Changes the invoice in Ongoing; it is to be exported, again if it was."""
        changes: dict[str, Any] = {"is_exported": False, **({"charges": charges} if charges else {}), **fields}
        self.world.ongoing.change_invoice(WAREHOUSE, NUMBER, **changes)
        return self

    def another(self, invoice_id: int, *charges: Charge, **fields: Any) -> Books:
        """One more invoice in Ongoing, to the same goods owner."""
        template = self.world.ongoing.invoice(WAREHOUSE, NUMBER)
        one: Invoice = replace(
            template, id=invoice_id, number=None, is_exported=False, exported_at=None, charges=charges or (charge(),)
        )
        self.world.ongoing.put_invoice(WAREHOUSE, replace(one, **fields))
        return self

    def owner_of(self, owner_id: int) -> GoodsOwner:
        """A goods owner as Ongoing has it."""
        found = self.world.ongoing.warehouse(WAREHOUSE).goods_owner(owner_id)
        assert found is not None
        return found

    @property
    def marked(self) -> bool:
        """Whether Ongoing has the invoice as exported."""
        return self.world.ongoing.invoice(WAREHOUSE, NUMBER).is_exported

    # ---- what happens

    def run(self, *, after: timedelta = timedelta(minutes=15), by: str = "schedule") -> Books:
        """A run, some time after the last one, with empty logs of calls."""
        self.world.clock.advance(after)
        self.world.fortnox.clear_calls()
        self.world.ongoing.clear_calls()
        assert self.world.run(by=by) is not None
        return self

    def sent(self) -> Books:
        """The first run, after which the invoice must be in Fortnox and marked."""
        self.run()
        assert self.marked, self.record.issue
        return self

    def asked(self, *, kind: EventKind = EventKind.EXPORT_AGAIN, invoice_id: int = NUMBER) -> Books:
        """A person presses *Export again* (or *Try again*), and the run that follows."""
        export_again(self.world.change_tools(), self.integration, invoice_id, kind=kind, by="anna")
        return self.run(by="anna")

    # ---- what can be seen

    @property
    def integration(self) -> Integration:
        """The integration as it is stored."""
        found = self.world.integrations.get(WAREHOUSE)
        assert found is not None
        return found

    @property
    def record(self) -> Export:
        """The record of the invoice, which must have one."""
        found = self.world.exports.get(WAREHOUSE, NUMBER)
        assert found is not None
        return found

    def record_of(self, invoice_id: int) -> Export | None:
        """The record of an invoice, if it has one."""
        return self.world.exports.get(WAREHOUSE, invoice_id)

    @property
    def issue(self) -> str:
        """The invoice's issue, with everything that it says; empty if there is none."""
        issue = self.record.issue
        return f"{issue.code} {' '.join(issue.params.values())}" if issue is not None else ""

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """All invoices in Fortnox, by number."""
        return dict(self.world.fortnox.state()["companies"][TENANT_ID]["invoices"])

    @property
    def document(self) -> dict[str, Any]:
        """The one invoice that Fortnox must have."""
        documents = list(self.documents.values())
        assert len(documents) == 1, self.issue
        return documents[0]

    def calls(self, method: str, *paths: str) -> int:
        """How many calls the last run made with this method to /3/… paths that begin so (none: to all)."""
        wanted = tuple(f"/3/{path}" for path in paths or ("",))
        return sum(call.method == method and call.path.startswith(wanted) for call in self.world.fortnox.calls())

    @property
    def writes(self) -> int:
        """How many times the last run wrote to invoices in Fortnox."""
        return self.calls("POST", "invoices") + self.calls("PUT", "invoices")

    def ec_sales_list(self) -> list[dict[str, Any]]:
        """What Fortnox tells Skatteverket of sales to other EU countries."""
        return self.world.fortnox.ec_sales_list(TENANT_ID, date(2026, 1, 1), date(2026, 12, 31))

    # ---- people in Fortnox

    def person(self, act: str, number: str | None = None) -> Books:
        """Somebody does bookkeep, cancel, credit or externalprint (sends it) in Fortnox."""
        self.world.fortnox.person_acts(TENANT_ID, number or self.record.fortnox_number, act)
        return self

    def person_changes(self, **fields: Any) -> Books:
        """Somebody changes the invoice in Fortnox."""
        self.world.fortnox.person_changes_invoice(TENANT_ID, self.record.fortnox_number, fields)
        return self


def names_all(text: str, words: Iterable[str]) -> bool:
    """Whether a text has every word."""
    return all(word in text for word in words)
