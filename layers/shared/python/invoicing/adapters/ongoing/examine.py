"""The first half hour with a real system: asks what nobody has published, and says what the answers mean for us."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing.answers import read_result
from invoicing.adapters.ongoing.beliefs import ChargeAnswer, GoodsOwnerAnswer, InvoiceAnswer, InvoicesAnswer
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.adapters.ongoing.documents import NotADocumentError, StrangeDocumentError, is_nil, parse
from invoicing.adapters.ongoing.envelopes import InvoicesQuery, get_invoices, get_price_list, update_invoice
from invoicing.adapters.ongoing.filters import hidden_behind, trial, useless_in
from invoicing.adapters.ongoing.invoices import ListedInvoice, Listing, read_listing
from invoicing.adapters.ongoing.price_lists import read_price_list
from invoicing.adapters.ongoing.shape_report import kind_of, kind_of_text, shape_of
from invoicing.adapters.ongoing.things import Thing, certainties, field_of, is_item, members, unknown_names
from invoicing.domain.errors import InvoicingError, UpstreamContractError, WmsLoginRefusedError
from invoicing.domain.examination import Examination
from invoicing.domain.finding import Learned
from invoicing.domain.money import round_to_ore
from invoicing.domain.wms_invoice import WmsInvoice, WmsLogin
from invoicing.domain.wms_knowledge import WmsFilter

_SAMPLE = 50
_READ_SECONDS = 100.0
_NO_INVOICE = 0
# What an unknown name must hold to be a candidate for a field.
_KINDS_OF: Mapping[str, frozenset[str]] = {
    "id": frozenset({"whole number"}),
    "invoice_date": frozenset({"moment", "local date"}),
    "period_end": frozenset({"moment", "local date"}),
    "amount": frozenset({"number", "whole number", "number with a comma"}),
    "price": frozenset({"number", "whole number", "number with a comma"}),
    "quantity": frozenset({"number", "whole number", "number with a comma"}),
    "is_exported": frozenset({"true or false"}),
    "goods_owner": frozenset({"elements"}),
    "charges": frozenset({"elements"}),
    "title": frozenset({"text"}),
}


@dataclass(slots=True)
class OngoingExaminer:
    """Examines one system through a client. Reads only, unless an invoice is named to be written.

    `may_be_empty`: a person says that the system has no invoices.
    """

    client: OngoingClient
    may_be_empty: bool = False
    learned: list[Learned] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)
    shape: dict[str, Any] = field(default_factory=dict)

    def examine(self, login: WmsLogin, *, write: int | None = None) -> Examination:
        """Asks everything. Raises WmsLoginRefusedError, RetryLaterError when even the first question gets no answer."""
        result = self._ask(login, InvoicesQuery(with_charges=True, at_most=_SAMPLE), "with charges")
        if result is not None:
            items = self._list(result)
            self._fields(items)
            listing = self._understood(login, result)
            if listing is not None:
                invoices = [one.invoice for one in listing.invoices if isinstance(one.invoice, WmsInvoice)]
                self._order(listing)
                self._prices(invoices)
                self._filters(login, listing)
                self._price_list(login, invoices)
                if write is not None:
                    self._writing(login, write)
        self._empty(login)
        self._wrong_password(login)
        return Examination(learned=tuple(self.learned), mends=tuple(self.mends), shape=self.shape)

    def _find(self, question: str, seen: str, meaning: str, *, certain: bool = True, wrong: bool = False) -> None:
        means = f"STOP: {meaning}" if wrong else meaning
        self.learned.append(Learned(question=question, seen=seen, means=means, certain=certain))

    # ---- asking

    def _ask(self, login: WmsLogin, query: InvoicesQuery, name: str) -> Element | None:
        envelope = get_invoices(login, query)
        answer = self.client.send(login, envelope, timeout=_READ_SECONDS)
        try:
            document = parse(answer.body)
        except (NotADocumentError, StrangeDocumentError) as error:
            self._find(
                f"answer {name}", f"HTTP {answer.status}, {error}", "no SOAP comes from this address", wrong=True
            )
            return None
        self.shape[name] = shape_of(document)
        try:
            return read_result(answer, envelope.operation, login, is_write=False)
        except UpstreamContractError as error:
            self._find(f"answer {name}", str(error), "the envelope of the answer is another one", wrong=True)
            return None

    def _listing(self, login: WmsLogin, query: InvoicesQuery) -> Listing:
        envelope = get_invoices(login, query)
        answer = self.client.send(login, envelope, timeout=_READ_SECONDS)
        result = read_result(answer, envelope.operation, login, is_write=False)
        return read_listing(result, envelope.operation, with_charges=query.with_charges)

    def _price_list(self, login: WmsLogin, invoices: Sequence[WmsInvoice]) -> None:
        """Of the first goods owner. No invoice depends on it, so that nothing about it stops anything."""
        if not invoices:
            return
        envelope = get_price_list(login, invoices[0].goods_owner.id)
        try:
            answer = self.client.send(login, envelope, timeout=_READ_SECONDS)
            self.shape["price list"] = shape_of(parse(answer.body))
            result = read_result(answer, envelope.operation, login, is_write=False)
            found, unknown = read_price_list(result, envelope.operation)
        except (InvoicingError, NotADocumentError, StrangeDocumentError) as error:
            self._find("price lists", type(error).__name__, "“Before the 1st” goes without them", certain=False)
            return
        known = {
            name: sum(getattr(one, name) is not None for one in found.articles)
            for name in ("number", "account", "price")
        }
        counts = ", ".join(f"{name} of {count}" for name, count in known.items())
        self._find("price lists", f"{len(found.articles)} entries: {counts}", "“Before the 1st” looks at them")
        names = ", ".join(sorted(str(name) for name in unknown)) or "none"
        self._find("names in a price list that we do not know", names, "they are not read", certain=not unknown)

    # ---- names

    def _list(self, result: Element) -> list[Element]:
        """The items of the list, under whatever name it stands."""
        known = [(name, value) for name, value in _elements(InvoicesAnswer, result) if field_of(InvoicesAnswer, name)]
        if known:
            names = ", ".join(sorted({name for name, _ in known}))
            items = [item for name, value in known for item in ([value] if is_item(InvoicesAnswer, name) else value)]
            items = [item for item in items if not is_nil(item)]
            self._find("name of the list of invoices", names, "known")
            self._find("name of an invoice", _names(items), "the name of an item does not matter")
            return items
        unknown = [(name, value) for name, value in _elements(InvoicesAnswer, result) if len(value)]
        if not unknown:
            self._find(
                "name of the list of invoices",
                "no list came",
                "the system has no invoices, or its list is not shown to this user",
                certain=self.may_be_empty,
                wrong=not self.may_be_empty,
            )
            return []
        name, value = max(unknown, key=lambda one: len(one[1]))
        self._find("name of the list of invoices", f"{name} with {len(value)} items", "unknown", wrong=True)
        self._mend(InvoicesAnswer, "invoices", name, f"holds {len(value)} × {_names(list(value))}")
        return list(value)

    def _fields(self, items: Sequence[Element]) -> None:
        self._fields_of(InvoiceAnswer, items)
        owners = [value for item in items for value in _under(InvoiceAnswer, item, "goods_owner")]
        self._fields_of(GoodsOwnerAnswer, owners)
        lists = [value for item in items for value in _under(InvoiceAnswer, item, "charges")]
        named = {value.tag for value in lists}
        charges = [
            row
            for value in lists
            for row in ([value] if is_item(InvoiceAnswer, value.tag) else [row for row in value if not is_nil(row)])
        ]
        self._find("name of the list of charges", ", ".join(sorted(named)) or "none", "known" if named else "not found")
        self._find("name of a charge", _names(charges), "the name of an item does not matter")
        self._fields_of(ChargeAnswer, charges)
        nested = sum(any(child.tag.lower() == "invoiceinfo" for child in item) for item in items)
        where = f"in an info object ({nested} of {len(items)})" if nested else "flat on the invoice"
        self._find("where the fields of an invoice stand", where, "read alike")
        unknown = Counter(name for item in items for name in unknown_names(InvoiceAnswer, item))
        self._find(
            "names that we do not know",
            ", ".join(f"{name} ({count})" for name, count in sorted(unknown.items())) or "none",
            "they are not read" if unknown else "nothing is left unread",
            certain=not unknown,
        )

    def _fields_of(self, model: type[Thing], things: Sequence[Element]) -> None:
        """One finding for each field: its name here. A mend for each that cannot be done without and is not there."""
        if not things:
            return
        written = [list(members(model, thing)) for thing in things]
        counts = Counter(name for names in written for name in {name for name, _ in names})
        by_field: dict[str, list[str]] = {}
        for name in counts:
            if (known := field_of(model, name)) is not None:
                by_field.setdefault(known, []).append(name)
        for field_name, sure in certainties(model).items():
            question = f"{model.noun}: {field_name.replace('_', ' ')}"
            if names := by_field.get(field_name):
                shown = ", ".join(f"{name} ({counts[name]} of {len(things)})" for name in names)
                is_sure = any(sure.get(name) is not None for name in names)
                self._find(question, shown, "known", certain=is_sure)
                continue
            needed = model.model_fields[field_name].is_required() or field_name in ("period_end", "charges")
            meaning = "cannot be done without" if needed else "stays empty in every invoice"
            self._find(question, f"none of its names ({', '.join(sure)})", meaning, certain=needed, wrong=needed)
            if needed:
                for name, what in _candidates(model, field_name, written):
                    self._mend(model, field_name, name, what)

    def _mend(self, model: type[Thing], field_name: str, name: str, why: str) -> None:
        self.mends.append(f'{model.__name__}.{field_name}: add "{name}" ({why})')

    def _understood(self, login: WmsLogin, result: Element) -> Listing | None:
        try:
            listing = read_listing(result, f"GetInvoicesByQuery of {login.warehouse}", with_charges=True)
        except UpstreamContractError as error:
            self._find("is it read", str(error), "every run is refused, and says so", wrong=True)
            return None
        bad = Counter(one.invoice.reason for one in listing.invoices if not isinstance(one.invoice, WmsInvoice))
        self._find(
            "is it read",
            f"{len(listing.invoices) - bad.total()} of {len(listing.invoices)} invoices",
            "; ".join(f"{count} × {reason}" for reason, count in bad.most_common(3)) or "all of them",
            wrong=bool(bad.total()),
        )
        return listing

    # ---- meanings

    def _order(self, listing: Listing) -> None:
        ids = [one.id for one in listing.invoices if one.id is not None]
        order = "by id" if ids == sorted(ids) else "not by id"
        self._find("order of the list", order, "pages are read by id" if order == "by id" else "read in one answer")
        self._find(
            "size of a page",
            f"{len(ids)} when {_SAMPLE} were asked for",
            "a longer page shows that the size is ignored",
            certain=len(ids) >= _SAMPLE,
        )

    def _prices(self, invoices: Sequence[WmsInvoice]) -> None:
        per_unit = per_row = both = neither = 0
        for invoice in invoices:
            unit = round_to_ore(sum((one.price * one.quantity for one in invoice.charges), start=invoice.amount * 0))
            row = round_to_ore(sum((one.price for one in invoice.charges), start=invoice.amount * 0))
            fits = (unit == round_to_ore(invoice.amount), row == round_to_ore(invoice.amount))
            per_unit += fits == (True, False)
            per_row += fits == (False, True)
            both += fits == (True, True)
            neither += fits == (False, False)
        self._find(
            "is a price that of one, or of the row",
            f"of one fits {per_unit}, of the row {per_row}, both {both}, neither {neither}",
            "of one"
            if per_unit and not per_row
            else "of the row"
            if per_row and not per_unit
            else "left to be detected",
            certain=bool(per_unit) != bool(per_row),
        )
        rows = [one for invoice in invoices for one in invoice.charges]
        odd = f"{sum(one.quantity == 0 for one in rows)} with quantity 0, {sum(one.price < 0 for one in rows)} negative"
        self._find("odd charges", f"{odd} of {len(rows)}", "they are sent as they stand")

    def _filters(self, login: WmsLogin, listing: Listing) -> None:
        def ask(query: InvoicesQuery) -> Listing:
            return self._listing(login, query)

        asked = InvoicesQuery(with_charges=True, at_most=_SAMPLE)
        useless = set(useless_in(listing.invoices, asked))
        heads = self._listing(login, InvoicesQuery(with_charges=False, at_most=1))
        useless |= set(useless_in(heads.invoices, InvoicesQuery(with_charges=False, at_most=1)))
        one = next((one for one in listing.invoices if one.id is not None), None)
        if one is None or one.id is None:
            self._find("filters", "no invoice to try them with", "tried at the first reading", certain=False)
            return
        useless |= set(trial(one, ask))
        for name in WmsFilter:
            shown = "no effect" if name in useless else "has its effect"
            certain = name is not WmsFilter.ONLY_LIVE or name in useless
            self._find(
                f"filter {name}",
                shown if certain else "nothing to try it with",
                _workaround(name, useless),
                certain=certain,
            )
        self._whole(login, listing, useless)
        alone = InvoicesQuery(with_charges=False, ids=(one.id,))
        if WmsFilter.ID_FROM not in useless:
            inclusive = any(found.id == one.id for found in ask(replace(alone, id_from=one.id)).invoices)
            self._find("is InvoiceIdFrom inclusive", "yes" if inclusive else "no", "read alike")
        if WmsFilter.DATED_AFTER not in useless and one.invoice_date is not None:
            day = replace(alone, dated_after=one.invoice_date)
            inclusive = any(found.id == one.id for found in ask(day).invoices)
            self._find("is InvoiceDateFrom inclusive", "yes" if inclusive else "no", "asked for from the day before")

    def _whole(self, login: WmsLogin, listing: Listing, useless: set[WmsFilter]) -> None:
        """Whether an answer holds all that there is, where no further page can be asked for."""

        def heads(query: InvoicesQuery) -> Sequence[ListedInvoice]:
            return self._listing(login, query).invoices

        ids = [one.id for one in listing.invoices if one.id is not None]
        if len(ids) > 1 and ids == sorted(ids) and WmsFilter.ID_FROM not in useless:
            self._find("is a list whole", "it has pages", "read to the last one")
            return
        everything = heads(InvoicesQuery(with_charges=False))
        hidden = hidden_behind(everything, heads, useless)
        self._find(
            "is a list whole",
            f"it ends after {len(everything)}, and " + ("others are there" if hidden else "nothing shows others"),
            "cut, and the rest cannot be asked for: every run is refused" if hidden else "read in one answer",
            certain=not {WmsFilter.IDS, WmsFilter.IS_EXPORTED} <= useless,
            wrong=hidden is not None,
        )

    def _empty(self, login: WmsLogin) -> None:
        result = self._ask(login, InvoicesQuery(with_charges=False, ids=(_NO_INVOICE,)), "without invoices")
        if result is None:
            return
        lists = [value for name, value in _elements(InvoicesAnswer, result) if field_of(InvoicesAnswer, name)]
        if lists:
            seen, means = ("nil" if is_nil(lists[0]) else "an empty list" if not len(lists[0]) else "invoices"), "known"
        else:
            seen, means = "no list", "taken for empty once another answer shows the list, or with --confirm-empty"
        self._find("an empty result", seen, means)

    def _wrong_password(self, login: WmsLogin) -> None:
        wrong = replace(login, password=f"{login.password}x")
        envelope = get_invoices(wrong, InvoicesQuery(with_charges=False, at_most=1))
        answer = self.client.send(login, envelope, timeout=_READ_SECONDS)
        try:
            read_result(answer, envelope.operation, wrong, is_write=False)
        except WmsLoginRefusedError:
            self._find("a wrong password", f"HTTP {answer.status}", "told as a refused login")
        except InvoicingError as error:
            self._find(
                "a wrong password",
                f"HTTP {answer.status}, {type(error).__name__}",
                "is not told from other trouble: the words of the message belong into answers.py",
                wrong=True,
            )
        else:
            self._find(
                "a wrong password", f"HTTP {answer.status}, accepted", "any password opens this system", wrong=True
            )

    def _writing(self, login: WmsLogin, invoice_id: int) -> None:
        """Sets number and mark of one invoice, each alone and both, looks after each, and puts back what was there."""
        before = self._one(login, invoice_id)
        if before is None:
            self._find("writing", "the invoice was not found", "nothing was written", wrong=True)
            return
        number = f"{before.number}1" if before.number else "1"
        steps: list[tuple[str, str | None, bool | None]] = [
            ("number alone", number, None),
            ("mark alone", None, True),
            ("mark taken back", None, False),
            ("both", number, True),
            ("put back", before.number, before.is_exported),
        ]
        wanted_number, wanted_mark = before.number, before.is_exported
        for what, sent_number, sent_mark in steps:
            envelope = update_invoice(login, invoice_id, number=sent_number, is_exported=sent_mark)
            wanted_number = wanted_number if sent_number is None else sent_number
            wanted_mark = wanted_mark if sent_mark is None else sent_mark
            try:
                answer = self.client.send(login, envelope, timeout=_READ_SECONDS)
                read_result(answer, envelope.operation, login, is_write=True)
                after = self._one(login, invoice_id)
            except InvoicingError as error:
                self._find(f"writing: {what}", type(error).__name__, "refused", wrong=True)
                continue
            done = after is not None and (after.number, after.is_exported) == (wanted_number, wanted_mark)
            self._find(f"writing: {what}", "as asked" if done else "something else", "known", wrong=not done)

    def _one(self, login: WmsLogin, invoice_id: int) -> WmsInvoice | None:
        found = self._listing(login, InvoicesQuery(with_charges=False, ids=(invoice_id,))).invoices
        return next(
            (one.invoice for one in found if one.id == invoice_id and isinstance(one.invoice, WmsInvoice)), None
        )


def _workaround(name: WmsFilter, useless: set[WmsFilter]) -> str:
    if name not in useless:
        return "used"
    if name in (WmsFilter.IS_EXPORTED, WmsFilter.DATED_AFTER):
        return "the history is read without charges, and filtered here"
    return "done without"


def _elements(model: type[Thing], element: Element) -> Iterator[tuple[str, Element]]:
    """Members that hold something else than what is known to be about the call itself."""
    about = {name.lower() for name in model.unread}
    for name, value in members(model, element):
        if isinstance(value, Element) and name.lower() not in about:
            yield name, value


def _under(model: type[Thing], element: Element, field_name: str) -> list[Element]:
    found = [value for name, value in members(model, element) if field_of(model, name) == field_name]
    return [value for value in found if isinstance(value, Element)]


def _names(items: Sequence[Element]) -> str:
    return ", ".join(sorted({item.tag for item in items})[:5]) or "none"


def _candidates(
    model: type[Thing], field_name: str, written: Sequence[Sequence[tuple[str, Element | str]]]
) -> Iterator[tuple[str, str]]:
    """Unknown names that every thing has, and that hold what the field holds; the likeliest first."""
    wanted = _KINDS_OF.get(field_name, frozenset())
    kinds: dict[str, Counter[str]] = {}
    unread = {name.lower() for name in model.unread}
    for one in written:
        for name, value in one:
            if field_of(model, name) is None and name.lower() not in unread:
                kind = kind_of_text(value.strip()) if isinstance(value, str) else kind_of(value)
                kinds.setdefault(name, Counter())[kind] += 1
    for name, seen in sorted(kinds.items(), key=lambda pair: -pair[1].total()):
        if set(seen) & wanted:
            yield name, f"in {seen.total()} of {len(written)}: {', '.join(sorted(seen))}"
