"""Runs a program until it ends, or is told to end, or whoever started it is gone, however that went.

    python leash.py PROGRAM [ARGUMENT …]

Standard input is a pipe whose other end the starter holds: it closes when the starter does, also when that was
killed. Started in a process group of its own, which ends as a whole.
"""

import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda _number, _frame: program.terminate())
    threading.Thread(target=_end_when_alone, daemon=True).start()
    return program.wait()


def _end_when_alone() -> None:
    os.read(0, 1)  # nothing is ever written there: it returns at the end
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
