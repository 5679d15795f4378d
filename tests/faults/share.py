"""How much of the long enumerations is played: all of them, or one share of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The share with this number, from 0, of so many. All shares together are everything."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From 3/10. Raises ValueError."""
        number, _, of = text.partition("/")
        share = cls(number=int(number), of=int(of))
        if not 0 <= share.number < share.of:
            raise ValueError(f"share {text} must be N/M with N from 0 to M - 1, such as 3/10")
        return share

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self.of == 1

    def pick[Item](self, items: Sequence[Item], *, turned: int = 0) -> Sequence[Item]:
        """This share of a list; at least one item of a list that has any. Lists that are `turned` begin elsewhere."""
        if not items:
            return items
        step = min(self.of, len(items))
        return items[(self.number + turned) % step :: step]
