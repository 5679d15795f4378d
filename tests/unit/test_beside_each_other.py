"""Messages of a batch: beside each other, in order within an integration, each with its own failure."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from invoicing.application.steer_run import SECONDS_TO_END
from invoicing.runtime.beside_each_other import SHARED_SECONDS, QueueMessage, share_of, work_off


def messages(*groups: str) -> list[QueueMessage]:
    """One message per group named, in this order."""
    return [QueueMessage(id=f"{number}", group=group, body="") for number, group in enumerate(groups)]


def never(_messages: Sequence[QueueMessage]) -> None:
    """What is new is told to the queue at the end, all at once."""
    raise AssertionError


def test_integrations_wait_for_their_answers_together() -> None:
    """Each is begun before any has ended."""
    together = threading.Barrier(10, timeout=20)

    def act(_message: QueueMessage) -> None:
        together.wait()

    work_off(messages(*"abcdefghij"), act, report=lambda *_: None, done=never)

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

    assert work_off(messages("a", "b", "a", "a", "b"), act, report=lambda *_: None, done=never) == []
    assert seen == {"a": ["0", "2", "3"], "b": ["1", "4"]}


@pytest.mark.parametrize("alone", [False, True])
def test_what_fails_comes_again_with_what_stands_behind_it_and_nothing_else(alone: bool) -> None:
    """And it is told: in a batch, Lambda counts no error."""
    told: list[str] = []

    def act(message: QueueMessage) -> None:
        if message.id == "1":
            raise ValueError("a defect")

    batch = messages("a", "a", "a") if alone else messages("a", "a", "b", "a", "b")
    failed = work_off(
        batch, act, report=lambda event, fields: told.append(f"{event} {fields['integration']}"), done=never
    )

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


class KilledError(BaseException):
    """The process ends; nobody can catch it."""


def test_what_kills_its_process_takes_nobody_with_it() -> None:
    """One of ten kills the process each time: the others are done at the third delivery at the latest."""
    waiting = messages(*"abcdefghij")
    done: list[str] = []

    def act(message: QueueMessage) -> None:
        if message.group == "d":
            raise KilledError

    def remove(ended: Sequence[QueueMessage]) -> None:
        done.extend(one.group for one in ended)

    deliveries = 1
    while len(waiting) > 1:
        with pytest.raises(KilledError):
            work_off([replace(one, deliveries=deliveries) for one in waiting], act, report=lambda *_: None, done=remove)
        waiting = [one for one in waiting if one.group not in done]
        deliveries += 1

    assert deliveries <= 4
    assert [one.group for one in waiting] == ["d"]
    assert sorted(done) == list("abcefghij")


def test_what_is_new_is_done_before_what_may_kill() -> None:
    """Beside each other, and told to the queue at once."""
    batch = messages(*"abc")
    batch[1] = replace(batch[1], deliveries=2)
    story: list[str] = []
    work_off(
        batch,
        lambda message: story.append(message.group),
        report=lambda *_: None,
        done=lambda ended: story.append(f"done {''.join(one.group for one in ended)}"),
    )

    assert sorted(story[:2]) == ["a", "c"]
    assert story[2:] == ["done ac", "b"]


def test_what_failed_is_not_done() -> None:
    """It comes again."""
    batch = [replace(one, deliveries=2) for one in messages("a", "b", "c")]
    done: list[str] = []

    def act(message: QueueMessage) -> None:
        if message.group == "b":
            raise ValueError("a defect")

    failed = work_off(batch, act, report=lambda *_: None, done=lambda ended: done.extend(one.group for one in ended))

    assert failed == ["1"]
    assert done == ["a"]  # c is told by the answer of the invocation
