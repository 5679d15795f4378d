"""What the first half hour with a system of Ongoing found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invoicing.domain.finding import Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All answers of one system. Names, counts and kinds; never a value.

    `mends` are lines to add where names are believed; `shape` is what was answered: names, kinds, counts and lengths.
    """

    learned: tuple[Learned, ...]
    mends: tuple[str, ...]
    shape: Mapping[str, Any]

    @property
    def is_understood(self) -> bool:
        """Whether invoices of this system can be read right."""
        return not self.mends and not any(one.stops for one in self.learned)
