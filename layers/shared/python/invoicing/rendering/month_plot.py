"""The months of a year as bars: where they stand in a drawing, which a template writes."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

WIDTH, HEIGHT = 480, 190
_RIGHT, _TOP, _BOTTOM = 478.0, 10.0, 158.0
_LETTER = 8.5  # the widest that a digit is, on a phone
_TICKS = 4


class Bar(NamedTuple):
    """One month: what is in Fortnox, and on top of it what is still to come there."""

    month: str
    there: Decimal
    to_come: Decimal


class DrawnBar(NamedTuple):
    """Where a bar stands. Heights are 0 where there is nothing."""

    bar: Bar
    x: float
    width: float
    middle: float
    there_y: float
    there_height: float
    to_come_y: float
    to_come_height: float


class Tick(NamedTuple):
    """A line across, with what it stands for."""

    y: float
    value: Decimal


class Plot(NamedTuple):
    """One currency."""

    currency: str
    bars: tuple[DrawnBar, ...]
    ticks: tuple[Tick, ...]
    left: float  # the room for what stands beside the lines
    right: float = _RIGHT
    width: int = WIDTH
    height: int = HEIGHT
    below: float = _BOTTOM


def plot_of(currency: str, bars: Sequence[Bar]) -> Plot:
    """Bars grow up from zero, and down where sums are negative; round numbers stand beside them."""
    ends = [Decimal(0)]
    for bar in bars:
        # What is still to come stands on what is there, if both are on one side of zero; else on zero itself.
        ends += [bar.there, bar.to_come, bar.there + bar.to_come]
    step = _round_step((max(ends) - min(ends)) / _TICKS)
    first = int((min(ends) / step).to_integral_value(ROUND_FLOOR))
    last = max(first + 1, int((max(ends) / step).to_integral_value(ROUND_CEILING)))
    low, high = first * step, last * step
    left = round(14 + _LETTER * max(len(f"{value:,f}") for value in (low, high)), 1)

    def y(value: Decimal) -> float:
        return round(_BOTTOM - float((value - low) / (high - low)) * (_BOTTOM - _TOP), 1)

    room = (_RIGHT - left) / max(1, len(bars))
    drawn = []
    for place, bar in enumerate(bars):
        base = bar.there if (bar.there > 0) == (bar.to_come > 0) else Decimal(0)
        x = round(left + place * room + room * 0.15, 1)
        drawn.append(
            DrawnBar(
                bar=bar,
                x=x,
                width=round(room * 0.7, 1),
                middle=round(x + room * 0.35, 1),
                there_y=min(y(Decimal(0)), y(bar.there)),
                there_height=round(abs(y(Decimal(0)) - y(bar.there)), 1),
                to_come_y=min(y(base), y(base + bar.to_come)),
                to_come_height=round(abs(y(base) - y(base + bar.to_come)), 1),
            )
        )
    ticks = tuple(Tick(y=y(number * step), value=number * step) for number in range(first, last + 1))
    return Plot(currency=currency, bars=tuple(drawn), ticks=ticks, left=left)


def _round_step(least: Decimal) -> Decimal:
    """1, 2 or 5 and zeros, at least 1."""
    if least <= 1:
        return Decimal(1)
    magnitude = Decimal(10) ** least.adjusted()
    return next(factor * magnitude for factor in map(Decimal, (1, 2, 5, 10)) if factor * magnitude >= least)
