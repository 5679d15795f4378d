"""A month: goods owners down, how far their invoices have come across, and sums that tie Ongoing to Fortnox."""

from collections.abc import Iterable, Mapping, Sequence

from invoicing.application.read_month import MonthRead, ReadMonthTools, read_month
from invoicing.domain.month import (
    UNDATED,
    Apart,
    MonthLine,
    MonthSums,
    by_owner,
    differing,
    is_month,
    largest_first,
    month_of,
    months_until,
    sums_of,
)
from invoicing.domain.swedish_time import SWEDEN
from invoicing.pages.browser import Answer
from invoicing.pages.reconciliation import as_file
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.labels import label_of
from invoicing.rendering.month_plot import Bar, Plot, plot_of
from invoicing.rendering.views import (
    DIFFERING_SHOWN,
    MONTH_OWNERS_PER_PAGE,
    MONTHS_CHOSEN_FROM,
    MONTHS_PLOTTED,
    MonthCurrency,
    MonthOwner,
    MonthView,
)

type _Key = tuple[str, str, str]  # currency, goods owner, customer number

_MOST_ON_ONE_PAGE = 2000  # goods owners: an answer of a function has six million bytes at most
_PLOTTED = 12  # months
_HEADINGS = (
    translatable("Month"),
    translatable("Goods owner"),
    translatable("Customer number"),
    translatable("Currency"),
    translatable("Invoices"),
    translatable("Amount in Ongoing"),
    translatable("Gathered so far"),
    translatable("Due"),
    translatable("Held"),
    translatable("Not to be sent"),
    translatable("In Fortnox"),
    translatable("Differences"),
    translatable("Sent"),
    translatable("Paid"),
    translatable("Fees in Fortnox"),
    translatable("Left to pay"),
)


def month(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/month: `?month=2026-10`, else the one that is now."""
    there = _read(visit)
    owners = by_owner(there.lines)
    printable = len(owners) <= _MOST_ON_ONE_PAGE
    shown, pager = visit.part(list(owners), MONTH_OWNERS_PER_PAGE, whole_too=printable)
    sums, run = largest_first(sums_of(there.lines)), visit.integration.last_run
    settings, current = visit.integration.settings, _current(visit)
    known = sorted({current, there.month, *there.sums} - {UNDATED})
    view = MonthView(
        session=visit.session_view,
        month=there.month,
        months=tuple(one for one in reversed(known) if one in known[-MONTHS_CHOSEN_FROM:] or one == there.month),
        before=_neighbour(known, there.month, -1),
        after=_neighbour(known, there.month, 1),
        is_over=there.month < current,
        undated=sum(one.invoices for one in there.sums_with_waiting(UNDATED).values()),
        currencies=tuple(
            MonthCurrency(
                currency=currency,
                sums=sums[currency],
                owner_count=sum(key[0] == currency for key in owners),
                owners=tuple(_owner(key, owners[key]) for key in shown if key[0] == currency),
                differing=tuple(_of(currency, differing(there.lines))[: max(1, DIFFERING_SHOWN // len(sums))]),
            )
            for currency in sums
        ),
        plots=tuple(_plots(there, current)),
        pager=pager,
        printable=printable,
        ongoing_answers=there.ongoing_answers,
        is_whole=there.is_whole,
        counted_at=run.finished_at if run else None,
        followed=settings is not None and settings.follow_payments,
    )
    return Answer(body=visit.pages.month(view, visit.language))


def csv(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/month.csv: every goods owner, the sums, and each invoice that differs."""
    there, _ = _read(visit), translations(visit.language).gettext
    table: list[Sequence[object]] = [[_(heading) for heading in _HEADINGS]]
    for (currency, owner, number), lines in by_owner(there.lines).items():
        table.append((there.month, owner, number, currency, *_figures(sums_of(lines)[currency])))
    for currency, sums in sums_of(there.lines).items():
        table.append((there.month, _("Sum"), "", currency, *_figures(sums)))
        if not sums.ties:
            table.append((there.month, _("It does not tie"), "", currency, sums.unexplained, sums.off))
    for line in differing(there.lines):
        reason = _(label_of(line.apart or Apart.UNEXPLAINED))
        named = f"{_('Differs:')} {line.number or line.invoice_id} · {reason}"
        figures = ("", line.amount, "", "", "", "", line.net, line.difference)
        table.append((there.month, named, line.customer_number, line.currency, *figures))
    if not there.ongoing_answers:
        table.append([_("Ongoing does not answer: what waits there is missing in this list.")])
    if not there.is_whole:
        table.append([_("This is not whole: there were too many records to be read in time.")])
    return as_file(table, f"{visit.integration.id}-month-{there.month}.csv", visit.language)


def pdf(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/month.pdf: what an auditor takes along, in the reader's language."""
    from invoicing.rendering.month_pdf import Reconciliation, draw_month  # the only page that draws one

    there, integration = _read(visit), visit.integration
    run, settings = integration.last_run, integration.settings
    followed = settings is not None and settings.follow_payments
    reconciliation = Reconciliation(
        company=integration.company.name,
        organisation_number=integration.company.organisation_number,
        system=integration.id,
        month=there.month,
        made_at=visit.now(),
        counted_at=run.finished_at if run else None,
        followed_at=run.following.at if followed and run and run.following else None,
        lines=there.lines,
        ongoing_answers=there.ongoing_answers,
        is_whole=there.is_whole,
    )
    name = f"{integration.id}-reconciliation-{there.month}.pdf"
    return Answer(
        content=draw_month(reconciliation, visit.language),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


def _read(visit: SignedInVisit) -> MonthRead:
    asked, parts = visit.request.query.get("month", ""), visit.parts
    tools = ReadMonthTools(
        exports=parts.exports,
        months=parts.months,
        wms=parts.wms,
        sealer=parts.password_sealer,
        seconds=parts.monotonic,
    )
    wanted = asked if is_month(asked) else _current(visit)
    return read_month(tools, visit.integration, wanted, now=visit.now())


def _current(visit: SignedInVisit) -> str:
    return month_of(visit.now().astimezone(SWEDEN).date())


def _neighbour(known: Sequence[str], month: str, step: int) -> str:
    place = known.index(month) + step if month in known else -1
    return known[place] if 0 <= place < len(known) else ""


def _owner(key: _Key, lines: Iterable[MonthLine]) -> MonthOwner:
    currency, goods_owner, customer_number = key
    return MonthOwner(goods_owner=goods_owner, customer_number=customer_number, sums=sums_of(lines)[currency])


def _of(currency: str, lines: Iterable[MonthLine]) -> list[MonthLine]:
    return [line for line in lines if line.currency == currency]


def _figures(sums: MonthSums) -> Sequence[object]:
    return (
        sums.invoices,
        sums.ongoing,
        sums.gathered,
        sums.due,
        sums.held,
        sums.left,
        sums.in_fortnox,
        sum(sums.apart.values()),
        sums.sent,
        sums.paid,
        sums.fees,
        sums.to_pay if sums.followed else None,
    )


def _plots(there: MonthRead, current: str) -> Iterable[Plot]:
    """Up to the month that is now, or the one that is looked at if it is older than the others."""
    window = months_until(current, _PLOTTED)
    if there.month != UNDATED and there.month not in window:
        window = months_until(there.month, _PLOTTED)
    sums: Mapping[str, Mapping[str, MonthSums]] = {name: there.sums_with_waiting(name) for name in window}
    count = {currency: sum(currency in one for one in sums.values()) for one in sums.values() for currency in one}
    for currency in sorted(count, key=lambda one: (-count[one], one))[:MONTHS_PLOTTED]:
        of_currency = [(name, sums[name].get(currency, MonthSums())) for name in window]
        yield plot_of(
            currency, [Bar(month=name, there=one.in_fortnox, to_come=one.not_in_fortnox) for name, one in of_currency]
        )
