"""The first half hour with a real Fortnox company: what nobody has published, asked of the company itself.

Reads only, unless a test company is named: then invoices, customers and an article are made there, and every
invoice that was made is cancelled again. Sources of the questions: docs/first-contact.md.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote, urlencode

from invoicing.adapters.fortnox.answers import read_refusal
from invoicing.adapters.fortnox.api import FortnoxCompany
from invoicing.adapters.fortnox.beliefs import MEMBERS
from invoicing.adapters.fortnox.drift import Strange, strange_in
from invoicing.adapters.fortnox.shape import Shape
from invoicing.application.http import HttpRequest
from invoicing.domain.finding import Learned
from invoicing.wire import NotJsonError, parse_json

_TIMEOUT_SECONDS = 30.0
_BACK_OFF_SECONDS = (2.0, 5.0, 10.0)
_LOOKED_AT = 20  # customers and invoices that are read one by one
_UNKNOWN_CUSTOMER = "ZZ-NOBODY-7"
_UNKNOWN_INVOICE = "999999999"
_ODD_ARTICLE = "LÅDA 1"
_THINGS: Final[Mapping[str, str]] = {"Invoices": "Invoice", "Customers": "Customer", "Articles": "Article"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer. `value` is empty where it is no JSON object."""

    status: int
    value: Mapping[str, Any]
    code: int = 0  # Fortnox's, of a refusal

    def thing(self, name: str) -> Mapping[str, Any]:
        """The thing in the envelope; empty if there is none."""
        found = self.value.get(name)
        return found if isinstance(found, Mapping) else {}

    def items(self, name: str) -> Sequence[Mapping[str, Any]]:
        """The things in a list."""
        found = self.value.get(name)
        return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []

    @property
    def said(self) -> str:
        """Status and code, for people."""
        return f"{self.status} {self.code or ''}".strip()


@dataclass(slots=True)
class FirstContact:
    """Asks one company. Afterwards `shape` and `strange` tell what its answers looked like."""

    company: FortnoxCompany
    tenant_id: str
    sleep: Callable[[float], None]
    shape: Shape = field(default_factory=Shape)
    strange: set[Strange] = field(default_factory=set)
    _token: str = ""
    _made: list[str] = field(default_factory=list)

    def learn(self, *, write: bool, today: str) -> Sequence[Learned]:
        """Every answer, those of writes last. Raises what an access token raises, and UnknownOutcomeError."""
        return [*self.read(), *(self.write(today) if write else ()), self._drift()]

    def _drift(self) -> Learned:
        found = sorted(self.strange)
        return Learned(
            question="Is anything there that was never seen, or missing?",
            seen=", ".join(f"{one.what} {one.thing}.{one.name}" for one in found) or "no",
            means="send the shape report to whoever maintains this service" if found else "this Fortnox is understood",
        )

    # ---- questions that only read

    def read(self) -> Iterator[Learned]:
        """Every question that changes nothing."""
        yield from self._company()
        yield from self._settings()
        yield from self._customers()
        yield from self._accounts()
        yield from self._invoices()
        yield from self._unknown()

    def _company(self) -> Iterator[Learned]:
        heard = self._get("/3/companyinformation")
        tenant = str(heard.thing("CompanyInformation").get("DatabaseNumber", ""))
        same = tenant == self.tenant_id
        yield Learned(
            question="Which company answers?",
            seen="the one that approved" if same else f"another one ({heard.said})",
            means="as it must be" if same else "STOP: the keys lead elsewhere; connect anew",
        )

    def _settings(self) -> Iterator[Learned]:
        settings = self._get("/3/settings/company")
        taxed = settings.thing("CompanySettings").get("TaxEnabled")
        yield Learned(
            question="Is it registered for VAT?",
            seen=_said(taxed) if settings.status == 200 else settings.said,
            means="0 kr VAT is right everywhere" if _false(taxed) else "VAT is looked at on every invoice",
            certain=settings.status == 200 and taxed is not None,
        )
        locked = self._get("/3/settings/lockedperiod")
        yield Learned(
            question="Is a period locked?",
            seen="yes"
            if locked.thing("LockedPeriod").get("EndDate")
            else "no"
            if locked.status == 200
            else locked.said,
            means="invoices dated in it are held",
            certain=locked.status == 200,
        )

    def _customers(self) -> Iterator[Learned]:
        cards = [
            self._get(f"/3/customers/{quote(str(item.get('CustomerNumber')), safe='')}").thing("Customer")
            for item in self._get("/3/customers", limit="500").items("Customers")[:_LOOKED_AT]
        ]
        few = f"of {len(cards)} looked at"
        types = Counter(str(card.get("VATType")) for card in cards)
        unknown = types.keys() - MEMBERS["Customer", "VATType"]
        yield Learned(
            question="Which VAT types do customers have?",
            seen=f"{_counted(types)} ({few})" if cards else "there are no customers",
            means="NEW: a VAT type that we do not know" if unknown else "sales abroad take the articles' accounts",
            certain=bool(cards),
        )
        yield _share(cards, few, "Do customers have fees?", _has_fee, "setting: Fortnox's fees")
        yield _share(
            cards,
            few,
            "Do customers have discounts?",
            lambda card: _amount(card.get("InvoiceDiscount")) != 0,
            "rows are sent with Discount 0; --write finds out whether that is honoured",
        )
        yield _share(
            cards,
            few,
            "Delivery addresses without a country?",
            _lacks_country,
            "e-invoices to them are refused since 30 June 2026: fill in the country on the card",
        )
        yield _share(
            cards,
            few,
            "EU reverse charge without a VAT number?",
            lambda card: card.get("VATType") == "EUREVERSEDVAT" and not card.get("VATNumber"),
            "fill in the number on the card: it belongs on the invoice",
        )

    def _accounts(self) -> Iterator[Learned]:
        heard = self._get("/3/accounts", limit="500")
        codes = Counter(
            str(account.get("VATCode") or "none")
            for account in heard.items("Accounts")
            if str(account.get("Number", "")).startswith("3")
        )
        yield Learned(
            question="Which VAT codes do sales accounts have?",
            seen=_counted(codes) or heard.said,
            means="rows on an account with no code bear no VAT",
            certain=bool(codes),
        )

    def _invoices(self) -> Iterator[Learned]:
        listed = self._get("/3/invoices", limit="500", sortby="documentnumber", sortorder="descending")
        items = listed.items("Invoices")
        total = listed.thing("MetaInformation").get("@TotalResources")
        yield Learned(
            question="Do lists say how many pages there are?",
            seen="yes" if total is not None else f"no ({listed.said})",
            means="as believed" if total is not None else "NEW: lists cannot be known to be whole",
        )
        whole = [
            self._get(f"/3/invoices/{quote(str(item.get('DocumentNumber')), safe='')}").thing("Invoice")
            for item in items[:_LOOKED_AT]
        ]
        with_fee = [one for one in whole if _amount(one.get("Freight")) or _amount(one.get("AdministrationFee"))]
        inside = [one for one in with_fee if _amount(one.get("Net")) != _rows_sum(one)]
        yield Learned(
            question="Does Net hold the rows only?",
            seen=f"{len(with_fee) - len(inside)} yes, {len(inside)} no",
            means="NEW: every invoice with a fee will be held" if inside else "fees are no difference",
            certain=bool(with_fee),
        )
        methods = Counter(str(one.get("AccountingMethod")) for one in whole)
        yield Learned(
            question="Which accounting method?",
            seen=_counted(methods) or "there are no invoices",
            means="with CASH, sending an invoice locks it; otherwise booking does",
            certain=bool(methods),
        )
        forms = Counter(type(one.get(name)).__name__ for one in whole for name in ("Booked", "Cancelled", "Sent"))
        yield Learned(
            question="How are flags written?",
            seen=_counted(forms) or "there are no invoices",
            means="texts and booleans are both understood",
            certain=bool(forms),
        )
        yield self._search([str(item.get("ExternalInvoiceReference1") or "") for item in items])

    def _search(self, references: Sequence[str]) -> Learned:
        reference = next((one for one in references if len(one) >= 9), "")
        question = "What does a search by reference match?"
        if not reference:
            return Learned(question=question, seen="no invoice has one", means="--write finds out", certain=False)
        third = len(reference) // 3
        tried = {
            "the whole": reference,
            "the start": reference[: 2 * third],
            "the middle": reference[third : 2 * third],
            "the end": reference[third:],
            "another case": reference.swapcase(),
        }
        found = [name for name, text in tried.items() if self._finds(text, reference)]
        good = "the whole" in found
        return Learned(
            question=question,
            seen=", ".join(found) or "nothing",
            means="we compare exactly ourselves" if good else "STOP: a lost answer would lead to a second invoice",
        )

    def _finds(self, text: str, reference: str) -> bool:
        heard = self._get("/3/invoices", externalinvoicereference1=text, limit="500")
        return any(item.get("ExternalInvoiceReference1") == reference for item in heard.items("Invoices"))

    def _unknown(self) -> Iterator[Learned]:
        for what, path in (
            ("an unknown customer", f"/3/customers/{_UNKNOWN_CUSTOMER}"),
            ("an unknown invoice", f"/3/invoices/{_UNKNOWN_INVOICE}"),
            ("an odd article number", f"/3/articles/{quote(_ODD_ARTICLE, safe='')}"),
        ):
            heard = self._get(path)
            yield Learned(
                question=f"What does {what} answer?",
                seen=heard.said,
                means="counts as missing" if heard.status == 404 else "counts as refused",
                certain=400 <= heard.status < 500,
            )

    # ---- questions that write, in a test company

    def write(self, today: str) -> Iterator[Learned]:
        """What only a write can tell. Every invoice that was made is cancelled at the end, come what may."""
        try:
            yield from self._fees(today)
            yield self._discount(today)
            yield from self._clearing(today)
            yield self._rate(today)
            yield from self._abroad(today)
            yield from self._own_reference(today)
            yield self._taken_number(today)
        finally:
            left = [number for number in self._made if self._put(f"/3/invoices/{number}/cancel").status != 200]
        yield Learned(
            question="Is everything that was made cancelled?",
            seen=f"{len(self._made) - len(left)} of {len(self._made)}" + (f"; left: {', '.join(left)}" if left else ""),
            means="cancel the rest by hand" if left else "nothing is left to do",
        )

    def _fees(self, today: str) -> Iterator[Learned]:
        customer = self._customer(InvoiceAdministrationFee="45", InvoiceFreight="100")
        kept = self._invoice(today, customer)
        none = self._invoice(today, customer, AdministrationFee=0, Freight=0)
        yield Learned(
            question="Is Net without the customer's fees?",
            seen=f"Net {kept.get('Net')} for rows of 200",
            means="as believed" if _amount(kept.get("Net")) == 200 else "NEW: every invoice with a fee will be held",
            certain=bool(kept),
        )
        gone = _amount(none.get("AdministrationFee")) == _amount(none.get("Freight")) == 0
        yield Learned(
            question="Are fees of 0 honoured?",
            seen="yes" if gone else "no",
            means="the setting *none* works" if gone else "NEW: take the fees off the customers' cards",
            certain=bool(none),
        )

    def _discount(self, today: str) -> Learned:
        made = self._invoice(today, self._customer(InvoiceDiscount=10))
        honoured = _amount(made.get("Net")) == 200
        return Learned(
            question="Is Discount: 0 honoured?",
            seen=f"Net {made.get('Net')} for rows of 200, a customer with 10 %",
            means="as believed" if honoured else "NEW: take the discount off the customers' cards",
            certain=bool(made),
        )

    def _clearing(self, today: str) -> Iterator[Learned]:
        for name, blank in (("API_BLANK", "API_BLANK"), ("null", None)):
            made = self._invoice(today, self._customer(), Remarks="till senare", YourReference="Anna")
            number = str(made.get("DocumentNumber", ""))
            self._put(f"/3/invoices/{number}", {"Remarks": blank, "YourReference": blank})
            after = self._get(f"/3/invoices/{number}").thing("Invoice")
            cleared = not after.get("Remarks") and not after.get("YourReference")
            yield Learned(
                question=f"Does {name} clear a field?",
                seen="yes" if cleared else "no",
                means="used" if cleared else "not relied on; what cannot be cleared is told",
                certain=bool(made and after),
            )
        made = self._invoice(today, self._customer())
        number = str(made.get("DocumentNumber", ""))
        empty = self._put(f"/3/invoices/{number}", {"InvoiceRows": []})
        filled = self._put(f"/3/invoices/{number}", {"InvoiceRows": [_row(price=50)]})
        rows = _rows(filled.thing("Invoice"))
        yield Learned(
            question="Can rows be cleared and set anew?",
            seen=f"{empty.said}, then {filled.said}",
            means="updates work" if len(rows) == 1 else "NEW: updates do not work like this",
            certain=bool(made),
        )

    def _rate(self, today: str) -> Learned:
        customer = self._customer(Currency="EUR")
        plain = self._invoice(today, customer, Currency="EUR").get("CurrencyRate")
        asked = self._invoice(today, customer, Currency="EUR", CurrencyUnit="API_BLANK").get("CurrencyRate")
        return Learned(
            question="Which rate does an invoice in euro get?",
            seen=f"without CurrencyUnit {plain}, with it cleared {asked}",
            means="as believed" if _amount(asked) > 1 else "NEW: foreign invoices get the wrong rate",
            certain=asked is not None,
        )

    def _abroad(self, today: str) -> Iterator[Learned]:
        customer = self._customer(VATType="EUREVERSEDVAT", VATNumber="DK12345674", CountryCode="DK")
        article = self._article()
        for named in (False, True):
            row = {**_row(), "ArticleNumber": article}
            if not named:
                del row["AccountNumber"]
            made = self._invoice(today, customer, rows=[row])
            first: Mapping[str, Any] = next(iter(_rows(made)), {})
            yield Learned(
                question=f"An EU customer, {'account 3001 named' if named else 'no account named'}: which account?",
                seen=f"account {first.get('AccountNumber')}, VAT {made.get('TotalVAT')}",
                means="an account that is named wins" if named else "Fortnox takes the article's",
                certain=bool(made),
            )

    def _own_reference(self, today: str) -> Iterator[Learned]:
        reference = f"CHECK-{today}-{len(self._made)}-"
        made = self._invoice(today, self._customer(), ExternalInvoiceReference1=reference)
        waited = 0.0
        while not self._finds(reference, reference) and waited < 10:
            self.sleep(1.0)
            waited += 1.0
        yield Learned(
            question="How soon is a new invoice found?",
            seen=f"after {waited:g} s" if waited < 10 else "not within 10 s",
            means="as believed" if waited < 10 else "NEW: a lost answer must rest longer before it is looked for",
            certain=bool(made),
        )
        yield self._search([reference])

    def _taken_number(self, today: str) -> Learned:
        taken = self._made[0] if self._made else ""
        customer = self._customer()
        body = {"CustomerNumber": customer, "InvoiceDate": today, "DocumentNumber": taken, "InvoiceRows": [_row()]}
        heard = self._post("/3/invoices", {"Invoice": body})
        if heard.status == 201:
            self._made.append(str(heard.thing("Invoice").get("DocumentNumber", "")))
        return Learned(
            question="What does a number that is taken answer?",
            seen=heard.said,
            means="the invoice is held" if heard.status != 201 else "NEW: the number was not kept",
            certain=bool(taken),
        )

    # ---- what they are made of

    def _customer(self, **fields: Any) -> str:
        heard = self._post("/3/customers", {"Customer": {"Name": "Kontroll av fakturering", **fields}})
        return str(heard.thing("Customer").get("CustomerNumber", ""))

    def _article(self) -> str:
        body = {"Description": "Kontroll av fakturering", "Type": "SERVICE"}
        return str(self._post("/3/articles", {"Article": body}).thing("Article").get("ArticleNumber", ""))

    def _invoice(
        self, today: str, customer: str, *, rows: Sequence[Mapping[str, Any]] = (), **fields: Any
    ) -> Mapping[str, Any]:
        body = {"CustomerNumber": customer, "InvoiceDate": today, "VATIncluded": False, **fields}
        heard = self._post("/3/invoices", {"Invoice": {**body, "InvoiceRows": list(rows) or [_row()]}})
        made = heard.thing("Invoice")
        if heard.status == 201 and made.get("DocumentNumber"):
            self._made.append(str(made["DocumentNumber"]))
        return made

    def _get(self, path: str, **query: str) -> Heard:
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path)

    def _post(self, path: str, body: Mapping[str, Any]) -> Heard:
        return self._ask("POST", path, body)

    def _put(self, path: str, fields: Mapping[str, Any] | None = None) -> Heard:
        return self._ask("PUT", path, None if fields is None else {"Invoice": fields})

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Heard:
        self._token = self._token or self.company.access("")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = HttpRequest(
            method=method,
            url=f"{self.company.base_url}{path}",
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            timeout=_TIMEOUT_SECONDS,
        )
        for pause in (*_BACK_OFF_SECONDS, None):
            with self.company.pace.turn():
                answer = self.company.transport.send(request)
            if answer.status != 429 or pause is None:
                break
            self.company.pace.back_off(pause)  # not carried out: somebody else's calls fill the window
        try:
            value = parse_json(answer.body)
        except NotJsonError:
            value = None
        code = read_refusal(answer).code if answer.status >= 400 else 0
        heard = Heard(status=answer.status, value=value if isinstance(value, dict) else {}, code=code)
        self._look(heard)
        return heard

    def _look(self, heard: Heard) -> None:
        for name, content in heard.value.items():
            self.shape.add(name, content)
            if isinstance(content, Mapping):
                self.strange |= strange_in(name, content)
            for item in heard.items(name):
                self.strange |= strange_in(_THINGS.get(name, name), item, whole=False)


def _row(*, price: int = 100) -> dict[str, Any]:
    return {
        "Description": "Kontroll",
        "DeliveredQuantity": "2",
        "Price": price,
        "Discount": 0,
        "AccountNumber": 3001,
    }


def _share(
    cards: Sequence[Mapping[str, Any]], few: str, question: str, has: Callable[[Mapping[str, Any]], bool], means: str
) -> Learned:
    number = sum(map(has, cards))
    return Learned(
        question=question,
        seen=f"{number} {few}",
        means=means if number else "nothing to do",
        certain=bool(cards),
    )


def _has_fee(card: Mapping[str, Any]) -> bool:
    return any(_amount(card.get(name)) != 0 for name in ("InvoiceAdministrationFee", "InvoiceFreight"))


def _lacks_country(card: Mapping[str, Any]) -> bool:
    address = ("DeliveryAddress1", "DeliveryAddress2", "DeliveryCity", "DeliveryZipCode")
    country = card.get("DeliveryCountry") or card.get("DeliveryCountryCode")
    return any(card.get(name) for name in address) and not country


def _rows_sum(invoice: Mapping[str, Any]) -> Decimal:
    return sum((_amount(row.get("TotalExcludingVAT")) for row in _rows(invoice)), Decimal(0))


def _rows(invoice: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows = invoice.get("InvoiceRows")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _amount(value: object) -> Decimal:
    """A number or a numeric text; 0 for everything else."""
    try:
        return Decimal(str(value)) if value not in (None, "") else Decimal(0)
    except InvalidOperation:
        return Decimal(0)


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{name}: {number}" for name, number in sorted(found.items()))


def _false(value: object) -> bool:
    return value is False or str(value).lower() == "false"


def _said(value: object) -> str:
    return "no" if _false(value) else "yes" if str(value).lower() == "true" else "not told"
