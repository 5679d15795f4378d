"""Seconds and memory of drawing one specification, in an interpreter of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.bench import DidNotMeasureError

ROOT = Path(__file__).resolve().parents[2]
_PROBE = """
import json, sys, time
from pathlib import Path
from invoicing.rendering import catalogue
from tests.support.invoices import large_invoice, specified

def most_resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

invoice = large_invoice(int(sys.argv[1]))
before, began = most_resident(), time.process_time()
specification = specified(invoice)
from invoicing.rendering.specification_pdf import draw_specification
drawn = draw_specification(specification)
seconds = time.process_time() - began
print(json.dumps({"seconds": seconds, "megabytes": most_resident() - before, "kilobytes": len(drawn) / 1000}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificationCost:
    """What one took, from charges in memory to its file."""

    charges: int
    seconds: float  # of the processor
    megabytes: float  # of 2^20 bytes, more than before
    kilobytes: float  # of the file


def measure_specification(charges: int) -> SpecificationCost:
    """Draws one of so many charges. Raises DidNotMeasureError."""
    answer = subprocess.run(
        [sys.executable, "-c", _PROBE, str(charges)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise DidNotMeasureError("\n".join(answer.stderr.splitlines()[-5:]))
    return SpecificationCost(charges=charges, **json.loads(answer.stdout))
