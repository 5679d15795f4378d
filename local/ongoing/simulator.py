"""The simulator: HTTP on the outside, systems inside, and what tests may do to them."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.http import Reply, Request
from local.ongoing import control
from local.ongoing.automation import Automation
from local.ongoing.faults import Effect, FaultRule, FaultRules, misbehave
from local.ongoing.options import Options
from local.ongoing.soap import SoapFaultError, fault, read_call
from local.ongoing.warehouse import Charge, Invoice, Warehouse

type Clock = Callable[[], datetime]  # aware

_SERVICE = re.compile(r"/([^/]+)/automation\.asmx", re.IGNORECASE)
_WSDL_READS_ALLOWED = 2  # Ongoing answers 503 to "excessive polling"; how much that is, is not said


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One line of the log: what was asked and how it ended. Never a password, never a body.

    `status` is 0 while a delayed call is still on its way, and for one that was lost.
    """

    at: datetime
    method: str
    path: str
    warehouse: str
    operation: str
    status: int
    fault: str = ""  # the effect of the fault rule that met it
    asked: Mapping[str, object] = field(default_factory=dict)


class OngoingSimulator:
    """Ongoing WMS for tests: `handle` answers one request and may be called from many threads."""

    def __init__(self, *, clock: Clock, warehouses: Iterable[Warehouse] = ()) -> None:
        self._clock = clock
        self._initial = tuple(warehouses)
        self._lock = threading.RLock()
        self.reset()

    # What tests may do. Each has a JSON path in control.py.

    def reset(self) -> None:
        """Everything as at the start."""
        with self._lock:
            self._ahead = timedelta(0)
            self._options = Options()
            self._snapshot: dict[str, tuple[Invoice, ...]] = {}
            self._faults = FaultRules()
            self._calls: list[Call] = []
            self._wsdl_reads = 0
            self._warehouses = {one.name: one for one in self._initial}

    @property
    def now(self) -> datetime:
        """The simulator's time: the clock, and what it was advanced by."""
        return self._clock() + self._ahead

    def advance_clock(self, by: timedelta) -> None:
        """Lets time pass."""
        with self._lock:
            self._ahead += by

    @property
    def calls(self) -> tuple[Call, ...]:
        """The log of calls, without those to the control paths."""
        with self._lock:
            return tuple(self._calls)

    def clear_calls(self) -> None:
        """Empties the log."""
        with self._lock:
            self._calls.clear()

    @property
    def options(self) -> Options:
        """The switches as they stand."""
        return self._options

    def set_options(self, **changes: Any) -> None:
        """Changes switches. `snapshot=True` makes reads show today's invoices until it is switched off."""
        with self._lock:
            if changes.get("snapshot"):
                self._snapshot = {name: one.invoices for name, one in self._warehouses.items()}
            self._options = replace(self._options, **changes)

    @property
    def faults(self) -> tuple[FaultRule, ...]:
        """The fault rules that are left."""
        with self._lock:
            return self._faults.rules

    def add_fault(self, rule: FaultRule) -> None:
        """Puts a fault rule behind the others."""
        with self._lock:
            self._faults.add(rule)

    def clear_faults(self) -> None:
        """Ends all fault rules."""
        with self._lock:
            self._faults.clear()

    def put_warehouse(self, warehouse: Warehouse) -> None:
        """Creates or replaces a system."""
        with self._lock:
            self._warehouses[warehouse.name] = warehouse

    def warehouse(self, name: str) -> Warehouse:
        """A system as it stands. Raises KeyError."""
        with self._lock:
            return self._warehouses[name]

    def warehouses(self) -> tuple[Warehouse, ...]:
        """All systems."""
        with self._lock:
            return tuple(self._warehouses.values())

    def invoice(self, warehouse: str, invoice_id: int) -> Invoice:
        """An invoice as it stands. Raises KeyError."""
        found = self.warehouse(warehouse).invoice(invoice_id)
        if found is None:
            raise KeyError(invoice_id)
        return found

    def put_invoice(self, warehouse: str, invoice: Invoice) -> None:
        """Adds or replaces an invoice. Raises KeyError for an unknown system."""
        with self._lock:
            stands = self._warehouses[warehouse]
            others = tuple(one for one in stands.invoices if one.id != invoice.id)
            self._warehouses[warehouse] = replace(stands, invoices=(*others, invoice))

    def change_invoice(self, warehouse: str, invoice_id: int, **changes: Any) -> None:
        """What a user of the WMS does: corrects rows, exports again (`is_exported=False`).

        Raises KeyError.
        """
        with self._lock:
            invoice = self.invoice(warehouse, invoice_id)
            if changes.get("is_exported") is False:
                changes.setdefault("exported_at", None)
            self.put_invoice(warehouse, replace(invoice, **changes))

    def add_charges(self, warehouse: str, invoice_id: int, *charges: Charge) -> None:
        """Lets an invoice grow. Raises KeyError."""
        with self._lock:
            invoice = self.invoice(warehouse, invoice_id)
            self.put_invoice(warehouse, replace(invoice, charges=(*invoice.charges, *charges)))

    def remove_invoice(self, warehouse: str, invoice_id: int) -> None:
        """Deletes an invoice, as a user of the WMS may. Raises KeyError."""
        with self._lock:
            self.invoice(warehouse, invoice_id)
            stands = self._warehouses[warehouse]
            left = tuple(one for one in stands.invoices if one.id != invoice_id)
            self._warehouses[warehouse] = replace(stands, invoices=left)

    # What the product sees.

    def handle(self, request: Request) -> Reply:
        """Answers one request."""
        with self._lock:
            if request.path.startswith(control.PREFIX):
                return control.handle(self, request)
            return self._serve(request)

    def _serve(self, request: Request) -> Reply:
        service = _SERVICE.fullmatch(request.path)
        name = service[1].lower() if service else ""
        log = Call(at=self.now, method=request.method, path=request.path, warehouse=name, operation="", status=0)
        if name not in self._warehouses:
            return self._logged(log, _page(404, "404 - File or directory not found."))
        if request.method != "POST":
            return self._logged(log, self._describe(request))
        refused = _refused_as_http(request)
        if refused is not None:
            return self._logged(log, refused)
        try:
            call = read_call(request.body, soap_action=request.header("soapaction"))
        except SoapFaultError as error:
            return self._logged(log, fault(error))
        operation = call.tag.rpartition("}")[2]
        asked: dict[str, object] = {}
        log = replace(log, operation=operation, asked=asked)
        rule = self._faults.take(warehouse=name, operation=operation)

        def carry_out() -> Reply:
            with self._lock:
                automation = Automation(
                    warehouse=self._warehouses[name],
                    shown=self._shown(name),
                    options=self._options,
                    now=self.now,
                    save=self.put_warehouse,
                    partial_update=rule is not None and rule.effect is Effect.PARTIAL,
                    asked=asked,
                )
                try:
                    return automation.carry_out(call)
                except SoapFaultError as error:
                    return fault(error)

        if rule is None:
            return self._logged(log, carry_out())
        return self._logged(replace(log, fault=rule.effect), misbehave(rule, operation, carry_out))

    def _shown(self, name: str) -> tuple[Invoice, ...]:
        now = self._warehouses[name].invoices
        return self._snapshot.get(name, now) if self._options.snapshot else now

    def _logged(self, call: Call, reply: Reply) -> Reply:
        self._calls.append(replace(call, status=reply.status))
        return reply

    def _describe(self, request: Request) -> Reply:
        if request.method != "GET":
            return _page(405, "405 - HTTP verb used to access this page is not allowed.")
        if [key.lower() for key, _ in request.query] != ["wsdl"]:
            return _page(200, "Automation")
        self._wsdl_reads += 1
        if self._wsdl_reads > _WSDL_READS_ALLOWED:
            return _page(503, "Service Unavailable")
        return Reply(
            status=200,
            headers=(("Content-Type", "text/xml; charset=utf-8"),),
            body=b'<?xml version="1.0"?><wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" />',
        )


def _refused_as_http(request: Request) -> Reply | None:
    content_type, _, charset = request.header("content-type").lower().partition(";")
    if content_type.strip() != "text/xml" or charset.strip().replace('"', "") not in ("", "charset=utf-8"):
        return _page(415, "415 - Unsupported media type.")
    if not request.header("content-length").isdigit():
        # Seen with clients that send their body in chunks.
        return _page(500, "500 - Internal server error.")
    return None


def _page(status: int, title: str) -> Reply:
    return Reply.html(status, f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>")
