"""What `make bench` compares us with does its work: otherwise the comparison would be worth nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from local.bench.comparison import LostAnswers, new_invoice, outcome, plain_script
from local.ongoing import seed
from tests.support.world import World

EACH_ONCE = LostAnswers(invoices=3, duplicates=0, missing=0, unmarked=0, wrong=0, signed_out=0)


@pytest.mark.parametrize("looks_first", [True, False])
def test_the_script_sends_each_invoice_once_and_right(looks_first: bool) -> None:
    """Nothing is in its way, articles that Fortnox lacks included."""
    world, run = _with_invoices(looks_first=looks_first)
    run()
    run()

    assert outcome(world) == EACH_ONCE


def test_the_script_goes_on_after_a_day() -> None:
    """It renews its tokens, which live an hour."""
    world, run = _with_invoices()
    run()
    world.later(days=1)
    world.ongoing.put_invoice(seed.WAREHOUSE, new_invoice(world, 4))
    run()

    assert outcome(world).missing == 0


@pytest.mark.parametrize(("looks_first", "duplicates"), [(True, 0), (False, 1)])
def test_only_looking_first_saves_the_script_from_a_duplicate(looks_first: bool, duplicates: int) -> None:
    """The answer to one creation is lost."""
    world, run = _with_invoices(looks_first=looks_first)
    world.fortnox.add_faults([{"effect": "after", "match": {"method": "POST", "path_regex": "^/3/invoices$"}}])
    run()
    run()

    assert outcome(world).duplicates == duplicates


def _with_invoices(*, looks_first: bool = True) -> tuple[World, Callable[[], None]]:
    world = World()
    run = plain_script(world, looks_first=looks_first)
    invoices = tuple(new_invoice(world, number) for number in range(1, 4))
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(seed.WAREHOUSE), invoices=invoices))
    return world, run
