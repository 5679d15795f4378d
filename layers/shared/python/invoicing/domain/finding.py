"""What a check found: of a deployed stack, or of a system that is met for the first time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a check: right or wrong, what was seen, and how to mend it."""

    subject: str
    good: bool
    seen: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """One question to a system, what was seen, and what it means for us. Not `certain`: it could not be tried."""

    question: str
    seen: str
    means: str
    certain: bool = True

    @property
    def stops(self) -> bool:
        """Whether it must be looked at before the first invoice."""
        return self.means.startswith(("NEW:", "STOP:"))
