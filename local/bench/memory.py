"""Memory and time of one run, measured in a process that holds nothing but the product.

A first run, in this process, records what Fortnox and Ongoing answer. A fresh interpreter then makes the same run
from the recording (`memory_probe`): no simulator's memory or time is in the figures. Memory is the most that the
process ever had resident, its interpreter and the imports of the function included; time is the processor's.
"""

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import IO

from invoicing.application.http import HttpAnswer, HttpRequest

from local.bench import DidNotMeasureError
from local.bench.targets import Verdict
from local.http import Handler
from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.warehouse import Invoice
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2]
FUNCTION_MEGABYTES = 512  # what the template gives to sync_invoices
MOST_KILOBYTES = 1.0  # of one invoice more
FORTNOX, ONGOING = "fortnox", "ongoing"  # files of a recording


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """What one run took."""

    invoices: int
    charges: int  # on each
    megabytes: float  # most resident, of 2^20 bytes
    seconds: float  # of the processor

    @property
    def share(self) -> float:
        """Of the function's memory."""
        return self.megabytes / FUNCTION_MEGABYTES


def no_growth(few: RunCost, many: RunCost) -> Verdict:
    """Whether memory stays as it is when invoices become more; their ids may remain."""
    kilobytes = 1024 * (many.megabytes - few.megabytes) / (many.invoices - few.invoices)
    return Verdict(
        what=f"memory of each invoice more than {few.invoices}, of {many.charges} charges",
        wanted=f"at most {MOST_KILOBYTES:.0f} kB",
        measured=f"{kilobytes:.1f} kB",
        met=kilobytes <= MOST_KILOBYTES,
        is_count=False,
    )


class _Recording(InProcessTransport):
    """Writes each answer down."""

    def __init__(self, handler: Handler, file: IO[bytes]) -> None:
        super().__init__(handler)
        self._file = file

    def send(self, request: HttpRequest) -> HttpAnswer:
        answer = super().send(request)
        pickle.dump(answer, self._file)
        return answer


def measure_run(invoices: int, charges: int, scratch: Path) -> RunCost:
    """A run that sends so many new invoices of so many charges. Raises DidNotMeasureError."""
    world = World()
    world.connect()
    waiting = tuple(_invoice(world, number, charges) for number in range(1, invoices + 1))
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(seed.WAREHOUSE), invoices=waiting))
    with (scratch / FORTNOX).open("wb") as fortnox, (scratch / ONGOING).open("wb") as ongoing:
        world.to_fortnox = _Recording(world.fortnox.handle, fortnox)
        world.to_ongoing = _Recording(world.ongoing.handle, ongoing)
        world.run()
    answer = subprocess.run(
        [sys.executable, "-m", "local.bench.memory_probe", str(scratch)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise DidNotMeasureError("\n".join(answer.stderr.splitlines()[-5:]))
    measured = json.loads(answer.stdout)
    if measured["sent"] != invoices:
        raise DidNotMeasureError(f"{invoices} invoices were to be sent, and {measured['sent']} were")
    return RunCost(invoices=invoices, charges=charges, megabytes=measured["megabytes"], seconds=measured["seconds"])


def _invoice(world: World, number: int, charges: int) -> Invoice:
    """Picks of a month, as a busy goods owner has them. The same for each number, so that answers fit any order."""
    plain = world.ongoing.invoice(seed.WAREHOUSE, seed.MANY_CHARGES)
    pick = next(charge for charge in plain.charges if charge.code == "PLOCK")
    return replace(
        plain,
        id=number,
        charges=tuple(
            replace(pick, id=number * charges + place, quantity=Decimal(1 + place % 7), order_number=f"SO-{place}")
            for place in range(charges)
        ),
    )
