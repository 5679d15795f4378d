"""What `make scale` and the count of a cent tell is true, on few warehouses and in a moment."""

from dataclasses import replace

import pytest
from invoicing.application.read_wms import SLOW_SECONDS

from local.bench import costs
from local.bench.counts import each_further_invoice, new_invoice, nothing_unexported
from local.bench.targets import missed_counts
from local.simulate_scale import IDLE, Result, Simulation

FEW = 200


def played(*, hanging: float = 0.0, invoices: int = 0, concurrency: int = 2, slots: int = 3) -> Result:
    """So many warehouses, for so many quarters of an hour."""
    simulation = Simulation(warehouses=FEW, hanging=hanging, concurrency=concurrency, invoices=invoices, seed=7)
    return simulation.play(slots)


def test_every_warehouse_is_looked_at_in_every_quarter() -> None:
    """None is left out, and none twice."""
    assert played().looked_at == 3 * FEW


def test_nobody_waits_for_a_system_that_hangs_but_for_the_seconds_in_which_it_may_still_answer() -> None:
    """It holds its first batch for so long; afterwards it waits where nobody else does."""
    quiet, hanging = played(), played(hanging=0.01)

    assert hanging.looked_at == 3 * (FEW - 2)
    assert hanging.lateness[2] <= quiet.lateness[2] + 2 * SLOW_SECONDS


def test_on_a_first_night_everything_is_sent() -> None:
    """And each is looked at."""
    night = played(invoices=5)

    assert night.sent == 5 * FEW
    assert night.looked_at == 3 * FEW


@pytest.mark.parametrize(("last", "met"), [(900.0, True), (901.0, False)])
def test_who_is_looked_at_too_late_fails_the_play(last: float, met: bool) -> None:
    """A table of numbers alone is read by nobody."""
    verdict = IDLE.verdict(replace(played(slots=1), lateness=(1.0, 2.0, last)))

    assert (missed_counts([verdict]) == []) is met


def test_a_month_of_an_idle_warehouse_costs_a_cent_at_most() -> None:
    """From counted calls, and list prices that one file holds."""
    counted = [nothing_unexported(), new_invoice(), each_further_invoice()]
    estimated = costs.estimate(counted, seconds_per_invoice=0.2)

    assert missed_counts([costs.idle_verdict(estimated)]) == []


def test_a_month_that_costs_more_fails_the_bench() -> None:
    """A write for each idle run would be too much."""
    idle = nothing_unexported()
    writing = replace(idle, calls=replace(idle.calls, write_units=2.0))
    estimated = costs.estimate([writing, new_invoice(), each_further_invoice()], seconds_per_invoice=0.2)

    assert len(missed_counts([costs.idle_verdict(estimated)])) == 1
