"""What the product does not do right yet: each mend takes its names from here; empty, this file goes.

Names of tests of this folder, whole or with their parameters, under the reason that they are red.
"""

from typing import Final

_REASONS: Final[dict[str, tuple[str, ...]]] = {}

UNMENDED: Final = {name: reason for reason, names in _REASONS.items() for name in names}
