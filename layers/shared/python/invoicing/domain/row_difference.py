"""What differs between the rows that Fortnox has and those that Ongoing's invoice gives now."""

from collections.abc import Sequence
from dataclasses import dataclass

from invoicing.domain.fortnox_invoice import FortnoxRow, InvoiceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPair:
    """One row on both sides; None where there is none."""

    there: FortnoxRow | None
    ours: InvoiceRow | None

    @property
    def differs(self) -> bool:
        """Whether it invoices something else."""
        return self.there is None or self.ours is None or not self.there.shows(self.ours)


def pair_rows(there: Sequence[FortnoxRow], ours: Sequence[InvoiceRow]) -> tuple[RowPair, ...]:
    """Every row of both, in the order of ours: those that are the same first of all, then those of the same article.

    What only Fortnox has comes last.
    """
    left = list(there)
    found: dict[int, FortnoxRow] = {}
    for same in (_is_same, _is_named_so, _has_its_article):
        for index, row in enumerate(ours):
            match = next((one for one in left if index not in found and same(one, row)), None)
            if match is not None:
                left.remove(match)
                found[index] = match
    pairs = [RowPair(there=found.get(index), ours=row) for index, row in enumerate(ours)]
    return (*pairs, *(RowPair(there=one, ours=None) for one in left))


def _is_same(there: FortnoxRow, ours: InvoiceRow) -> bool:
    return there.shows(ours) and there.description == ours.description


def _is_named_so(there: FortnoxRow, ours: InvoiceRow) -> bool:
    return _has_its_article(there, ours) and there.description == ours.description


def _has_its_article(there: FortnoxRow, ours: InvoiceRow) -> bool:
    return there.article_number == ours.article_number
