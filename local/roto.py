"""A second emulated DynamoDB beside MiniStack's, by other people, in another language, on SQLite."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from boto3.session import Session
from samtranslator.yaml_helper import yaml_parse

from local.ministack import PROGRAM as MINISTACK
from local.ministack import REGION, ROOT
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

    def client(self, service: str = "dynamodb", **named: Any) -> Any:
        """A client of the SDK that is led here, whatever it is for."""
        session = Session(region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
        return session.client(service, endpoint_url=self.url, **named)  # type: ignore[call-overload]  # any service


@contextmanager
def running_roto() -> Iterator[Roto]:
    """One that is there while it lasts. Raises DidNotStartError."""
    with TemporaryDirectory() as folder:
        roto = Roto(Path(folder))
        try:
            yield roto
        finally:
            roto.stop()


def make_table(dynamodb: Any, logical_id: str, name: str) -> None:
    """A table as the template describes it."""
    declared = yaml_parse((ROOT / "template.yaml").read_text())["Resources"][logical_id]["Properties"]
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    layout = {key: declared[key] for key in wanted if key in declared}
    dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **layout)
