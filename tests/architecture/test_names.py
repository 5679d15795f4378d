"""Names of test files."""

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent


def test_each_test_file_has_a_name_of_its_own() -> None:
    """pytest imports them by it: of two with one name, the whole run loses one."""
    names = Counter(path.name for path in TESTS.rglob("test_*.py"))

    assert names["test_names.py"] == 1
    assert [name for name, count in names.items() if count > 1] == []
