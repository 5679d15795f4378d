"""Messages of a batch: beside each other, in order within an integration, each with its own failure."""

import threading

import pytest
from invoicing.application.sync_integration import SECONDS_TO_END
from invoicing.runtime.beside_each_other import SHARED_SECONDS, QueueMessage, share_of, work_off


def messages(*groups: str) -> list[QueueMessage]:
    """One message per group named, in this order."""
    return [QueueMessage(id=f"{number}", group=group, body="") for number, group in enumerate(groups)]


def test_integrations_wait_for_their_answers_together() -> None:
    """Each is begun before any has ended."""
    together = threading.Barrier(10, timeout=20)

    def act(_message: QueueMessage) -> None:
        together.wait()

    work_off(messages(*"abcdefghij"), act, report=lambda *_: None)

    assert not together.broken


def test_messages_of_one_integration_are_in_order_and_never_together() -> None:
    """Two runs of one integration could send an invoice twice."""
    seen: dict[str, list[str]] = {"a": [], "b": []}
    under_way: list[str] = []

    def act(message: QueueMessage) -> None:
        assert message.group not in under_way
        under_way.append(message.group)
        seen[message.group].append(message.id)
        under_way.remove(message.group)

    assert work_off(messages("a", "b", "a", "a", "b"), act, report=lambda *_: None) == []
    assert seen == {"a": ["0", "2", "3"], "b": ["1", "4"]}


@pytest.mark.parametrize("alone", [False, True])
def test_what_fails_comes_again_with_what_stands_behind_it_and_nothing_else(alone: bool) -> None:
    """And it is told: in a batch, Lambda counts no error."""
    told: list[str] = []

    def act(message: QueueMessage) -> None:
        if message.id == "1":
            raise ValueError("a defect")

    batch = messages("a", "a", "a") if alone else messages("a", "a", "b", "a", "b")
    failed = work_off(batch, act, report=lambda event, fields: told.append(f"{event} {fields['integration']}"))

    assert failed == (["1", "2"] if alone else ["1", "3"])
    assert told == ["our_defect a"]


def test_one_of_several_begins_nothing_after_its_share_and_one_alone_has_all_the_time() -> None:
    """A long backlog goes on in a message of its own, and keeps nobody who came with it."""
    clock = [300.0]
    shared, alone = share_of(lambda: clock[0], groups=2), share_of(lambda: clock[0], groups=1)
    clock[0] -= SHARED_SECONDS - 1
    within = shared()
    clock[0] -= 1

    assert within == 300.0 - SHARED_SECONDS + 1
    assert shared() < SECONDS_TO_END <= alone()
