"""What pages show of stored values: from the domain to views."""

from collections.abc import Collection, Iterable, Sequence
from copy import replace
from datetime import date
from decimal import Decimal

from invoicing.domain.cause import Cause, cause_id
from invoicing.domain.due import Due
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import FortnoxRow, InvoiceRow
from invoicing.domain.money import round_to_ore
from invoicing.domain.remedy import remedy_of, remedy_to_permit
from invoicing.domain.row_difference import RowPair
from invoicing.domain.settlement import Progress
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice
from invoicing.rendering.views import (
    INVOICES_BELOW_CAUSE,
    CauseView,
    CurrencyTotal,
    DecidedLine,
    EarlierLine,
    HeldLine,
    HistoryEntry,
    InvoiceLine,
    InvoiceState,
    IssueLine,
    OwnerLine,
    PairLine,
    RowLine,
)

_STATES = {
    ExportState.CLAIMED: InvoiceState.CHECKING,
    ExportState.SENT: InvoiceState.SENDING,
    ExportState.UPDATING: InvoiceState.SENDING,
    ExportState.DONE: InvoiceState.SENT,
    ExportState.CREDITING: InvoiceState.SENDING,
    ExportState.HELD: InvoiceState.HELD,
}
# Written before every update and credit: tells a reader nothing that UPDATED and CREDITED do not.
UNTOLD = frozenset({EventKind.UPDATING, EventKind.CREDITING})
_SHOW_NUMBER = frozenset(
    {
        EventKind.CREDITED,
        EventKind.MADE_NEW,
        EventKind.KEPT,
        EventKind.DECIDED,
        EventKind.CREATED,
        EventKind.ADOPTED,
        EventKind.UPDATED,
        EventKind.WRITTEN_BACK,
    }
)
_BY_ITSELF = "schedule"


def stored_state(state: InvoiceState | None) -> ExportState | None:
    """The stored state that a page's filter means; None for those that are never stored."""
    return next((stored for stored, shown in _STATES.items() if shown is state), None)


def _state_of(export: Export) -> InvoiceState:
    if export.waits:
        return InvoiceState.NOT_DUE
    left = export.state is ExportState.DONE and not export.fortnox_number
    return InvoiceState.LEFT if left else _STATES[export.state]


def invoice_line_of(export: Export, today: date | None = None) -> InvoiceLine:
    """One record as a line of the list; `today` in Sweden tells what is overdue."""
    there = export.settlement
    return InvoiceLine(
        invoice_id=export.invoice_id,
        number=export.wms_number or export.fortnox_number,  # Ongoing gets the number that Fortnox made
        goods_owner=export.goods_owner,
        invoice_date=export.invoice_date or date.min,
        amount=export.amount,
        currency=export.currency or "SEK",
        state=_state_of(export),
        fortnox_number=export.fortnox_number,
        fortnox_net=export.fortnox_net,
        fortnox_fees=export.fortnox_fees or Decimal(0),
        fortnox_vat=export.fortnox_vat,
        customer_number=export.customer_number,
        title=export.title,
        period_start=export.period_start,
        period_end=export.period_end,
        settlement=there,
        progress=None if there is None else there.progress(today) if today else there.reached,
        changed_net=export.changed_net,
    )


def owner_lines_of(lines: Iterable[InvoiceLine]) -> Sequence[OwnerLine]:
    """Who has how much to pay; who owes most that is overdue comes first."""
    sums: dict[tuple[str, str], tuple[int, Decimal, Decimal]] = {}
    for line in lines:
        if line.left is None:
            continue
        count, left, overdue = sums.get((line.goods_owner, line.currency), (0, Decimal(0), Decimal(0)))
        late = line.left if line.progress is Progress.OVERDUE else Decimal(0)
        sums[line.goods_owner, line.currency] = (count + 1, left + line.left, overdue + late)
    found = [
        OwnerLine(goods_owner=owner, currency=currency, invoices=count, left=left, overdue=overdue)
        for (owner, currency), (count, left, overdue) in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.overdue, -one.left, one.goods_owner, one.currency))


def waiting_line_of(invoice: WmsInvoice, due: Due) -> InvoiceLine:
    """An invoice that we have not begun."""
    state = InvoiceState.WAITING if due is Due.NOW else InvoiceState.NOT_DUE
    return replace(rehearsed_line_of(invoice, None), state=state)


def rehearsed_line_of(invoice: WmsInvoice | UnreadableInvoice, export: Export | None) -> InvoiceLine:
    """An invoice as Ongoing has it now, and where it stands."""
    if isinstance(invoice, UnreadableInvoice):
        return InvoiceLine(
            invoice_id=invoice.id or 0,
            number="",
            goods_owner="",
            invoice_date=date.min,
            amount=Decimal(0),
            currency="SEK",
            state=InvoiceState.HELD,
        )
    return InvoiceLine(
        invoice_id=invoice.id,
        number=invoice.number,
        goods_owner=invoice.goods_owner.name,
        invoice_date=invoice.invoice_date or date.min,
        amount=invoice.amount,
        currency=invoice.goods_owner.currency or "SEK",
        state=_state_of(export) if export else InvoiceState.WAITING,
        fortnox_number=export.fortnox_number if export else "",
        fortnox_net=export.fortnox_net if export else None,
        customer_number=invoice.goods_owner.customer_code,
        title=invoice.title,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
    )


def issue_line_of(export: Export, permissions: Collection[str] = ()) -> IssueLine | None:
    """The open issue of a record, if it has one. `permissions` in Fortnox's words decide what a button can do."""
    since = export.issue_since or export.updated_at
    if export.issue is None or since is None:
        return None
    return IssueLine(
        issue=export.issue,
        since=since,
        invoice_id=export.invoice_id,
        invoice_number=export.wms_number,
        goods_owner=export.goods_owner,
        amount=export.amount,
        currency=export.currency or "SEK",
        ways=() if export.decision else export.ways_out,
        remedy=None if export.decision else remedy_of(export.issue, permissions),
        to_permit=None if export.decision else remedy_to_permit(export.issue, permissions),
        cause=cause_id(export.issue),
    )


def unspecified_line_of(export: Export) -> IssueLine | None:
    """What keeps the specification off an invoice that is in Fortnox."""
    there = export.attachment
    if there is None or there.issue is None or there.since is None or not export.awaits_specification:
        return None
    return IssueLine(issue=there.issue, since=there.since, invoice_id=export.invoice_id)


def cause_view_of(cause: Cause, *, whole: bool, permissions: Collection[str] = (), guarded: int = 0) -> CauseView:
    """A cause with the first of its invoices, or with all. `permissions` as of one issue."""
    return CauseView(
        id=cause.id,
        issue=cause.issue,
        since=cause.since,
        work=cause.work,
        remedy=remedy_of(cause.issue, permissions),
        to_permit=remedy_to_permit(cause.issue, permissions),
        guarded=guarded,
        lines=tuple(
            HeldLine(
                invoice_id=one.invoice_id,
                number=one.wms_number,
                goods_owner=one.goods_owner,
                invoice_date=one.invoice_date,
                amount=one.amount,
                currency=one.currency or "SEK",
                ways=one.ways_out,
            )
            for one in cause.exports[: None if whole else INVOICES_BELOW_CAUSE]
        ),
    )


def decided_of(export: Export) -> DecidedLine | None:
    """What a person decided and no run has carried out yet."""
    one = export.decision
    return DecidedLine(way=one.way, by=one.by, at=one.at) if one else None


def earlier_of(export: Export) -> tuple[EarlierLine, ...]:
    """The invoices in Fortnox before the one of now, the oldest first."""
    return tuple(EarlierLine(number=one.number, credit_note=one.credit_note) for one in export.earlier)


def pair_line_of(pair: RowPair) -> PairLine:
    """One row on both sides."""
    return PairLine(
        fortnox=_fortnox_row_line(pair.there) if pair.there else None,
        ongoing=row_line_of(pair.ours) if pair.ours else None,
        differs=pair.differs,
    )


def _fortnox_row_line(row: FortnoxRow) -> RowLine:
    whole = row.quantity * row.price
    discount = whole * row.discount / 100 if row.discount_in_percent else row.discount
    return RowLine(
        article_number=row.article_number,
        text=row.description,
        quantity=row.quantity,
        price=row.price,
        amount=round_to_ore(whole - discount),
        account=str(row.account) if row.account is not None else "",
        cost_centre=row.cost_centre,
    )


def history_of(events: Iterable[HistoryEvent]) -> tuple[HistoryEntry, ...]:
    """Newest first."""
    shown = []
    for event in events:
        if event.kind in UNTOLD:
            continue
        shown.append(
            HistoryEntry(
                at=event.at,
                event=event.kind,
                by="" if event.by == _BY_ITSELF else event.by,
                fortnox_number=event.fortnox_number if event.kind in _SHOW_NUMBER else "",
                net=event.net,
                way=event.way,
                note=event.note,
                progress=event.progress,
                remedy=event.remedy,
            )
        )
    return tuple(reversed(shown))


def row_line_of(row: InvoiceRow) -> RowLine:
    """One row as it is sent: without a unit, which is the article's own (docs/decisions/0007)."""
    return RowLine(
        article_number=row.article_number,
        text=row.description,
        quantity=row.quantity,
        price=row.price,
        amount=row.total,
        account=str(row.account) if row.account is not None else "",
        cost_centre=row.cost_centre,
    )


def totals_of(exports: Iterable[Export]) -> tuple[CurrencyTotal, ...]:
    """Net sums of what is in Fortnox, per currency."""
    return _sums((export.currency, export.fortnox_net) for export in exports)


def fees_of(exports: Iterable[Export]) -> tuple[CurrencyTotal, ...]:
    """Sums of what Fortnox added to the nets, per currency; none where it added nothing."""
    return _sums((export.currency, export.fortnox_fees) for export in exports if export.fortnox_fees)


def _sums(amounts: Iterable[tuple[str, Decimal | None]]) -> tuple[CurrencyTotal, ...]:
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        sums[currency or "SEK"] = sums.get(currency or "SEK", Decimal(0)) + (amount or Decimal(0))
    return tuple(CurrencyTotal(currency=currency, amount=amount) for currency, amount in sorted(sums.items()))
