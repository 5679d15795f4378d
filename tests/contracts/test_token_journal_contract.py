"""The port TokenJournal: what its fake and its real adapter both promise."""

from datetime import timedelta

import pytest
from invoicing.adapters.aws.journal import S3TokenJournal
from invoicing.application.ports import JournalEntry, TokenJournal

from tests.support.aws import Aws
from tests.support.fakes import START, FakeTokenJournal

FIRST = JournalEntry(attempt_id="attempt-b", blob=b"\x00sealed\xff", received_at=START)
SECOND = JournalEntry(attempt_id="attempt-a", blob=b"sealed too", received_at=START + timedelta(microseconds=1))


@pytest.fixture
def journal(aws: Aws | None) -> TokenJournal:
    """An empty journal."""
    return FakeTokenJournal() if aws is None else S3TokenJournal(aws.s3, aws.bucket())


def test_answers_are_found_oldest_first(journal: TokenJournal) -> None:
    """Bytes, attempt and moment come back as they were."""
    journal.record("lagret", "chain-1", 1, SECOND)
    journal.record("lagret", "chain-1", 1, FIRST)

    assert journal.find("lagret", "chain-1", 1) == [FIRST, SECOND]


def test_answers_of_other_versions_are_not_found(journal: TokenJournal) -> None:
    """Version 1 is not version 10; other chains and integrations stay out."""
    journal.record("lagret", "chain-1", 10, FIRST)
    journal.record("lagret", "chain-2", 1, FIRST)
    journal.record("norden", "chain-1", 1, FIRST)

    assert journal.find("lagret", "chain-1", 1) == []


def test_an_answer_is_written_once(journal: TokenJournal) -> None:
    """The same attempt again succeeds, and what was written first stays."""
    journal.record("lagret", "chain-1", 1, FIRST)
    journal.record("lagret", "chain-1", 1, JournalEntry(attempt_id="attempt-b", blob=b"x", received_at=START))

    assert journal.find("lagret", "chain-1", 1) == [FIRST]


def test_an_intent_is_no_answer(journal: TokenJournal) -> None:
    """The proof that the journal takes writes, also a repeated one, is never taken for a pair."""
    journal.record_intent("lagret", "chain-1", 1, "attempt-b")
    journal.record_intent("lagret", "chain-1", 1, "attempt-b")

    assert journal.find("lagret", "chain-1", 1) == []
