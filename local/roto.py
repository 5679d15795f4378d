"""A second emulated DynamoDB beside MiniStack's, by other people, in another language, on SQLite."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from local.ministack import PROGRAM as MINISTACK
from local.process import ChildProcess, DidNotStartError, free_port

PROGRAM = MINISTACK.with_name("roto-server")
TRIES = 3


class Roto:
    """A running roto on a free port of 127.0.0.1; everything in it is gone when it stops."""

    def __init__(self, folder: Path) -> None:
        """Start it, with its log in `folder`. Raises DidNotStartError."""
        if not PROGRAM.exists():
            raise DidNotStartError(f"{PROGRAM} is missing; run `python3 local/bootstrap.py`")
        for attempt in range(1, TRIES + 1):
            try:
                self._start(folder)
                return
            except DidNotStartError:
                # Between our look for a free port and its start, somebody else may have taken the port.
                self._process.stop()
                if attempt == TRIES:
                    raise

    def _start(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = ChildProcess(
            "roto",
            [str(PROGRAM), "--host", "127.0.0.1", "--port", str(port), "--ephemeral"],
            log=folder / "roto.log",
            cwd=folder,
            environment={},
        )
        # It says so in its log only once the port is its own.
        self._process.wait_until_ready(lambda: "listening" in self._process.log.read_text() or None)

    def stop(self) -> None:
        """End it."""
        self._process.stop()


@contextmanager
def running_roto() -> Iterator[str]:
    """The address of one that is there while it lasts. Raises DidNotStartError."""
    with TemporaryDirectory() as folder:
        server = Roto(Path(folder))
        try:
            yield server.url
        finally:
            server.stop()
