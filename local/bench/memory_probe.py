"""Makes one run from a recording, in a fresh interpreter. Not imported: started by `memory`, with its folder."""

import json
import pickle
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import invoicing.runtime.bootstrap  # noqa: F401  # what the function imports belongs to its memory
from botocore.session import Session
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.chain import chained
from invoicing.domain.export import Export, HistoryEvent

from local.bench.memory import FORTNOX, ONGOING
from tests.support.fakes import FakeExports
from tests.support.world import World


class Replay:
    """Gives the recorded answers, one by one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def send(self, _request: HttpRequest) -> HttpAnswer:
        answer: HttpAnswer = pickle.load(self._file)
        return answer


class ForgetfulExports(FakeExports):
    """A table that is elsewhere: its records are not in this process's memory."""

    def save(self, export: Export, *, event: HistoryEvent | None) -> Export:
        """Each is written after what was written before, which the run itself sees to."""
        return chained(export, event, tuple)


def most_resident() -> int:
    """Kilobytes, of this program alone: the figure of getrusage would be that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def main(recording: Path) -> Mapping[str, Any]:
    """The run."""
    session = Session()
    # They are held as in the function, and asked nothing.
    clients = [session.create_client(service, region_name="eu-north-1") for service in ("dynamodb", "kms", "s3", "sqs")]
    world = World(exports=ForgetfulExports())
    world.connect()
    with (recording / FORTNOX).open("rb") as fortnox, (recording / ONGOING).open("rb") as ongoing:
        to_fortnox: Any = Replay(fortnox)
        to_ongoing: Any = Replay(ongoing)
        world.to_fortnox, world.to_ongoing = to_fortnox, to_ongoing
        began = time.process_time()
        summary = world.run()
        seconds = time.process_time() - began
    for client in clients:
        client.close()
    return {
        "sent": summary.sent if summary else None,
        "megabytes": most_resident() / 1024,
        "seconds": seconds,
    }


print(json.dumps(main(Path(sys.argv[1]))))
