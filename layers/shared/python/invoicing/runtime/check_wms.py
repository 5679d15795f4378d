"""`invoicing check wms SYSTEM`: the first half hour with a real system, as a command.

It reads only; `--write INVOICE` also writes to that invoice, and puts back what was there. What it prints and the
report that it writes hold names, kinds, counts and lengths, never a value.
"""

import argparse
import json
import os
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path

from invoicing.domain.finding import Examination, Finding
from invoicing.domain.wms_invoice import WmsLogin
from invoicing.runtime.bootstrap import Bootstrap

PASSWORD_VARIABLE = "INVOICING_WMS_PASSWORD"  # noqa: S105  # the name of a variable
MENDED_IN = "layers/shared/python/invoicing/adapters/ongoing/beliefs.py"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be asked for beside the system."""
    parser.add_argument("--username", required=True, help="the user of the Automation interface")
    parser.add_argument("--write", type=int, metavar="INVOICE", help="also write to this invoice, and put it back")
    parser.add_argument("--confirm-empty", action="store_true", help="a result without any list means no invoices")
    parser.add_argument("--report", type=Path, metavar="FILE", help="default: wms-shape-SYSTEM.json")


def check_wms(asked: argparse.Namespace, parts: Bootstrap) -> bool:
    """Prints what was found, and writes the shape report; says whether the system is understood.

    Raises like the WMS port, and OSError for a report that cannot be written.
    """
    login = WmsLogin(warehouse=asked.system, username=asked.username, password=_password(asked.system))
    if asked.confirm_empty:
        parts.wms_confirm_empty(login)
    found = parts.examine_wms(login, write=asked.write, may_be_empty=asked.confirm_empty)
    report = asked.report or Path(f"wms-shape-{asked.system}.json")
    report.write_text(json.dumps({"system": asked.system, "answers": found.shape}, indent=1, ensure_ascii=False) + "\n")
    print(table(found.findings))
    print()
    print(f"The shape of the answers is in {report}: names, kinds, counts and lengths, no values.")
    print(verdict(found))
    return found.is_understood


def table(findings: Sequence[Finding]) -> str:
    """Question, what was seen, what it means, certain or not."""
    rows = [
        ("question", "seen", "means", "certain"),
        *((one.question, one.seen, one.meaning, _certainty(one)) for one in findings),
    ]
    widths = [min(60, max(len(row[column]) for row in rows)) for column in range(3)]
    lines = []
    for row in rows:
        cells = [f"{_printable(cell):<{width}}" for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join((*cells, row[3])).rstrip())
    return "\n".join(lines)


def verdict(found: Examination) -> str:
    """The last words: understood, or what to do."""
    if found.is_understood:
        return "This system is understood."
    wrong = [f"  {one.question}: {one.seen}" for one in found.findings if one.is_wrong]
    lines = ["This system is not understood yet. No invoice of it is sent before it is.", *map(_printable, wrong)]
    if found.mends:
        lines += [f"Lines to add in {MENDED_IN}, where they fit:", *(f"  {_printable(one)}" for one in found.mends)]
    return "\n".join(lines)


def _certainty(finding: Finding) -> str:
    return "WRONG" if finding.is_wrong else "certain" if finding.is_certain else "not certain"


def _password(system: str) -> str:
    return os.environ.get(PASSWORD_VARIABLE) or getpass(f"Password for {system}: ")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
