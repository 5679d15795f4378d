"""Every page and mail with sample data, to look at.

python -m local.gallery                  renders into build/gallery, photographs and checks each; exits 1 on a complaint
python -m local.gallery --only status    photographs and checks only what begins so
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from invoicing.domain.export import EventKind
from invoicing.domain.integration_settings import (
    IntegrationSettings,
    Language,
)
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import Mail
from invoicing.pages.settings_form import form_of, sections
from invoicing.rendering.assets import find_asset
from invoicing.rendering.mails import Mails
from invoicing.rendering.pages import Pages
from invoicing.rendering.views import (
    INVOICES_PER_PAGE,
    ISSUES_PER_PAGE,
    ROWS_PER_PAGE,
    BrokenMailView,
    ConnectionHealth,
    ConsentMode,
    ConsentOutcome,
    ConsentView,
    CurrencyTotal,
    DigestMailView,
    DisconnectView,
    Feedback,
    FieldProblem,
    HistoryEntry,
    Intention,
    InvoiceLine,
    InvoiceState,
    InvoicesView,
    InvoiceView,
    IssueLine,
    IssuesView,
    LandingProblem,
    LandingView,
    LastRun,
    Message,
    MessageView,
    Pager,
    PauseView,
    PreviewView,
    ReactivatedMailView,
    ReactivationView,
    RehearsalView,
    RehearsedInvoice,
    ReminderMailView,
    RowLine,
    RunProgress,
    SessionView,
    SettingsView,
    SetupView,
    StatusView,
    VerifyMailView,
    VerifyView,
)

from local.accessibility import Inspector
from local.browser import PHONE, WINDOW, NoBrowserError, chromium, visitor

GALLERY = Path(__file__).resolve().parent.parent / "build" / "gallery"
_NOW = datetime(2026, 3, 5, 13, 32, tzinfo=UTC)
_COMPANY = "Nordhamn Lager AB"
_SYSTEM = "nordhamn"
_ORGANISATION = "556677-8899"
_SITE = "https://invoicing.example.com"
_LINK = f"{_SITE}/reactivate/eyJpIjoiMDFKTjdRIn0.aZx1Qw.Yk3b9s7mPz0"
_SUPPORT = "support@example.com"
_SESSION = SessionView(integration_id="01JN7Q4ZV8", system=_SYSTEM, csrf="csrf-sample", open_issues=3)
_CALM_SESSION = SessionView(integration_id="01JN7Q4ZV8", system=_SYSTEM, csrf="csrf-sample")

_OWNERS = (
    "Björk & Barn AB",
    "Fjällfil Sverige AB",
    "Östersunds Kaffebönor HB",
    "Tråd och Tyg i Borås AB",
    "Vätterns Cykel AB",
    "Nordic Home Textiles ApS",
)
_AMOUNTS = ("18420.50", "7312.00", "1234.50", "96055.25", "410.75", "-350.00", "12880.00")


def _line(index: int, state: InvoiceState) -> InvoiceLine:
    amount = Decimal(_AMOUNTS[index % len(_AMOUNTS)])
    sent = state is InvoiceState.SENT
    return InvoiceLine(
        invoice_id=4711 - index,
        number="" if index % 3 == 1 and not sent else str(20260 - index),
        goods_owner=_OWNERS[index % len(_OWNERS)],
        invoice_date=date(2026, 2, 28) - timedelta(days=index),
        amount=amount,
        currency="EUR" if index % len(_OWNERS) == 5 else "SEK",
        state=state,
        fortnox_number=str(20260 - index) if sent else "",
        fortnox_net=amount if sent else None,
    )


_STATES = (
    InvoiceState.NOT_DUE,
    InvoiceState.WAITING,
    InvoiceState.HELD,
    InvoiceState.SENDING,
    InvoiceState.CHECKING,
)
_LINES = tuple(
    _line(index, _STATES[index] if index < len(_STATES) else InvoiceState.SENT) for index in range(INVOICES_PER_PAGE)
)

_ROWS = (
    RowLine(
        article_number="PALL-IN",
        text="Inleverans, helpall",
        quantity=Decimal(142),
        price=Decimal("38.50"),
        amount=Decimal("5467.00"),
        account="3041",
    ),
    RowLine(
        article_number="LAGER-DYGN",
        text="Lagerhyra per pall och dygn",
        quantity=Decimal("3976.5"),
        price=Decimal("2.75"),
        amount=Decimal("10935.38"),
        account="3042",
        cost_centre="LAGER2",
    ),
    RowLine(
        article_number="PLOCK",
        text="Plock, orderrad (1 284 × 0,125 kr)",
        quantity=Decimal(1),
        price=Decimal("2368.12"),
        amount=Decimal("2368.12"),
        account="3041",
    ),
    RowLine(
        article_number="REKL",
        text="Kreditering, skadat gods order 88121",
        quantity=Decimal(1),
        price=Decimal("-350.00"),
        amount=Decimal("-350.00"),
        account="3041",
    ),
)
_NET = Decimal("18420.50")

_CUSTOMER_ISSUE = IssueLine(
    issue=Issue(
        code=IssueCode.CUSTOMER_UNKNOWN,
        params={"customer_number": "1044", "goods_owner": "Östersunds Kaffebönor HB"},
    ),
    since=_NOW - timedelta(hours=5),
    invoice_id=4709,
    invoice_number="20258",
    goods_owner="Östersunds Kaffebönor HB",
)
_AMOUNT_ISSUE = IssueLine(
    issue=Issue(
        code=IssueCode.AMOUNTS_DISAGREE,
        params={
            "invoice_amount": "7312.00",
            "sum_per_unit": "9104.50",
            "sum_per_row": "7310.00",
            "currency": "SEK",
        },
    ),
    since=_NOW - timedelta(days=2),
    invoice_id=4710,
    goods_owner="Fjällfil Sverige AB",
)
_ACCOUNT_ISSUE = IssueLine(
    issue=Issue(code=IssueCode.ACCOUNT_UNKNOWN, params={"account": "3041", "message": "Kunde inte hitta konto."}),
    since=_NOW - timedelta(days=1),
    invoice_id=4702,
    invoice_number="20251",
    goods_owner="Tråd och Tyg i Borås AB",
)
_OUTAGE_ISSUE = IssueLine(
    issue=Issue(code=IssueCode.WMS_NOT_ANSWERING, params={"system": _SYSTEM}),
    since=_NOW - timedelta(minutes=20),
)
_LICENCE_ISSUE = IssueLine(
    issue=Issue(code=IssueCode.LICENCE_MISSING, params={"message": "Det finns ingen aktiv licens för önskat scope."}),
    since=_NOW - timedelta(minutes=40),
)

_STATUS = StatusView(
    session=_SESSION,
    company=_COMPANY,
    organisation_number=_ORGANISATION,
    health=ConnectionHealth.HEALTHY,
    mode=ConsentMode.SERVICE,
    approved_by="Karin Lindqvist",
    approved_at=datetime(2026, 1, 12, 8, 4, tzinfo=UTC),
    last_run=LastRun(at=_NOW - timedelta(minutes=11), sent=6, held=1),
    next_run=_NOW + timedelta(minutes=4),
    waiting=4,
    sent_this_month=38,
    totals_this_month=(
        CurrencyTotal(currency="SEK", amount=Decimal("184220.75")),
        CurrencyTotal(currency="EUR", amount=Decimal("2410.00")),
    ),
)
_FORM = form_of(IntegrationSettings(from_date=date(2026, 3, 5), problem_address="ekonomi@nordhamn.example"))


def _status(**changes: Any) -> StatusView:
    fields = {name: getattr(_STATUS, name) for name in StatusView.__dataclass_fields__}
    return StatusView(**(fields | changes))


def _invoice(line: InvoiceLine, issue: IssueLine | None) -> InvoiceView:
    sent = (
        HistoryEntry(at=_NOW, event=EventKind.WRITTEN_BACK),
        HistoryEntry(
            at=_NOW - timedelta(seconds=2),
            event=EventKind.UPDATED,
            fortnox_number=line.fortnox_number,
            net=line.amount,
        ),
        HistoryEntry(at=_NOW - timedelta(minutes=2), event=EventKind.EXPORT_AGAIN, by="karin"),
        HistoryEntry(
            at=_NOW - timedelta(days=1),
            event=EventKind.ADOPTED,
            fortnox_number=line.fortnox_number,
            net=line.amount,
        ),
        HistoryEntry(at=_NOW - timedelta(days=1, minutes=15), event=EventKind.NOT_FOUND),
    )
    held = (HistoryEntry(at=_NOW - timedelta(hours=5), event=EventKind.HELD),)
    return InvoiceView(
        session=_SESSION,
        line=line,
        title="Lager och plock, februari",
        customer_number="1042",
        period_start=date(2026, 2, 1),
        period_end=date(2026, 2, 28),
        rows=_ROWS,
        history=(held if issue else sent)
        + (HistoryEntry(at=_NOW - timedelta(days=1, minutes=15), event=EventKind.CLAIMED),),
        issue=issue,
    )


def _preview(**changes: Any) -> PreviewView:
    fields: dict[str, Any] = {
        "session": _SESSION,
        "invoice_id": 4711,
        "intention": Intention.CREATE,
        "customer_number": "1042",
        "customer_name": "Björk & Barn AB",
        "invoice_date": date(2026, 2, 28),
        "currency": "SEK",
        "document_number": "",
        "your_reference": "Anna Björk",
        "your_order_number": "PO-7781",
        "external_reference": "ONGOING-nordhamn-4711-",
        "remarks": "Lager och plock, februari\n2026-02-01 – 2026-02-28",
        "rows": _ROWS,
        "row_count": len(_ROWS),
        "net": _NET,
        "wms_amount": _NET,
    }
    return PreviewView(**(fields | changes))


_REHEARSED = (
    RehearsedInvoice(line=_LINES[1], intention=Intention.HOLD, issue=_AMOUNT_ISSUE.issue),
    RehearsedInvoice(line=_LINES[2], intention=Intention.HOLD, issue=_CUSTOMER_ISSUE.issue),
    RehearsedInvoice(line=_LINES[3], intention=Intention.CREATE, net=_LINES[3].amount),
    RehearsedInvoice(line=_LINES[5], intention=Intention.UPDATE, net=_LINES[5].amount),
    RehearsedInvoice(line=_LINES[6], intention=Intention.NOTHING, net=_LINES[6].amount),
    RehearsedInvoice(line=_LINES[7], intention=Intention.CREATE, net=_LINES[7].amount),
)

type PageSample = Callable[[Pages, Language], str]
type MailSample = Callable[[Mails, Language], Mail]


def _landing(**fields: Any) -> PageSample:
    return lambda pages, language: pages.landing(LandingView(**fields), language)


def _settings(**fields: Any) -> PageSample:
    view = SettingsView(**{"session": _SESSION, "sections": sections(), "form": _FORM, "is_new": False, **fields})
    return lambda pages, language: pages.settings(view, language)


def _show_status(**changes: Any) -> PageSample:
    return lambda pages, language: pages.status(_status(**changes), language)


def _show_consent(view: ConsentView, pages: Pages, language: Language) -> str:
    return pages.consent(view, language)


def _show_message(view: MessageView, pages: Pages, language: Language) -> str:
    return pages.message(view, language)


def _consents() -> Iterator[tuple[str, PageSample]]:
    for outcome in ConsentOutcome:
        view = ConsentView(
            outcome=outcome,
            administrator_link=f"{_SITE}/?system={_SYSTEM}" if outcome is ConsentOutcome.NOT_ADMINISTRATOR else "",
            expected_company=_COMPANY,
            approved_company="Nordhamn Fastigheter AB",
            error_code="error_not_seen_before" if outcome is ConsentOutcome.OTHER else "",
        )
        yield f"consent-{outcome.value.replace('_', '-')}", partial(_show_consent, view)


def _messages() -> Iterator[tuple[str, PageSample]]:
    for message in Message:
        view = MessageView(
            message=message,
            reference="1-69a98f2c-5b0e7d1a" if message is Message.ERROR else "",
        )
        yield f"message-{message.value.replace('_', '-')}", partial(_show_message, view)


PAGES: Mapping[str, PageSample] = {
    "landing": _landing(),
    "landing-refused": _landing(
        system="https://nordhamn.ongoingsystems.se/nordhamn/",
        username="fortnox",
        problem=LandingProblem.WRONG_LOGIN,
    ),
    "landing-throttled": _landing(
        system=_SYSTEM,
        username="fortnox",
        problem=LandingProblem.TOO_MANY_TRIES,
        try_again_at=_NOW + timedelta(minutes=8),
    ),
    "landing-session-ended": _landing(
        system=_SYSTEM, username="fortnox", problem=LandingProblem.SESSION_ENDED, carried=_FORM
    ),
    "landing-reactivation": _landing(
        system=_SYSTEM,
        username="fortnox",
        reactivation=ReactivationView(token="eyJpIjoiMDFKTjdRIn0", company=_COMPANY, waiting=7),
    ),
    **dict(_consents()),
    "setup": lambda pages, language: pages.setup(
        SetupView(
            session=_CALM_SESSION,
            company=_COMPANY,
            organisation_number=_ORGANISATION,
            mode=ConsentMode.SERVICE,
        ),
        language,
    ),
    "setup-personal": lambda pages, language: pages.setup(
        SetupView(
            session=_CALM_SESSION,
            company=_COMPANY,
            organisation_number=_ORGANISATION,
            mode=ConsentMode.PERSONAL,
        ),
        language,
    ),
    "settings-create": _settings(is_new=True, session=_CALM_SESSION),
    "settings-edit": _settings(address_unconfirmed=True),
    "settings-problems": _settings(
        form={**_FORM, "problem_address": "ekonomi@", "default_unit": "en hel pall", "rows": ""},
        problems={
            "problem_address": FieldProblem.NOT_AN_ADDRESS,
            "default_unit": FieldProblem.NOT_A_UNIT,
            "rows": FieldProblem.MISSING,
        },
    ),
    "settings-changed-elsewhere": _settings(changed_elsewhere=True),
    "status": _show_status(),
    "status-first": _show_status(
        session=_CALM_SESSION,
        notice=Feedback.CREATED,
        last_run=None,
        next_run=None,
        waiting=0,
        sent_this_month=0,
        totals_this_month=(),
        mode=ConsentMode.PERSONAL,
        unconfirmed_address="ekonomi@nordhamn.example",
    ),
    "status-running": _show_status(notice=Feedback.SYNC_STARTED, progress=RunProgress(done=12, total=40), waiting=28),
    "status-asked": _show_status(notice=Feedback.SYNC_STARTED, progress=RunProgress()),
    "status-synced": _show_status(notice=Feedback.SYNC_DONE),
    "status-broken": _show_status(
        health=ConnectionHealth.BROKEN,
        broken_since=_NOW - timedelta(hours=3),
        reactivation_link=_LINK,
        waiting=7,
        next_run=None,
    ),
    "status-revoked": _show_status(
        health=ConnectionHealth.REVOKED,
        broken_since=_NOW - timedelta(hours=3),
        reactivation_link=_LINK,
        waiting=1,
    ),
    "status-checking": _show_status(health=ConnectionHealth.CHECKING),
    "status-paused": _show_status(paused=True, notice=Feedback.PAUSED, next_run=None),
    "invoices": lambda pages, language: pages.invoices(
        InvoicesView(session=_SESSION, invoices=_LINES, cursor="a", next_cursor="b"), language
    ),
    "invoices-none-match": lambda pages, language: pages.invoices(
        InvoicesView(session=_SESSION, invoices=(), search="kaffe", state=InvoiceState.HELD), language
    ),
    "invoices-empty": lambda pages, language: pages.invoices(
        InvoicesView(session=_CALM_SESSION, invoices=()), language
    ),
    "invoice": lambda pages, language: pages.invoice(_invoice(_line(0, InvoiceState.SENT), None), language),
    "invoice-held": lambda pages, language: pages.invoice(
        _invoice(_line(2, InvoiceState.HELD), _CUSTOMER_ISSUE), language
    ),
    "preview": lambda pages, language: pages.preview(_preview(), language),
    "preview-long": lambda pages, language: pages.preview(
        _preview(
            rows=tuple(_ROWS[index % len(_ROWS)] for index in range(ROWS_PER_PAGE)),
            row_count=412,
            pager=Pager(page=2, pages=6),
            intention=Intention.UPDATE,
            document_number="20260",
        ),
        language,
    ),
    "preview-held": lambda pages, language: pages.preview(
        _preview(intention=Intention.HOLD, issue=_AMOUNT_ISSUE, net=Decimal("9104.50"), wms_amount=Decimal(7312)),
        language,
    ),
    "rehearsal": lambda pages, language: pages.rehearsal(RehearsalView(session=_CALM_SESSION), language),
    "rehearsal-result": lambda pages, language: pages.rehearsal(
        RehearsalView(
            session=_SESSION,
            at=_NOW,
            counts={Intention.CREATE: 9, Intention.UPDATE: 1, Intention.NOTHING: 28, Intention.HOLD: 2},
            invoices=_REHEARSED,
        ),
        language,
    ),
    "issues": lambda pages, language: pages.issues(
        IssuesView(
            session=_SESSION,
            issues=(_LICENCE_ISSUE, _OUTAGE_ISSUE, _CUSTOMER_ISSUE, _AMOUNT_ISSUE, _ACCOUNT_ISSUE),
        ),
        language,
    ),
    "issues-many": lambda pages, language: pages.issues(
        IssuesView(session=_SESSION, issues=(_AMOUNT_ISSUE,) * ISSUES_PER_PAGE, pager=Pager(page=1, pages=9)),
        language,
    ),
    "issues-none": lambda pages, language: pages.issues(IssuesView(session=_CALM_SESSION, issues=()), language),
    "pause": lambda pages, language: pages.pause(PauseView(session=_SESSION, company=_COMPANY, waiting=4), language),
    "disconnect": lambda pages, language: pages.disconnect(
        DisconnectView(session=_SESSION, company=_COMPANY, waiting=4), language
    ),
    "disconnect-not-confirmed": lambda pages, language: pages.disconnect(
        DisconnectView(session=_SESSION, company=_COMPANY, waiting=1, not_confirmed=True), language
    ),
    "verify": lambda pages, language: pages.verify(
        VerifyView(token="eyJhIjoiZWtvbm9taSJ9", address="ekonomi@nordhamn.example"),
        language,
    ),
    **dict(_messages()),
}

_BROKEN_AT = _NOW - timedelta(hours=3)

MAILS: Mapping[str, MailSample] = {
    "broken": lambda mails, language: mails.broken(
        BrokenMailView(company=_COMPANY, system=_SYSTEM, link=_LINK, broken_since=_BROKEN_AT, waiting=7),
        language,
    ),
    "reminder": lambda mails, language: mails.reminder(
        ReminderMailView(company=_COMPANY, system=_SYSTEM, link=_LINK, broken_since=_BROKEN_AT, waiting=12, day=1),
        language,
    ),
    "reminder-last": lambda mails, language: mails.reminder(
        ReminderMailView(company=_COMPANY, system=_SYSTEM, link=_LINK, broken_since=_BROKEN_AT, waiting=0, day=7),
        language,
    ),
    "reactivated": lambda mails, language: mails.reactivated(
        ReactivatedMailView(
            company=_COMPANY,
            system=_SYSTEM,
            link=f"{_SITE}/integrations/01JN7Q4ZV8/invoices",
            reactivated_at=_NOW,
            invoices=7,
            totals=_STATUS.totals_this_month,
            held=1,
        ),
        language,
    ),
    "digest": lambda mails, language: mails.digest(
        DigestMailView(
            company=_COMPANY,
            system=_SYSTEM,
            link=f"{_SITE}/integrations/01JN7Q4ZV8/issues",
            day=_NOW.date(),
            issues=(_CUSTOMER_ISSUE, _AMOUNT_ISSUE, _ACCOUNT_ISSUE),
            issue_count=5,
        ),
        language,
    ),
    "verify": lambda mails, language: mails.verify(
        VerifyMailView(
            company=_COMPANY,
            system=_SYSTEM,
            link=f"{_SITE}/verify/eyJhIjoiZWtvbm9taSJ9.aZx1Qw.Yk3b",
            valid_until=_NOW + timedelta(days=7),
        ),
        language,
    ),
}


def render(folder: Path) -> list[str]:
    """Writes every page and mail in both languages; gives the names of the HTML files."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "assets").mkdir(parents=True)
    for name in ("style.css", "progress.js", "icon.svg"):
        asset = find_asset(name)
        if asset is not None:
            (folder / "assets" / name).write_bytes(asset.content)
    # Links relative to the folder, so that the files open without a server.
    pages, mails = Pages(".", support_address=_SUPPORT), Mails(support_address=_SUPPORT)
    names: list[str] = []
    for language in Language:
        for name, page in PAGES.items():
            names.append(f"{name}.{language}.html")
            (folder / names[-1]).write_text(page(pages, language), encoding="utf-8")
        for name, compose in MAILS.items():
            mail = compose(mails, language)
            names.append(f"mail-{name}.{language}.html")
            (folder / names[-1]).write_text(mail.html, encoding="utf-8")
            text = f"Subject: {mail.subject}\n\n{mail.text}"
            (folder / f"mail-{name}.{language}.txt").write_text(text, encoding="utf-8")
    links = "\n".join(f'<li><a href="{name}">{name}</a></li>' for name in names)
    index = f'<!doctype html>\n<html lang="en"><title>Gallery</title>\n<ul>\n{links}\n</ul>\n</html>\n'
    (folder / "index.html").write_text(index, encoding="utf-8")
    return names


def photograph(folder: Path, names: list[str]) -> list[str]:
    """Pictures, wide and narrow, light and dark; gives what there is to complain of."""
    complaints: list[str] = []
    mails = [name for name in names if name.startswith("mail-")]
    pages = [name for name in names if name not in mails]
    places = (("window", WINDOW, pages), ("phone", PHONE, pages), ("mail-600", 600, mails), ("mail-320", 320, mails))
    with chromium() as browser:
        for place, width, shown in places:
            for dark in (False, True):
                shots = folder / "screenshots" / f"{place}{'-dark' if dark else ''}"
                shots.mkdir(parents=True)
                with visitor(browser, width=width, dark=dark) as page:
                    # Dark differs in colours only, so that one language shows it.
                    for name in [name for name in shown if not dark or ".sv." in name]:
                        page.goto((folder / name).as_uri())
                        page.screenshot(path=shots / f"{name.removesuffix('.html')}.png", full_page=True)
                        with Inspector(page) as inspector:
                            found = inspector.violations(only_colours=dark)
                            if inspector.scrolls_sideways():
                                found.append("wider than the window")
                        complaints += [f"{name} {shots.name}: {complaint}" for complaint in found]
    return complaints


def main() -> int:
    """Renders, photographs and checks. Exit code 1 when something is to be mended."""
    parser = argparse.ArgumentParser(description="Every page and mail with sample data")
    parser.add_argument("--only", default="", help="photograph only those whose names begin so")
    arguments = parser.parse_args()
    names = render(GALLERY)
    print(f"{len(names)} pages and mails in {GALLERY}")
    try:
        complaints = photograph(GALLERY, [name for name in names if name.startswith(arguments.only)])
    except NoBrowserError as error:
        print(f"No pictures: {error}")
        return 0
    print("\n".join(complaints) or "Nothing to complain of")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
