"""`invoicing check fortnox`: the first half hour with a company's Fortnox, as a table and a shape report."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from invoicing.domain.finding import Learned


def rows_of(learned: Sequence[Learned]) -> Sequence[Mapping[str, Any]]:
    """As a table."""
    return [
        {"question": one.question, "certain": "yes" if one.certain else "NO", "seen": one.seen, "means": one.means}
        for one in learned
    ]


def write_shape(report: Mapping[str, Any], path: Path) -> None:
    """Names, types, counts and lengths; never a value. Raises OSError."""
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
