"""The port Notices: what its fake and its real adapter both promise."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.application.ports import ChangedMeanwhileError, Notices
from invoicing.domain.notice import Notice, NoticeKind

from tests.support.aws import Aws
from tests.support.fakes import START, FakeNotices
from tests.support.together import together

DAY = timedelta(days=1)
NOTICE = Notice(
    id="broken#lagret#2026-03-02T08:00:00.000000Z",
    integration_id="lagret",
    kind=NoticeKind.BROKEN,
    created_at=START,
    params={"company": "Lager & Son AB", "empty": ""},
    due_at=START + DAY,
)


@pytest.fixture
def notices(aws: Aws | None) -> Notices:
    """An empty outbox."""
    return FakeNotices() if aws is None else DynamoNotices(aws.dynamodb, aws.table("NoticesTable"))


def test_a_notice_is_put_once(notices: Notices) -> None:
    """The same problem again says that it is not new, and changes nothing."""
    first = notices.put_once(NOTICE)
    same = notices.put_once(NOTICE)
    other = notices.put_once(replace(NOTICE, created_at=START + DAY, params={}))

    assert (first, same, other) == (True, False, False)
    assert notices.get(NOTICE.id) == NOTICE


def test_an_unknown_notice_is_none(notices: Notices) -> None:
    """There is no empty notice, and closing it closes nothing."""
    assert notices.get("x") is None
    assert not notices.close("x")


def test_one_of_many_puts_of_a_moment_is_new(atomic_aws: Aws | None, notices: Notices) -> None:
    """Eight workers find the same problem: one mail."""
    results = together([partial(notices.put_once, NOTICE)] * 8)

    assert results.count(True) == 1
    assert results.count(False) == 7


def test_sent_mails_are_remembered(notices: Notices) -> None:
    """In order, with the time of the next reminder, or none."""
    notices.put_once(NOTICE)
    notices.record_sent(NOTICE, at=START, due_at=START + 2 * DAY)
    once = notices.get(NOTICE.id)
    assert once is not None
    notices.record_sent(once, at=START + DAY, due_at=None)

    assert once == replace(NOTICE, sent=(START,), due_at=START + 2 * DAY)
    assert notices.get(NOTICE.id) == replace(NOTICE, sent=(START, START + DAY), due_at=None)


def test_who_saw_fewer_mails_is_refused(notices: Notices) -> None:
    """Two senders of one reminder: the second learns that it was the second, at the same moment too."""
    notices.put_once(NOTICE)
    notices.record_sent(NOTICE, at=START, due_at=None)

    with pytest.raises(ChangedMeanwhileError):
        notices.record_sent(NOTICE, at=START, due_at=None)
    assert notices.get(NOTICE.id) == replace(NOTICE, sent=(START,), due_at=None)


def test_nothing_is_sent_for_an_unknown_notice(notices: Notices) -> None:
    """No half notice is left behind."""
    with pytest.raises(ChangedMeanwhileError):
        notices.record_sent(NOTICE, at=START, due_at=None)
    assert notices.get(NOTICE.id) is None


def test_a_notice_is_closed_once(notices: Notices) -> None:
    """No more reminders; a second close says that it was closed."""
    notices.put_once(NOTICE)

    first = notices.close(NOTICE.id)
    second = notices.close(NOTICE.id)

    assert (first, second) == (True, False)
    assert notices.get(NOTICE.id) == replace(NOTICE, closed=True, due_at=None)


def test_a_mail_that_crossed_a_close_is_recorded_without_a_reminder(notices: Notices) -> None:
    """The problem was solved while its mail went out."""
    notices.put_once(NOTICE)
    notices.close(NOTICE.id)

    notices.record_sent(NOTICE, at=START, due_at=START + DAY)

    assert notices.get(NOTICE.id) == replace(NOTICE, closed=True, sent=(START,), due_at=None)
    assert list(notices.due(START + 30 * DAY)) == []


def test_reminders_are_due_at_their_time(notices: Notices) -> None:
    """Longest waiting first; without a time, never; closed, never."""
    notices.put_once(replace(NOTICE, id="second"))
    notices.put_once(replace(NOTICE, id="first", due_at=START))
    notices.put_once(replace(NOTICE, id="later", due_at=START + DAY + timedelta(microseconds=1)))
    notices.put_once(replace(NOTICE, id="never", due_at=None))
    notices.put_once(replace(NOTICE, id="closed"))
    notices.close("closed")

    assert list(notices.due(START + DAY)) == ["first", "second"]


def test_the_notices_of_one_integration_are_found(notices: Notices) -> None:
    """The newest first, whether due, closed or neither, and nobody else's."""
    notices.put_once(replace(NOTICE, id="old"))
    notices.put_once(replace(NOTICE, id="new", created_at=START + DAY, due_at=None))
    notices.put_once(replace(NOTICE, id="closed", created_at=START + DAY / 2))
    notices.close("closed")
    notices.put_once(replace(NOTICE, id="other", integration_id="lagret-2"))

    assert list(notices.of("lagret")) == ["new", "closed", "old"]
    assert list(notices.of("nobody")) == []


def test_one_of_many_senders_of_a_moment_wins(atomic_aws: Aws | None, notices: Notices) -> None:
    """Eight functions send the same reminder: one may record it."""
    notices.put_once(NOTICE)

    results = together([partial(notices.record_sent, NOTICE, at=START, due_at=None)] * 8)

    assert results.count(None) == 1
    assert notices.get(NOTICE.id) == replace(NOTICE, sent=(START,), due_at=None)
