"""The port Exports: what its fake and its real adapter both promise."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from invoicing.adapters.aws.exports import EVENTS_PER_ITEM, DynamoExports
from invoicing.application.ports import ChangedMeanwhileError, Exports
from invoicing.domain.agreement import Agreement
from invoicing.domain.chain import chain, link_of
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import Customer, Register
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.link import Link
from invoicing.domain.outlook import Outlook, Trouble, Unseen
from invoicing.domain.sending import SendBy, Sending
from invoicing.domain.settlement import Settlement
from invoicing.domain.work import Work

from tests.support.aws import Aws
from tests.support.fakes import START, FakeExports
from tests.support.together import together

CUSTOMER = Customer(
    number="88",
    active=True,
    currency="SEK",
    name="Möbler & Ting AB",
    vat_type="SEVAT",
    delivers_without_country=True,
)
ONE_ORE = Decimal("0.01")
CLAIMED = Export(
    integration_id="lagret",
    invoice_id=1207,
    state=ExportState.CLAIMED,
    version=1,
    reference="ONGOING-lagret-1207-",
    goods_owner="Möbler & Ting AB",
    customer_number="88",
    invoice_date=date(2026, 2, 28),
    amount=Decimal("12345678901.05"),
    currency="SEK",
    attempt_id="attempt-1",
    updated_at=START,
)
HELD = replace(
    CLAIMED,
    version=2,
    state=ExportState.HELD,
    amount=Decimal("-0.01"),
    fortnox_net=Decimal("0.00"),
    attempt_id="",
    issue=Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"customer_number": "88"}),
    issue_since=START,
)
CLAIM = HistoryEvent(at=START, kind=EventKind.CLAIMED, by="schedule")
HOLD = HistoryEvent(at=START + timedelta(seconds=1), kind=EventKind.HELD, by="anna", issue=IssueCode.CUSTOMER_UNKNOWN)


# moto takes a tenth of a second to write a long item.
LONG = pytest.mark.parametrize("aws", ["fake", "ministack", "roto"], indirect=True)


@pytest.fixture
def exports(aws: Aws | None) -> Exports:
    """An empty table."""
    return FakeExports() if aws is None else DynamoExports(aws.dynamodb, aws.table("ExportsTable"))


def saved(exports: Exports, *invoice_ids: int, state: ExportState = ExportState.CLAIMED) -> None:
    """Saves first versions."""
    for invoice_id in invoice_ids:
        exports.save(replace(CLAIMED, invoice_id=invoice_id, state=state), event=CLAIM)


def test_what_was_saved_is_read_back(exports: Exports) -> None:
    """Every field comes back as it was, with the event in the history."""
    exports.save(CLAIMED, event=CLAIM)

    assert exports.get("lagret", 1207) == replace(CLAIMED, history=(CLAIM,))


def test_an_unknown_invoice_is_none(exports: Exports) -> None:
    """There is no empty record; another integration's record is not this one's."""
    exports.save(CLAIMED, event=None)

    assert exports.get("lagret", 1) is None
    assert exports.get("norden", 1207) is None


def test_a_later_version_replaces_all_but_the_history(exports: Exports) -> None:
    """What is taken away is gone; the history only grows, whatever the caller held in hand."""
    exports.save(CLAIMED, event=CLAIM)
    exports.save(HELD, event=HOLD)

    exports.save(replace(CLAIMED, version=3, history=(HOLD, HOLD, HOLD)), event=None)

    assert exports.get("lagret", 1207) == replace(CLAIMED, version=3, history=(CLAIM, HOLD))


def test_one_of_two_claims_wins(exports: Exports) -> None:
    """The second claim of an invoice is refused, so only one posts."""
    exports.save(CLAIMED, event=CLAIM)

    with pytest.raises(ChangedMeanwhileError):
        exports.save(replace(CLAIMED, attempt_id="attempt-2"), event=CLAIM)
    stored = exports.get("lagret", 1207)
    assert stored is not None
    assert stored.attempt_id == "attempt-1"


@pytest.mark.parametrize("version", [1, 3])
def test_a_version_that_does_not_follow_is_refused(exports: Exports, version: int) -> None:
    """A writer that read an old record changes nothing."""
    exports.save(CLAIMED, event=CLAIM)

    with pytest.raises(ChangedMeanwhileError):
        exports.save(replace(HELD, version=version), event=HOLD)
    assert exports.get("lagret", 1207) == replace(CLAIMED, history=(CLAIM,))


def test_a_later_version_needs_an_earlier_one(exports: Exports) -> None:
    """A record that is gone is not made again by a step in its middle."""
    with pytest.raises(ChangedMeanwhileError):
        exports.save(HELD, event=HOLD)


def test_a_repeated_write_succeeds_and_its_event_stands_once(exports: Exports) -> None:
    """An answer that was lost is no conflict."""
    exports.save(CLAIMED, event=CLAIM)
    claimed = exports.save(CLAIMED, event=CLAIM)
    held = replace(HELD, chain=claimed.chain)
    first, again = exports.save(held, event=HOLD), exports.save(held, event=HOLD)

    assert exports.get("lagret", 1207) == replace(HELD, history=(CLAIM, HOLD))
    assert (first.chain, again.chain) == (again.chain, chain_in(exports))


def test_the_same_content_with_another_event_is_no_repeat(exports: Exports) -> None:
    """What one of two people did would otherwise be told as stored, and be missing."""
    claimed = exports.save(CLAIMED, event=CLAIM)
    exports.save(replace(HELD, chain=claimed.chain), event=HOLD)

    with pytest.raises(ChangedMeanwhileError):
        exports.save(replace(HELD, chain=claimed.chain), event=replace(HOLD, by="berta"))
    assert exports.get("lagret", 1207) == replace(HELD, history=(CLAIM, HOLD))


def chain_in(exports: Exports, invoice_id: int = 1207) -> Link | None:
    """As it is stored."""
    stored = exports.get("lagret", invoice_id)
    assert stored is not None
    return stored.chain


def test_the_chain_is_that_of_the_whole_history(exports: Exports) -> None:
    """Whoever reads the history can tell it; whoever reads the record without it goes on with it."""
    record = exports.save(CLAIMED, event=CLAIM)
    record = exports.save(replace(HELD, chain=record.chain), event=HOLD)
    quiet = exports.save(replace(record, version=3), event=None)
    found = exports.get_many("lagret", [1207])[1207]
    exports.save(replace(found, version=4), event=told(4))

    whole = exports.get("lagret", 1207)
    assert whole is not None
    assert (record.chain, found.chain) != (None, None)
    assert found.chain == quiet.chain
    assert whole.chain == link_of(whole) == Link(version=4, count=3, hash=[*chain(whole)][-1])


def test_a_writer_without_the_chain_that_is_stored_folds_the_history(exports: Exports) -> None:
    """Also across what was put aside: an older version of this program may have written in between."""
    record = CLAIMED
    for version in range(1, EVENTS_PER_ITEM + 5):
        record = exports.save(replace(record, version=version), event=told(version))
    stale = Link(version=3, count=3, hash=b"of a version that is no longer")
    last = record.version + 1
    exports.save(replace(record, version=last, chain=stale), event=told(last))

    whole = exports.get("lagret", 1207)
    assert whole is not None
    assert whole.chain == link_of(whole)
    assert len(whole.history) == last


def told(number: int) -> HistoryEvent:
    """The event of one version."""
    return HistoryEvent(
        at=START + timedelta(seconds=number), kind=EventKind.UPDATED, by="schedule", net=Decimal(number)
    )


@LONG
def test_a_long_history_is_kept_whole_and_in_order(exports: Exports) -> None:
    """With steps that tell nothing, repeated writes, and losers where it moves on to another item."""
    last = 2 * EVENTS_PER_ITEM + 1
    events = {version: told(version) for version in range(1, last + 1) if version % 10}
    before = None
    for version in range(1, last + 1):
        link = None
        for _ in range(2 if version % EVENTS_PER_ITEM < 2 else 1):
            link = exports.save(replace(CLAIMED, version=version, chain=before), event=events.get(version)).chain
        before = link
        if version % EVENTS_PER_ITEM == 0:
            with pytest.raises(ChangedMeanwhileError):
                exports.save(replace(HELD, version=version), event=HOLD)
    exports.save(replace(CLAIMED, invoice_id=120), event=CLAIM)

    assert exports.get("lagret", 1207) == replace(CLAIMED, version=last, history=tuple(events.values()))
    assert exports.get("lagret", 120) == replace(CLAIMED, invoice_id=120, history=(CLAIM,))
    assert [export.invoice_id for export in exports.page("lagret", limit=9)[0]] == [1207, 120]


def test_one_of_many_claims_of_a_moment_wins(atomic_aws: Aws | None, exports: Exports) -> None:
    """Eight workers claim one invoice: exactly one may post it."""
    claims = [replace(CLAIMED, attempt_id=str(worker)) for worker in range(8)]

    results = together([partial(exports.save, claim, event=CLAIM) for claim in claims])

    winners = [str(worker) for worker, result in enumerate(results) if isinstance(result, Export)]
    stored = exports.get("lagret", 1207)
    assert stored is not None
    assert winners == [stored.attempt_id]


def test_many_are_read_at_once(exports: Exports) -> None:
    """More than one batch, repeated ids, absent ids; histories are left out."""
    saved(exports, 1, 100, 101, 230)

    found = exports.get_many("lagret", [*range(1, 251), 1, 2])

    assert sorted(found) == [1, 100, 101, 230]
    assert found[230] == replace(CLAIMED, invoice_id=230)


def test_none_are_read_at_once(exports: Exports) -> None:
    """Nothing asked, nothing given."""
    assert exports.get_many("lagret", []) == {}


def test_pages_give_every_export_once_newest_first(exports: Exports) -> None:
    """By number, not by text; each page continues where the last one ended; other integrations stay out."""
    saved(exports, 9, 10, 100, 99, 1_000_000_000)
    exports.save(replace(CLAIMED, integration_id="norden", invoice_id=50), event=None)
    exports.save_register("lagret", Register(units={"st": "2026-03-03"}))

    first, after_first = exports.page("lagret", limit=2)
    second, after_second = exports.page("lagret", limit=2, after=after_first)
    third, after_third = exports.page("lagret", limit=2, after=after_second)

    ids = [[export.invoice_id for export in page] for page in (first, second, third)]
    assert ids == [[1_000_000_000, 100], [99, 10], [9]]
    assert after_third is None
    assert first[1] == replace(CLAIMED, invoice_id=100)


def test_a_full_last_page_is_the_last(exports: Exports) -> None:
    """Nobody is led to an empty page."""
    saved(exports, 1, 2)

    page, after = exports.page("lagret", limit=2)

    assert [export.invoice_id for export in page] == [2, 1]
    assert after is None


def test_a_page_can_start_after_an_id_that_is_not_there(exports: Exports) -> None:
    """A link that is older than the records still works."""
    saved(exports, 1, 2, 5)

    page, after = exports.page("lagret", limit=5, after=4)

    assert [export.invoice_id for export in page] == [2, 1]
    assert after is None


def test_pages_of_one_state_are_full_too(exports: Exports) -> None:
    """Records in other states do not use up the page."""
    saved(exports, *range(1, 8))
    saved(exports, 10, 20, 30, state=ExportState.HELD)

    first, after = exports.page("lagret", limit=2, state=ExportState.HELD)
    second, end = exports.page("lagret", limit=2, after=after, state=ExportState.HELD)

    assert [export.invoice_id for export in first] == [30, 20]
    assert [export.invoice_id for export in second] == [10]
    assert end is None


def test_the_register_is_remembered_per_integration(exports: Exports) -> None:
    """The last one saved counts; without one there is an empty one."""
    register = Register(
        customers={"88": (CUSTOMER, "2026-03-03T08:00:00+00:00")},
        articles={"PLOCK Å/1": "2026-03-03T08:00:00+00:00"},
        units={"st": "2026-03-03T08:00:00+00:00"},
        without_vat_until="2026-03-03T08:00:00+00:00",
    )
    exports.save_register("lagret", Register(articles={"OLD": "2026-01-01"}))
    exports.save_register("lagret", register)

    assert exports.register("lagret") == register
    assert exports.register("norden") == Register()


def test_what_was_agreed_is_kept_for_each_pair(exports: Exports) -> None:
    """The last word on a goods owner and a customer number counts; others are not touched."""
    agreed = Agreement(
        goods_owner="Kaffe & Kakao",
        customer_number="1001",
        customer_name="KK Import AB",
        organisation_number="556111-1111",
        by="anna",
        at=START,
        without_vat=frozenset({3004}),
    )
    other = replace(agreed, customer_number="1002", by="", without_vat=frozenset())
    exports.agree("lagret", replace(agreed, customer_name="Old name"))
    exports.agree("lagret", agreed)
    exports.agree("lagret", other)

    assert sorted(exports.agreements("lagret"), key=lambda one: one.customer_number) == [agreed, other]
    assert list(exports.agreements("norden")) == []


def test_open_invoices_are_replaced(exports: Exports) -> None:
    """None at first; thousands of them are one item, and each integration has its own."""
    assert exports.open_invoices("lagret") == frozenset()
    many = frozenset(range(1_000_000, 1_010_000))
    exports.save_open_invoices("lagret", many)
    assert exports.open_invoices("lagret") == many
    exports.save_open_invoices("lagret", {7})

    assert exports.open_invoices("lagret") == {7}
    assert exports.open_invoices("norden") == frozenset()


def test_the_last_outlook_is_kept(exports: Exports) -> None:
    """With all that it found; none at first, and each integration has its own."""
    unknown = Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"customer_number": "88", "goods_owner": "Å & Ö <AB>"})
    trouble = Trouble(issue=unknown, owners=("Å & Ö <AB>",), owner_count=3, work=Work(count=1, sums={"EUR": ONE_ORE}))
    outlook = Outlook(
        at=START,
        first=date(2026, 4, 1),
        gathering=Work(count=7, sums={"EUR": ONE_ORE, "SEK": Decimal("12345678901.05")}),
        goods_owners=4,
        price_lists=3,
        troubles=(trouble, Trouble(issue=Issue(code=IssueCode.LICENCE_MISSING), owners=(), owner_count=0)),
        trouble_count=2,
        later_count=1,
        unseen=(Unseen.ACCOUNTS, Unseen.FORTNOX),
        told=("0a1b2c",),
    )
    before = exports.outlook("lagret")
    exports.save_outlook("lagret", Outlook(at=START, first=date(2026, 3, 1)))
    exports.save_outlook("lagret", outlook)

    assert before is None
    assert exports.outlook("lagret") == outlook
    assert exports.outlook("norden") is None


def test_what_became_of_an_invoice_is_read_back(exports: Exports) -> None:
    """With its amounts to the öre and its dates."""
    settled = Settlement(
        number="7",
        at=START,
        total=Decimal("1275.00"),
        balance=Decimal("-0.01"),
        booked=True,
        sent=False,
        cancelled=False,
        due_date=date(2026, 4, 1),
        net=Decimal("1020.00"),
        credit_note="8",
        credited=Decimal(5),
    )
    sending = Sending(
        by=SendBy.E_INVOICE,
        at=START + timedelta(hours=20),
        turn=3,
        asked=True,
        problem=Issue(code=IssueCode.SEND_REFUSED, params={"message": "Nej"}),
        problem_since=START,
    )
    exports.save(replace(CLAIMED, settled=settled, sending=sending), event=None)

    found = exports.get("lagret", 1207)

    assert found is not None
    assert (found.settled, found.sending) == (settled, sending)


@LONG
def test_histories_are_those_of_each_record_page_by_page(exports: Exports) -> None:
    """However often an invoice was written: parts that were put aside come first."""
    for invoice_id in (1, 2, 1207):
        for version in range(1, 4 if invoice_id == 1 else 2 * EVENTS_PER_ITEM + 4):
            one = replace(HELD, invoice_id=invoice_id, version=version)
            exports.save(one, event=replace(HOLD, at=START + timedelta(seconds=version)))
    first, after = exports.histories("lagret", limit=2)
    rest, end = exports.histories("lagret", limit=2, after=after)

    assert [one.invoice_id for one in (*first, *rest)] == [1207, 2, 1]
    assert [len(one.history) for one in (*first, *rest)] == [2 * EVENTS_PER_ITEM + 3] * 2 + [3]
    assert [*first, *rest] == [exports.get("lagret", invoice_id) for invoice_id in (1207, 2, 1)]
    assert (after, end) == (2, None)
    oldest, after = exports.histories("lagret", limit=2, oldest_first=True)
    latest, end = exports.histories("lagret", limit=2, after=after, oldest_first=True)
    assert [*oldest, *latest] == [exports.get("lagret", invoice_id) for invoice_id in (1, 2, 1207)]
    assert (after, end) == (2, None)
    assert exports.histories("nobody", limit=2) == ([], None)
