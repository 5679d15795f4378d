"""What was promised, beside what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target. A count is the same on every machine; missing one fails `make bench`."""

    what: str
    wanted: str
    measured: str
    met: bool
    is_count: bool = True

    @classmethod
    def at_most(cls, what: str, wanted: float, measured: float, *, why: str = "") -> "Verdict":
        """Of a count; `why` says how the number follows, where it is not the target itself."""
        return cls(
            what=what,
            wanted=f"at most {wanted}" + (f" ({why})" if why else ""),
            measured=str(measured),
            met=measured <= wanted,
        )


def missed_counts(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those that fail `make bench`."""
    return [verdict for verdict in verdicts if verdict.is_count and not verdict.met]
