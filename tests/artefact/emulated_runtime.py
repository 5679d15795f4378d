"""AWS's own runtime around a built function: the Runtime Interface Emulator, which lies in the SAM CLI's wheel."""

import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import samcli

from local.process import ChildProcess, free_port

_EMULATOR = Path(samcli.__file__).parent / "local" / "rapid" / "aws-lambda-rie-x86_64"
_INVOKE = "/2015-03-31/functions/function/invocations"
# Without -S, the packages of this environment would hide what is missing in the layers.
_RUNTIME = [sys.executable, "-I", "-S", "-c"]
_START = """
import json, os, sys
sys.path[:0] = json.loads(os.environ.pop("TESTED_PATH"))
from awslambdaric.__main__ import main
main(["awslambdaric", "app.handler"])
"""


class EmulatedRuntime:
    """One function in AWS's runtime, until the end of a with block."""

    def __init__(self, path: Sequence[Path], folder: Path, variables: Mapping[str, str], *, timeout: int) -> None:
        """`path` is where Python looks, the function's own folder first; `timeout` in seconds. Logs are in `folder`."""
        self._url = f"http://127.0.0.1:{free_port()}"
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
            "AWS_LAMBDA_FUNCTION_NAME": path[0].name,
            "LAMBDA_TASK_ROOT": str(path[0]),
            "TESTED_PATH": json.dumps([str(one) for one in path]),
            **variables,
        }
        addresses = ("--runtime-interface-emulator-address", self._url.removeprefix("http://"))
        self._process = ChildProcess(
            path[0].name,
            [
                str(_EMULATOR),
                *addresses,
                "--runtime-api-address",
                f"127.0.0.1:{free_port()}",
                *_RUNTIME,
                _START,
            ],
            log=folder / f"{path[0].name}.log",
            cwd=path[0],
            environment=environment,
        )

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """What the function returns; an error is a mapping with errorType and errorMessage, as on AWS."""
        request = urllib.request.Request(self._url + _INVOKE, data=json.dumps(event).encode())
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    @property
    def log(self) -> str:
        """What runtime and function said."""
        return self._process.log.read_text()

    def _listens(self) -> bool | None:
        host, _, port = self._url.removeprefix("http://").partition(":")
        with socket.socket() as probe:
            return True if probe.connect_ex((host, int(port))) == 0 else None

    def __enter__(self) -> Self:
        try:
            self._process.wait_until_ready(self._listens)
        except BaseException:
            self._process.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()
