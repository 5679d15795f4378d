"""The whole product on this machine: the real template in an emulated AWS, between the two simulators.

    with running_stack() as stack:
        open(stack.base_url)

Nothing outside 127.0.0.1 is called. All logs are under build/stack/<name>/.
"""

import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import deployment
from local.front_door import FrontDoor
from local.ministack import ACCOUNT, MiniStack
from local.process import ChildProcess

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "stack"
STAGE = "local"
CLIENT_ID = "local-client"
SENDER_ADDRESS = "no-reply@invoicing.example"
SUPPORT_ADDRESS = "support@invoicing.example"


class StackInUseError(Exception):
    """Another running stack has the same name, so their logs would mix."""


class FunctionFailedError(Exception):
    """An invoked function ended with an error; carries its type and message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail that SES accepted."""

    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A running, deployed stack."""

    base_url: str  # where a browser finds the pages, without a trailing slash
    fortnox_url: str
    ongoing_url: str
    client_secret: str = field(repr=False)  # of the Fortnox app, known to the simulator and the template
    outputs: Mapping[str, str]  # of the template
    parameters: Mapping[str, str] = field(repr=False)  # of the template
    folder: Path  # logs
    aws: MiniStack = field(repr=False)

    def client(self, service: str) -> Any:
        """A boto3 client with all rights in the emulated AWS."""
        return self.aws.client(service)

    def mails(self) -> list[Mail]:
        """Every mail that was sent, oldest first."""
        found = self.aws.get(f"/_ministack/ses/messages?account={ACCOUNT}")["messages"].get(ACCOUNT, [])
        return [
            Mail(
                sender=mail["Source"],
                to=tuple(mail["To"]),
                subject=mail["Subject"],
                text=mail["BodyText"] or "",
                html=mail["BodyHtml"] or "",
            )
            for mail in sorted(found, key=lambda mail: str(mail["Timestamp"]))
        ]

    def invoke(self, function: str, event: Mapping[str, Any] | None = None) -> Any:
        """Call a function by the name of its folder and give what it returns. Raises FunctionFailedError."""
        answer = self.client("lambda").invoke(
            FunctionName=f"{self.outputs[output_of(function)]}:live", Payload=json.dumps(dict(event or {})).encode()
        )
        payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise FunctionFailedError(f"{function}: {payload.decode()[:2000]}")
        return json.loads(payload) if payload else None

    def logs(self, function: str) -> str:
        """Everything that a function has logged so far."""
        client = self.client("logs")
        name = f"/{deployment.STACK_NAME}/{function}"
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=name)
        return "\n".join(event["message"].rstrip("\n") for page in pages for event in page["events"])

    def deploy(self, **changes: str) -> None:
        """Deploy again with other parameters, as a service operator would."""
        deployment.deploy(self.aws, {**self.parameters, **changes})


def output_of(function: str) -> str:
    """The output that names the function of a folder: sync_invoices gives SyncInvoicesFunction."""
    return "".join(word.capitalize() for word in function.split("_")) + "Function"


@contextmanager
def running_stack(
    *, name: str = "default", parameters: Mapping[str, str] | None = None, aws_seen_at: str | None = None
) -> Iterator[Stack]:
    """Start everything, give the stack, and stop everything again, also after an error.

    `parameters` replace those of the template. `aws_seen_at` is the address at which the functions look for AWS,
    if that is to be a proxy's. Raises DidNotStartError, DeploymentError or StackInUseError.
    """
    folder = LOGS / name
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as started:
        _claim(folder, started)
        door = FrontDoor()
        started.callback(door.stop)
        secret = secrets.token_urlsafe(24)
        redirect_uri = f"{door.url}/oauth/callback"
        fortnox = _simulator("fortnox", ["--redirect-uri", redirect_uri, "--client-id", CLIENT_ID], folder, secret)
        started.callback(fortnox.stop)
        ongoing = _simulator("ongoing", ["--seed"], folder, secret)
        started.callback(ongoing.stop)
        deployment.build(folder / "build.log")
        aws = MiniStack(folder, seen_at=aws_seen_at)
        started.callback(aws.stop)
        fortnox_url, ongoing_url = _address(fortnox, folder), _address(ongoing, folder)
        deployed = {
            "StageName": STAGE,
            "FortnoxAuthBaseUrl": fortnox_url,
            "FortnoxApiBaseUrl": fortnox_url,
            "OngoingApiBaseUrl": ongoing_url,
            "FortnoxClientId": CLIENT_ID,
            "FortnoxClientSecret": secret,
            "SenderAddress": SENDER_ADDRESS,
            "SupportAddress": SUPPORT_ADDRESS,
            "PublicBaseUrl": door.url,
            **(parameters or {}),
        }
        outputs = deployment.deploy(aws, deployed)
        door.lead_to(f"{aws.url}/_aws/execute-api/{outputs['ApiId']}/{deployed['StageName']}")
        yield Stack(
            base_url=door.url,
            fortnox_url=fortnox_url,
            ongoing_url=ongoing_url,
            client_secret=secret,
            outputs=outputs,
            parameters=deployed,
            folder=folder,
            aws=aws,
        )


def _claim(folder: Path, started: ExitStack) -> None:
    lock = started.enter_context((folder / "lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StackInUseError(
            f"a stack called {folder.name} is running; stop it or give this one another name"
        ) from error
    for old in (*folder.glob("*.log"), *folder.glob("*.port")):
        old.unlink()


def _simulator(name: str, arguments: list[str], folder: Path, secret: str) -> ChildProcess:
    return ChildProcess(
        name,
        [sys.executable, "-m", f"local.{name}", "--port-file", str(folder / f"{name}.port"), *arguments],
        log=folder / f"{name}.log",
        cwd=ROOT,
        # The secret travels in the environment, because everybody may read a command line.
        environment={"PATH": os.environ.get("PATH", ""), "FORTNOX_CLIENT_SECRET": secret},
    )


def _address(simulator: ChildProcess, folder: Path) -> str:
    port_file = folder / f"{simulator.name}.port"
    port = simulator.wait_until_ready(lambda: port_file.read_text().strip() if port_file.exists() else None)
    return f"http://127.0.0.1:{port}"
