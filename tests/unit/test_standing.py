"""domain/standing: one answer to *is everything all right?*, the gravest first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.domain.decision import Decision, Way
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import LATE_AFTER, Company, Integration, IntegrationStatus, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.look import Look
from invoicing.domain.standing import Situation, Standing, Tone, standing_of
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus
from invoicing.domain.work import Work

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RUN = NOW - timedelta(minutes=5)
LOOK = Look(at=RUN)
LATER = Work(count=60, sums={"SEK": Decimal(6000)})
DUE = Work(count=2, sums={"SEK": Decimal("84.50")})
ACTIVE = Integration(
    id="nordlager",
    status=IntegrationStatus.ACTIVE,
    company=Company(tenant_id="1", name="Nordlager 3PL AB", organisation_number="556677-8899"),
    wms_username="fortnox-api",
    wms_password=b"",
    settings=IntegrationSettings(from_date=date(2026, 1, 1), problem_address="a@b.example"),
    connected_at=NOW - timedelta(days=30),
    status_since=NOW - timedelta(days=30),
)
KEYS = TokenItem(
    integration_id="nordlager",
    chain_id="c",
    ver=1,
    mode=Mode.SERVICE,
    status=TokenStatus.ACTIVE,
    tenant_id="1",
    blob=None,
    blob_at=NOW,
)


def ran(problem: IssueCode | None = None, look: Look | None = LOOK, at: datetime = RUN) -> RunSummary:
    """A run that ended; its problem was met first three hours before."""
    return RunSummary(
        started_at=at,
        finished_at=at,
        seen=0,
        waiting=0,
        sent=0,
        updated=0,
        held=0,
        failed=0,
        problem=Issue(code=problem) if problem else None,
        problem_since=at - timedelta(hours=3) if problem else None,
        look=look,
    )


def record(invoice_id: int, state: ExportState, code: IssueCode = IssueCode.NO_ROWS) -> Export:
    """An unfinished invoice of 100 kronor."""
    return Export(
        integration_id="nordlager",
        invoice_id=invoice_id,
        state=state,
        version=1,
        reference="",
        amount=Decimal(100),
        currency="SEK",
        issue=Issue(code=code) if state is ExportState.HELD else None,
        issue_since=NOW,
    )


HELD = record(7, ExportState.HELD)


def standing(run: RunSummary | None, *records: Export, keys: TokenItem | None = KEYS, **changes: Any) -> Standing:
    """How an integration with this last run and these unfinished records stands."""
    return standing_of(replace(ACTIVE, last_run=run, **changes), keys, records, now=NOW)


PAUSED: dict[str, Any] = {
    "status": IntegrationStatus.PAUSED,
    "status_since": NOW - timedelta(days=2),
    "status_by": "anna",
}
# Each with everything below it being the case too: the gravest is told.
IN_ORDER: list[tuple[Situation, Tone, Standing]] = [
    (
        Situation.APPROVAL_ENDED,
        Tone.BAD,
        standing(ran(IssueCode.WMS_LOGIN_REFUSED), HELD, broken_since=NOW - timedelta(hours=1), **PAUSED),
    ),
    (Situation.APPROVAL_ENDED, Tone.BAD, standing(ran(), HELD, keys=None)),
    (Situation.APPROVAL_ENDED, Tone.BAD, standing(ran(), keys=replace(KEYS, status=TokenStatus.BROKEN))),
    (Situation.STOPPED, Tone.BAD, standing(ran(IssueCode.WMS_LOGIN_REFUSED), HELD, **PAUSED)),
    (Situation.STOPPED, Tone.BAD, standing(ran(IssueCode.LICENCE_MISSING), HELD)),
    (Situation.STOPPED, Tone.BAD, standing(ran(IssueCode.SCOPE_MISSING), HELD)),
    (Situation.TO_TRY, Tone.WARN, standing(None, to_try=True, **PAUSED)),
    (Situation.PAUSED, Tone.WARN, standing(ran(IssueCode.WMS_NOT_ANSWERING), HELD, **PAUSED)),
    (Situation.LATE, Tone.BAD, standing(ran(IssueCode.WMS_NOT_ANSWERING, at=NOW - 2 * LATE_AFTER), HELD)),
    (Situation.LATE, Tone.BAD, standing(None, HELD)),
    (
        Situation.NOT_ANSWERING,
        Tone.BAD,
        standing(ran(IssueCode.WMS_NOT_ANSWERING), HELD, keys=replace(KEYS, status=TokenStatus.UNCERTAIN)),
    ),
    (Situation.NOT_ANSWERING, Tone.BAD, standing(ran(IssueCode.FORTNOX_NOT_ANSWERING), HELD)),
    (Situation.CHECKING, Tone.WARN, standing(ran(), HELD, keys=replace(KEYS, status=TokenStatus.UNCERTAIN))),
    (Situation.HELD, Tone.WARN, standing(ran(), HELD, record(8, ExportState.CLAIMED))),
    (Situation.HELD, Tone.WARN, standing(ran(look=replace(LOOK, unreadable=1)))),
    (
        Situation.WORKS_AGAIN,
        Tone.CALM,
        standing(ran(IssueCode.WMS_LOGIN_REFUSED), record(8, ExportState.CLAIMED), login_at=NOW),
    ),
    (Situation.WORKS_AGAIN, Tone.CALM, standing(ran(IssueCode.CONNECTION_BROKEN), record(8, ExportState.CLAIMED))),
    (Situation.NOT_BEGUN, Tone.CALM, standing(None, status_since=RUN)),
    (Situation.ON_THE_WAY, Tone.CALM, standing(ran(), record(8, ExportState.CLAIMED))),
    (Situation.ON_THE_WAY, Tone.CALM, standing(ran(look=replace(LOOK, due=DUE)))),
    (Situation.ALL_SENT, Tone.GOOD, standing(ran(look=replace(LOOK, later=LATER)))),
]


@pytest.mark.parametrize(("situation", "tone", "seen"), IN_ORDER, ids=lambda one: getattr(one, "value", ""))
def test_the_gravest_is_told(situation: Situation, tone: Tone, seen: Standing) -> None:
    """Whatever else is the case; and its colour is that of the sentence."""
    assert (seen.situation, seen.tone) == (situation, tone)


def test_every_situation_is_among_them_in_the_order_of_its_gravity() -> None:
    """The list above leaves none out."""
    assert list(dict.fromkeys(situation for situation, _, _ in IN_ORDER)) == list(Situation)


def test_nothing_is_green_but_what_needs_nobody() -> None:
    """Green means: sent, and no question open."""
    assert {situation for situation, tone, _ in IN_ORDER if tone is Tone.GOOD} == {Situation.ALL_SENT}


def test_a_stop_is_told_since_the_first_run_that_it_met() -> None:
    """Not since the last one, which is a quarter of an hour ago at most."""
    assert standing(ran(IssueCode.LICENCE_MISSING)).since == RUN - timedelta(hours=3)


def test_a_pause_is_told_with_when_and_by_whom() -> None:
    """As the colleague asks who did it."""
    seen = standing(ran(), **PAUSED)

    assert (seen.since, seen.by) == (NOW - timedelta(days=2), "anna")


def test_a_pause_is_told_although_something_graver_stops_all() -> None:
    """Who mends the password finds that it is paused besides."""
    seen = standing(ran(IssueCode.WMS_LOGIN_REFUSED), **PAUSED)

    assert (seen.situation, seen.halted) == (Situation.STOPPED, Situation.PAUSED)


def test_after_a_long_pause_nobody_is_late() -> None:
    """The look that is awaited is the first after the pause."""
    assert standing(ran(at=NOW - timedelta(days=9)), status_since=NOW).situation is Situation.ALL_SENT


def test_what_heals_by_itself_is_no_thing_to_do() -> None:
    """Ongoing that does not answer needs nobody; its refused password does."""
    healing, refused = standing(ran(IssueCode.WMS_NOT_ANSWERING)), standing(ran(IssueCode.WMS_LOGIN_REFUSED))

    assert (healing.things_to_do, refused.things_to_do) == (0, 1)


def test_what_was_decided_no_longer_stops() -> None:
    """The next run carries it out."""
    decided = replace(HELD, decision=Decision(way=Way.KEEP, by="anna", at=NOW))
    seen = standing(ran(), decided)

    assert (seen.situation, seen.things_to_do, seen.waiting.count) == (Situation.ON_THE_WAY, 0, 1)


def test_numbers_come_from_records_and_from_the_last_look() -> None:
    """Whatever the last run did; all together is what Fortnox lacks."""
    look = Look(at=RUN, due=DUE, later=LATER)
    seen = standing(ran(IssueCode.WMS_NOT_ANSWERING, look), HELD, record(8, ExportState.SENT))

    assert seen.held == Work(count=1, sums={"SEK": Decimal(100)})
    assert seen.waiting == Work(count=3, sums={"SEK": Decimal("184.50")})
    assert seen.later == LATER
    assert seen.unsent == Work(count=64, sums={"SEK": Decimal("6284.50")})
    assert seen.looked_at == RUN


@pytest.mark.parametrize(
    ("changes", "next_look"),
    [({}, RUN + timedelta(minutes=15)), (PAUSED, None), ({"broken_since": NOW}, None)],
    ids=["runs", "paused", "broken"],
)
def test_a_next_look_is_promised_only_where_there_will_be_one(
    changes: dict[str, Any], next_look: datetime | None
) -> None:
    """Nobody waits for what does not come."""
    assert standing(ran(), **changes).next_look == next_look
