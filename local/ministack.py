"""The emulated AWS: MiniStack in its own environment, enforcing the IAM role of each function."""

import json
import secrets
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from local.process import ChildProcess, DidNotStartError, free_port

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / ".venv-ministack" / "bin" / "ministack"
REGION = "eu-north-1"
ACCOUNT = "123456789012"
# MiniStack takes this key as the account's root; every other key must belong to a role or a user.
ROOT_KEY = "test"
TRIES = 3


class MiniStack:
    """A running MiniStack on a free port of 127.0.0.1; everything in it is gone when it stops."""

    def __init__(self, folder: Path, *, seen_at: str | None = None) -> None:
        """Start it, with log and temporary files in `folder`. Raises DidNotStartError.

        `seen_at` is the address at which its functions look for AWS, such as a proxy's; its own by default.
        """
        self._clients: dict[str, Any] = {}
        if not PROGRAM.exists():
            raise DidNotStartError(f"{PROGRAM} is missing; run `python3 local/bootstrap.py`")
        for attempt in range(1, TRIES + 1):
            try:
                self._start(folder, seen_at)
                return
            except DidNotStartError:
                # Between our look for a free port and its start, somebody else may have taken the port.
                self._process.stop()
                if attempt == TRIES:
                    raise

    def _start(self, folder: Path, seen_at: str | None) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        identity = secrets.token_hex(8)
        temporary = folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        self._process = ChildProcess(
            "MiniStack",
            [str(PROGRAM)],
            log=folder / "ministack.log",
            cwd=folder,
            # Nothing else: functions inherit this environment, and must not find ours in it.
            environment={
                "PATH": f"{PROGRAM.parent}:/usr/bin:/bin",
                "HOME": str(temporary),
                "TMPDIR": str(temporary),
                "AUTH": "true",
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "MINISTACK_HOST": "127.0.0.1",
                "MINISTACK_REGION": REGION,
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "MINISTACK_EDITION": identity,
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                **({"AWS_ENDPOINT_URL": seen_at} if seen_at else {}),
            },
        )
        # The health answer repeats the identity: so it is ours that answers, and no other on the same port.
        self._process.wait_until_ready(lambda: True if self._identity() == identity else None)

    @property
    def session(self) -> int:
        """The session that its process and those of the functions belong to, and nothing else does."""
        return self._process.pid

    def _identity(self) -> str | None:
        try:
            return str(self.get("/_ministack/health").get("edition"))
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def get(self, path: str) -> Any:
        """The JSON of one of MiniStack's own pages."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def client(self, service: str) -> Any:
        """A boto3 client with all rights, for tests and for looking around."""
        if service not in self._clients:  # making one takes longer than most calls
            session = boto3.Session(aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=REGION)
            self._clients[service] = session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]
        return self._clients[service]

    def environment(self) -> dict[str, str]:
        """What makes any AWS tool talk to this MiniStack."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def stop(self) -> None:
        """End it and its functions."""
        self._process.stop()
