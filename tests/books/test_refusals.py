"""Refusals: true, naming the thing, holding no more than they must; and memory that is not believed for ever."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.change_integration import sync_now
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from tests.books.books import NUMBER, Books, charge, names_all


def refused(books: Books, code: int, message: str, *, status: int = 400, times: int | None = 1, nth: int = 1) -> Books:
    """The next POSTs of invoices, from the nth on, are refused with these words; then there is a run."""
    body = {"ErrorInformation": {"error": 1, "message": message, "code": code}}
    rule = {
        "match": {"method": "POST", "path_regex": "^/3/invoices", "nth": nth},
        "times": times,
        "effect": "status",
        "status": status,
        "body": body,
    }
    books.world.fortnox.add_faults([rule])
    return books.run()


# An issue names the thing.


@pytest.mark.parametrize("code", ["LÅDA", "PLOCK RAD", "A.1", "50%", "A" * 51, "rör#3", "Ü-1"])
def test_an_article_number_that_fortnox_does_not_take_is_named_with_its_row(code: str) -> None:
    """Whether we know it or Fortnox says it."""
    books = Books().wms_invoice(charge(), charge(id=2, code=code, title="Låda")).run()

    assert books.documents == {}
    assert names_all(books.issue, (code, "Låda")) or names_all(books.issue, (code, "2"))


@pytest.mark.parametrize("code", ["Kaffe & Kakao", "Åsa", "1001/2", "10.01", "#7", "kund nr 5"])
def test_a_customer_number_that_fortnox_does_not_take_is_named_with_its_goods_owner(code: str) -> None:
    """Codes are typed by hand, and some type the name."""
    books = Books().owner(financial_code=code).run()

    assert books.documents == {}
    assert names_all(books.issue, (code, "Kaffe & Kakao AB"))


def test_an_unknown_customer_is_named_with_its_goods_owner_whatever_the_code() -> None:
    """Two codes were met."""
    for unknown in (2000204, 2000433):
        books = Books().options(unknown_customer_code=unknown).owner(financial_code="4242").run()

        assert names_all(books.issue, ("customer_unknown", "4242", "Kaffe & Kakao AB"))


def test_an_account_that_is_not_there_is_named_with_its_article() -> None:
    """In Ongoing's price list, or on the article itself."""
    from_wms = Books().wms_invoice(charge(account="3777")).run()
    on_article = Books().settings(account_source="article")
    on_article.world.fortnox.change_entry(TENANT_ID, "articles", "100", {"SalesAccount": 3777})
    on_article.run()

    assert names_all(from_wms.issue, ("3777", "100"))
    assert names_all(on_article.issue, ("3777", "100"))


def test_an_article_with_housework_is_named() -> None:
    """The type is on the article, where nobody looks for it."""
    books = Books()
    books.world.fortnox.change_entry(TENANT_ID, "articles", "100", {"HouseworkType": "CLEANING"})
    books.run()

    assert books.documents == {}
    assert "100" in books.issue


def test_a_wrong_vat_number_is_named_with_its_customer() -> None:
    """It is on the card."""
    books = Books().card(VATType="EUREVERSEDVAT", VATNumber="12345678").run()

    assert books.documents == {}
    assert names_all(books.issue, ("1001", "Kaffe & Kakao AB"))


# Words are not misread.


@pytest.mark.parametrize(
    "message",
    [
        "Kan inte hitta kundens leveranssätt.",
        "Fakturan är periodiserad och kan inte ändras.",
        "Kundens kreditgräns är överskriden.",
        "Artikelns lagerplats är låst.",
        "Kontot för öresutjämning saknas i perioden.",
        "Enheten för vikt kan inte användas här.",
        "Valutan är spärrad för kunden.",
        "Räkenskapsårets kund är inte aktiv på kontot.",
        "Något helt annat.",
    ],
)
def test_an_unknown_code_keeps_fortnoxs_words(message: str) -> None:
    """A text maps to a cause only when it is sure."""
    books = refused(Books(), 2009999, message)
    issue = books.record.issue

    assert issue is not None
    assert issue.code is IssueCode.FORTNOX_REFUSED
    assert names_all(books.issue, ("2009999", message))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (2000401, IssueCode.PERIOD_LOCKED),
        (2002141, IssueCode.PERIOD_LOCKED),
        (2000433, IssueCode.CUSTOMER_UNKNOWN),
        (2001302, IssueCode.ARTICLE_UNKNOWN),
        (2001303, IssueCode.ACCOUNT_UNKNOWN),
        (2001304, IssueCode.ACCOUNT_UNKNOWN),
        (2000423, IssueCode.ACCOUNT_UNKNOWN),
        (2000550, IssueCode.ACCOUNT_UNKNOWN),
        (2000946, IssueCode.COST_CENTRE_REQUIRED),
        (2000427, IssueCode.CURRENCY_UNKNOWN),
        (2000359, IssueCode.TEXT_REFUSED),
        (2000107, IssueCode.TEXT_REFUSED),
        (2001600, IssueCode.TEXT_REFUSED),
        (2001896, IssueCode.TEXT_REFUSED),
    ],
)
def test_a_known_code_has_its_own_issue(code: int, kind: IssueCode) -> None:
    """Whatever its words."""
    issue = refused(Books(), code, "Något.").record.issue

    assert issue is not None
    assert issue.code is kind


@pytest.mark.parametrize(
    "message",
    [
        "Du saknar behörighet till kostnadsställe LAGER.",
        "Du saknar behörighet att skapa fakturor i serien.",
        "Har inte behörighet för kunden.",
    ],
)
def test_one_no_does_not_stop_everybody(message: str) -> None:
    """A 403 is that invoice's, until another one gets it too."""
    books = Books().another(7001).another(7002)
    refused(books, 2009998, message, status=403)
    held = [record for n in (NUMBER, 7001, 7002) if (record := books.record_of(n)) is not None and record.issue]

    assert len(books.documents) == 2
    assert [message in (one.issue.params.values() if one.issue else ()) for one in held] == [True]


def test_a_no_to_everybody_is_the_integrations() -> None:
    """Then not all of them are asked."""
    books = Books()
    for number in range(7001, 7011):
        books.another(number)
    refused(books, 2000663, "Har inte behörighet för scope.", status=403, times=None)
    summary = books.integration.last_run

    assert summary is not None
    assert summary.problem is not None
    assert summary.problem.code is IssueCode.SCOPE_MISSING
    assert books.calls("POST", "invoices") < 11


NO_PERMISSION = "Du saknar behörighet att skapa fakturor."
NO_LICENCE = "Licens för fakturering saknas."


def problem_of(books: Books) -> IssueCode | None:
    """What stops the whole integration, by its last run."""
    run = books.integration.last_run
    return run.problem.code if run is not None and run.problem is not None else None


def many(count: int = 10) -> Books:
    """So many invoices that are due, besides the one that there always is."""
    books = Books()
    for number in range(7001, 7001 + count):
        books.another(number)
    return books


def held_of(books: Books) -> int:
    """How many invoices are held by themselves."""
    numbers = (NUMBER, *range(7001, 7011))
    return sum(one is not None and one.state is ExportState.HELD for one in map(books.record_of, numbers))


@pytest.mark.parametrize(
    ("message", "kind"), [(NO_PERMISSION, IssueCode.SCOPE_MISSING), (NO_LICENCE, IssueCode.LICENCE_MISSING)]
)
def test_the_second_no_makes_it_the_integrations(message: str, kind: IssueCode) -> None:
    """A 403 without a code that we know: one may be that invoice's, two are everybody's. The rest is not asked."""
    books = refused(many(), 2009998, message, status=403, times=None)
    run = books.integration.last_run

    assert run is not None
    assert run.problem is not None
    assert (run.problem.code, run.problem.params["message"]) == (kind, message)
    assert books.calls("POST", "invoices") < 6
    assert books.documents == {}


def test_it_stays_said_while_nothing_passes_and_ends_when_one_does() -> None:
    """Runs that have nothing to try say nothing new; then the permission is given, and all go through."""
    books = refused(many(), 2009998, NO_PERMISSION, status=403, times=None)
    stays = []
    for _ in range(9):
        books.run()
        stays.append((problem_of(books), books.documents))
    books.world.fortnox.clear_faults()
    books.run()
    ended = problem_of(books)
    for _ in range(5):
        books.run()

    assert {problem for problem, _ in stays} == {IssueCode.SCOPE_MISSING}
    assert all(not documents for _, documents in stays)
    assert ended is None
    assert (len(books.documents), held_of(books)) == (11, 0)


def test_a_permission_that_only_some_lack_stops_the_others_for_a_run_at_most() -> None:
    """Two are refused one after the other; whoever is not is sent by the next run, and nothing is said of all."""
    books = refused(many(5), 2009998, NO_PERMISSION, status=403, times=2)
    stopped = problem_of(books)
    books.run()

    assert stopped is IssueCode.SCOPE_MISSING
    assert (len(books.documents), held_of(books)) == (4, 2)
    assert problem_of(books) is None


def test_a_permission_that_is_taken_away_in_a_run_is_the_integrations() -> None:
    """The first ones passed."""
    books = refused(many(), 2009998, NO_PERMISSION, status=403, times=None, nth=4)

    assert len(books.documents) == 3
    assert problem_of(books) is IssueCode.SCOPE_MISSING
    assert held_of(books) < 6


# Memory.


def test_sync_now_looks_at_everything_anew() -> None:
    """The customer was inactive and is active again: nobody waits for an hour."""
    books = Books().card(Active=False).run()
    books.card(Active=True)
    sync_now(books.world.change_tools(), books.integration, by="anna")
    books.run(by="anna")

    assert (books.record.state, books.document["Net"]) == (ExportState.DONE, 1020)


STALE = {
    "article": ("articles", "100", {"Active": False}, {"Active": True}),
    "customer": ("customers", "1001", {"Active": False}, {"Active": True}),
    "account": ("accounts", "3041", {"Active": False}, {"Active": True}),
}


@pytest.mark.parametrize("what", STALE)
def test_a_refusal_forgets_what_it_could_be_about(what: str) -> None:
    """Remembered as good, then closed, then opened again: *Try again* sends it at once."""
    register, key, closed, opened = STALE[what]
    books = Books().sent()
    books.world.fortnox.change_entry(TENANT_ID, register, key, closed)
    books.another(7001).run()
    held = books.record_of(7001)
    books.world.fortnox.change_entry(TENANT_ID, register, key, opened)
    books.asked(kind=EventKind.RETRY, invoice_id=7001)
    done = books.record_of(7001)

    assert held is not None
    assert held.issue is not None
    assert done is not None
    assert done.state is ExportState.DONE


@pytest.mark.parametrize("register", ["articles", "units"])
def test_what_was_deleted_in_fortnox_is_made_again(register: str) -> None:
    """A run that remembers it as there finds out, and the next one heals it without anybody."""
    books = Books().wms_invoice(charge(code="NEW")).settings(default_unit="kolli").sent()
    books.world.fortnox.remove_entry(TENANT_ID, register, {"articles": "NEW", "units": "kolli"}[register])
    books.another(7001, charge(code="NEW")).run()
    books.asked(kind=EventKind.RETRY, invoice_id=7001)
    record = books.record_of(7001)

    assert record is not None
    assert record.state is ExportState.DONE


# An update never leaves it worse.


REFUSED_LATER: dict[str, dict[str, Any]] = {
    "an account that is closed": {"account": "3999"},
    "an account that is not there": {"account": "3777"},
    "an article that is inactive": {"code": "199"},
    "an account that needs a cost centre": {"account": "3591"},
}


@pytest.mark.parametrize("what", REFUSED_LATER)
def test_an_update_that_cannot_be_made_leaves_the_old_rows(what: str) -> None:
    """Nothing is emptied for it."""
    books = Books().sent()
    before = books.document["InvoiceRows"]
    books.wms_invoice(charge(), charge(id=2, **REFUSED_LATER[what])).run()
    after = books.document["InvoiceRows"]
    told = ("ArticleNumber", "DeliveredQuantity", "Price", "AccountNumber", "Description")

    assert [[row[name] for name in told] for row in after] == [[row[name] for name in told] for row in before]
    assert (books.document["Net"], books.record.state) == (1020, ExportState.HELD)


@pytest.mark.parametrize("code", [2009999, 2000401, 2001303])
def test_a_refused_second_step_puts_the_old_rows_back(code: int) -> None:
    """Whatever the reason: the invoice is never left empty."""
    books = Books().sent()
    body = {"ErrorInformation": {"error": 1, "message": "Nej.", "code": code}}
    rule = {
        "match": {"method": "PUT", "path_regex": "^/3/invoices", "nth": 2},
        "times": 1,
        "effect": "status",
        "status": 400,
        "body": body,
    }
    books.world.fortnox.add_faults([rule])
    books.wms_invoice(charge(quantity=charge().quantity + 1)).run()

    assert books.document["Net"] in (1020, 1105)
    assert books.document["Net"] == 1105 or books.record.state is ExportState.HELD


def test_a_refusal_of_an_invoice_with_a_number_of_its_own_is_told_as_what_it_is() -> None:
    """Nothing in Fortnox has the number: it was not refused for that."""
    books = refused(Books().wms_invoice(number="77001"), 2000861, "Nej.")

    assert books.documents == {}
    assert books.issue.startswith(IssueCode.FORTNOX_REFUSED)


def test_an_issue_stands_once_in_the_history() -> None:
    """However often it is looked for, and whatever else changes in Ongoing meanwhile."""
    books = Books().card(Active=False).run()
    for quantity in (13, 14):
        books.wms_invoice(charge(quantity=Decimal(quantity))).run(after=timedelta(hours=1))

    assert [(event.kind, event.issue) for event in books.record.history] == [
        (EventKind.HELD, IssueCode.CUSTOMER_INACTIVE)
    ]


@pytest.mark.parametrize("asked_first", [True, False])
def test_a_wish_for_an_invoice_that_cannot_be_read_is_kept(*, asked_first: bool) -> None:
    """Where nothing is sent unasked: it is sent when it can be read."""
    books = Books().settings(export_when="when_asked").wms_invoice(garbled={"InvoiceAmount": "mycket"})
    if asked_first:
        books.asked().run()
    else:
        books.run().asked()
    held = books.issue
    books.wms_invoice(garbled={}).run()

    assert held.startswith(IssueCode.WMS_INVOICE_UNREADABLE)
    assert (books.record.state, books.marked, len(books.documents)) == (ExportState.DONE, True, 1)
