"""A child process of the local stack: its log is a file, and it is ended by its own id."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.05
_LEASH = Path(__file__).with_name("leash.py")


class DidNotStartError(Exception):
    """A process ended or stayed silent instead of becoming ready; says which, and where its log is."""


class ChildProcess:
    """One running program in a process group of its own, so that what it started ends with it, and it with us."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_LEASH), *command],
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.PIPE,  # closed when this process ends, however it does
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_ready[Answer](self, ask: Callable[[], Answer | None]) -> Answer:
        """Ask until there is an answer. Raises DidNotStartError when the process ends or START_SECONDS pass."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DidNotStartError(
                    f"{self.name} ended with {self._process.returncode}; see {self.log}\n{self._last_lines()}"
                )
            if (answer := ask()) is not None:
                return answer
            time.sleep(LOOK_AGAIN_SECONDS)
        raise DidNotStartError(f"{self.name} was not ready after {START_SECONDS:.0f} s; see {self.log}")

    def stop(self) -> None:
        """End the process politely, then whatever is left of its group."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
