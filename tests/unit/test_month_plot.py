"""Bars of months stand where their numbers say."""

from decimal import Decimal

import pytest
from invoicing.rendering.month_plot import Bar, plot_of


def bars(*pairs: tuple[str, str]) -> list[Bar]:
    """One month for each: what is there, and what is to come."""
    return [Bar(month=f"2026-{n:02d}", there=Decimal(a), to_come=Decimal(b)) for n, (a, b) in enumerate(pairs, start=1)]


@pytest.mark.parametrize(
    "pairs",
    [
        [("43062.50", "8952.50"), ("0", "71000"), ("0", "0")],
        [("-250", "-20"), ("900", "-100"), ("-3", "77")],
        [("0", "0")],
        [("0.01", "0")],
        [("-0.01", "0"), ("0", "-0.01")],
        [("123456789.12", "0"), ("1", "1")],
        [("-5", "0"), ("-50", "0")],
    ],
)
def test_each_bar_is_as_high_as_its_number(pairs: list[tuple[str, str]]) -> None:
    """Between the lines, on one scale, and none beyond the highest or the lowest of them."""
    plot = plot_of("SEK", bars(*pairs))
    (low, high) = plot.ticks[0], plot.ticks[-1]
    unit = (low.y - high.y) / float(high.value - low.value)

    assert low.value <= 0 <= high.value
    assert 0 in [tick.value for tick in plot.ticks]
    for one in plot.bars:
        assert one.there_height == pytest.approx(abs(float(one.bar.there)) * unit, abs=0.11)
        assert one.to_come_height == pytest.approx(abs(float(one.bar.to_come)) * unit, abs=0.21)
        for y, height in ((one.there_y, one.there_height), (one.to_come_y, one.to_come_height)):
            assert high.y <= y
            assert y + height <= low.y + 0.11
        assert plot.left <= one.x
        assert one.x + one.width <= plot.right


def test_what_is_to_come_stands_on_what_is_there() -> None:
    """Or on zero, if it is on the other side of it."""
    (above, apart) = plot_of("SEK", bars(("100", "50"), ("100", "-50"))).bars

    assert above.to_come_y + above.to_come_height == pytest.approx(above.there_y, abs=0.11)
    assert apart.to_come_y == pytest.approx(apart.there_y + apart.there_height, abs=0.11)


def test_lines_are_few_and_round() -> None:
    """So that they can be read."""
    plot = plot_of("SEK", bars(("43062.50", "8952.50")))

    assert [int(tick.value) for tick in plot.ticks] == [0, 20000, 40000, 60000]
