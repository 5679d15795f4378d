"""A system that the product is not told about: it is understood, or a person is told. Nothing is silently nothing."""

import pytest

from local.first_contact import Ending, drawn_system, meet

SEEDS = range(1, 21)
ONCE_SILENT = (175, 266, 347)  # a filter that hides everything, beside others that are ignored or amounts unread
CUT = (21, 41, 82)  # lists that are cut, without pages


@pytest.mark.parametrize("seed", [*SEEDS, *ONCE_SILENT, *CUT])
def test_whatever_a_system_looks_like_nothing_is_silently_nothing(seed: int) -> None:
    """What carries the information is sent without a human, right to the öre; the rest is told to one."""
    system = drawn_system(seed)
    contact = meet(system)

    if system.unknown:
        assert contact.ending is Ending.REFUSED
        assert not contact.understood
    else:
        assert contact.ending is Ending.SURVIVED, contact.said
        assert contact.understood, contact.said
    assert contact.understood or contact.said


def test_the_seeds_draw_both_kinds_of_systems() -> None:
    """A drill in which everything is known, or nothing, proves nothing."""
    unknown = [bool(drawn_system(seed).unknown) for seed in SEEDS]

    assert 2 <= sum(unknown) <= len(SEEDS) // 2
