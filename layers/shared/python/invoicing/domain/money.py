"""Amounts, to the öre."""

from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction

ORE = Decimal("0.01")
_EXACT = Context(prec=60)


def round_to_ore(amount: Decimal | Fraction) -> Decimal:
    """Half up, away from zero, as Fortnox rounds. Exact, however many digits the amount has."""
    hundredfold = abs(Fraction(amount)) * 100
    ore = (hundredfold + Fraction(1, 2)).__floor__()
    return Decimal(ore if amount >= 0 else -ore).scaleb(-2, context=_EXACT)


def round_to_even_ore(amount: Decimal | Fraction) -> Decimal:
    """Half to even, as .NET rounds unless it is told otherwise."""
    return Decimal(round(Fraction(amount) * 100)).scaleb(-2, context=_EXACT)


def exact(value: Fraction) -> Decimal | None:
    """The value as a decimal with at most two decimals, or None if it is not one."""
    hundredfold = value * 100
    if hundredfold.denominator != 1:
        return None
    return Decimal(hundredfold.numerator).scaleb(-2, context=_EXACT)


def share_out(parts: Sequence[Fraction], total: Decimal) -> list[Decimal]:
    """Rounds each part to the öre so that they add up to `total`: the largest remainders are rounded up.

    `total` must be the rounded sum of the parts. Each result differs from its part by less than an öre.
    """
    floors = [_floor_to_ore(part) for part in parts]
    missing = int((Fraction(total) - sum(map(Fraction, floors), Fraction(0))) * 100)
    remainders = [part - Fraction(floor) for part, floor in zip(parts, floors, strict=True)]
    order = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))
    for i in order[:missing]:
        floors[i] += ORE
    return floors


def _floor_to_ore(value: Fraction) -> Decimal:
    return Decimal((value * 100).__floor__()).scaleb(-2, context=_EXACT)
