"""The ports Checkpoints and Anchors: what their fakes and their real adapters both promise."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from invoicing.adapters.aws.anchors import S3Anchors
from invoicing.adapters.aws.checkpoints import DynamoCheckpoints
from invoicing.application.ports import Anchors, Checkpoints
from invoicing.domain.checkpoint import MOST_HEADS, Anchor, Checkpoint, Head, LastCheckpoint, first_hash
from invoicing.domain.flaw import Acknowledgement, Break, Flaw

from tests.support.aws import Aws
from tests.support.fakes import START, FakeAnchors, FakeCheckpoints
from tests.support.together import together

HEAD = Head(invoice_id=1207, version=4, count=3, hash=bytes(range(32)), facts=bytes(range(100, 116)))
FIRST = Checkpoint(number=1, at=START, program="7", heads=(HEAD,)).after(first_hash("lagret"))
SECOND = Checkpoint(
    number=2, at=START + timedelta(days=1), program="8", anchored=date(2026, 3, 3), heads=(replace(HEAD, version=5),)
).after(FIRST.hash)
ANCHOR = Anchor(day=date(2026, 3, 3), number=1, hash=FIRST.hash)


@pytest.fixture
def checkpoints(aws: Aws | None) -> Checkpoints:
    """None stored."""
    return FakeCheckpoints() if aws is None else DynamoCheckpoints(aws.dynamodb, aws.table("ExportsTable"))


@pytest.fixture
def anchors(aws: Aws | None) -> Anchors:
    """None stored."""
    return FakeAnchors() if aws is None else S3Anchors(aws.s3, aws.bucket())


def test_checkpoints_are_read_back_in_order(checkpoints: Checkpoints) -> None:
    """Each of its own integration, byte for byte."""
    assert checkpoints.add("lagret", FIRST)
    assert checkpoints.add("lagret", SECOND)
    assert checkpoints.add("norden", replace(FIRST, program="9"))

    assert [*checkpoints.all("lagret")] == [FIRST, SECOND]
    assert [one.program for one in checkpoints.all("norden")] == ["9"]
    assert [*checkpoints.all("nobody")] == []


def test_who_answers_for_what_is_broken_is_read_back(checkpoints: Checkpoints) -> None:
    """With every kind of place."""
    breaks = (
        Break(flaw=Flaw.EVENT_CHANGED, invoice_id=1207, first=1, last=3, checkpoint=2),
        Break(flaw=Flaw.CHECKPOINTS_END_EARLY, first=3, last=9, day=date(2026, 3, 3)),
    )
    known = Acknowledgement(by="service operator", why="a table was restored", breaks=breaks)
    made = Checkpoint(number=3, at=START, program="", heads=(HEAD,), acknowledged=known).after(SECOND.hash)
    checkpoints.add("lagret", made)

    assert [*checkpoints.all("lagret")] == [made]
    assert made.after(SECOND.hash).hash == made.hash


def test_the_last_one_is_what_is_gone_on_from(checkpoints: Checkpoints) -> None:
    """With more than nine, as numbers and not as texts."""
    assert checkpoints.last("lagret") is None
    for number in range(1, 12):
        checkpoints.add("lagret", replace(SECOND, number=number))

    assert checkpoints.last("lagret") == LastCheckpoint(
        number=11, hash=SECOND.hash, at=SECOND.at, anchored=date(2026, 3, 3)
    )


def test_a_checkpoint_is_written_once(checkpoints: Checkpoints) -> None:
    """Another of the same number is refused; the same one again is a repeat."""
    checkpoints.add("lagret", FIRST)

    assert checkpoints.add("lagret", FIRST)
    assert not checkpoints.add("lagret", replace(FIRST, program="x").after(first_hash("lagret")))
    assert [*checkpoints.all("lagret")] == [FIRST]


def test_one_of_many_checkpoints_of_a_moment_is_written(atomic_aws: Aws | None, checkpoints: Checkpoints) -> None:
    """Whoever comes late is told so."""
    many = [replace(FIRST, program=str(number)).after(first_hash("lagret")) for number in range(8)]

    results = together([partial(checkpoints.add, "lagret", one) for one in many])

    (stored,) = checkpoints.all("lagret")
    assert [one for one, added in zip(many, results, strict=True) if added] == [stored]


def test_as_many_heads_as_one_has_fit(checkpoints: Checkpoints) -> None:
    """Of invoices with long ids and hashes that no compression makes smaller."""
    heads = tuple(
        replace(HEAD, invoice_id=10**11 + number, hash=first_hash(f"{number}"), facts=first_hash(f"{number}f")[:16])
        for number in range(MOST_HEADS)
    )
    full = replace(FIRST, heads=heads)

    assert checkpoints.add("lagret", full)
    assert [*checkpoints.all("lagret")] == [full]


def test_one_that_stands_for_forgotten_ones_says_so(checkpoints: Checkpoints) -> None:
    """It goes on from the last of them."""
    forgotten = replace(SECOND, heads=(), forgotten=FIRST.hash)
    checkpoints.add("lagret", forgotten)

    assert [*checkpoints.all("lagret")] == [forgotten]


def test_anchors_are_kept_once_and_read_in_order(anchors: Anchors) -> None:
    """Days, numbers and hashes come back as they were; of this integration alone."""
    later = Anchor(day=date(2026, 3, 4), number=12, hash=SECOND.hash)
    anchors.keep("lagret", later)
    anchors.keep("lagret", ANCHOR)
    anchors.keep("lagret", ANCHOR)
    anchors.keep("lagret2", ANCHOR)

    assert anchors.all("lagret") == [ANCHOR, later]
    assert anchors.all("nobody") == []
