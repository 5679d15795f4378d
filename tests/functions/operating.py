"""The service operator beside the deployed functions: the real command on the same AWS, with the same clock."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from invoicing.domain.errors import ConfigurationError, InvoicingError
from invoicing.domain.finding import Finding
from invoicing.runtime import command, settings
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.operate import SCHEDULED
from invoicing.runtime.settings import CheckSettings

from local.http import Reply
from local.ongoing.in_process import InProcessTransport
from tests.functions.deployed import API_URL, Browser, Deployed, event
from tests.functions.emulated import variable_of
from tests.support.insights import asked, lines_of

STACK = "invoicing"
_EVENTS = {
    "dispatch-syncs": "dispatch_syncs__schedule",
    "keep-tokens": "keep_tokens__schedule",
    "notify-operators": "notify_operators__hourly",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a call of the command answered."""

    code: int
    out: str
    error: str

    def rows(self) -> list[dict[str, Any]]:
        """Of a call with --json."""
        found: list[dict[str, Any]] = json.loads(self.out)
        return found


class Checks:
    """What AWS says of the stack itself: all is on, and nothing rings, unless a test says otherwise."""

    def __init__(self) -> None:
        self.good = True
        self.ringing: list[tuple[datetime, str, str]] = []
        self.off: list[Finding] = []

    def alarms(self) -> Iterator[tuple[datetime, str, str]]:
        return iter(self.ringing)

    def all(self) -> list[Finding]:
        return [Finding(subject="The stack itself", good=self.good, seen="", mend="")]

    def running(self) -> list[Finding]:
        return [Finding(subject="Schedules stand still", good=True, seen="3 on"), *self.off]


class Logs:
    """Answers queries from what the functions wrote: the lines that pass the filters, as they are."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def ask(
        self, groups: Sequence[str], query: str, *, since: datetime, until: datetime, limit: int
    ) -> list[Mapping[str, str]]:
        """The whole lines of each; what a query makes of them is not played."""
        assert since < until
        found: list[Mapping[str, str]] = []
        for group in groups:
            stack, name = re.fullmatch(r"/([\w-]+)/(\w+)", group).groups()  # type: ignore[union-attr] # that is the name
            assert stack == STACK
            for line in asked(query, lines_of(self._deployed.log_of(name))):
                found.append({name: str(value) for name, value in line.items()})
        return found[:limit]


class Operator:
    """Types commands as runbooks print them."""

    def __init__(self, browser: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.browser = browser
        self.deployed = browser.deployed
        self.checks = Checks()
        self._capsys = capsys
        self.typed: list[str] = []
        self.outputs = self._outputs()
        parameters = {"StageName": "prod", "OngoingApiBaseUrl": self.deployed.variables["ongoing_api_base_url"]}
        monkeypatch.setattr(command, "describe_stack", lambda _name: (self.outputs, parameters))
        monkeypatch.setattr(Bootstrap, "stack_checks", lambda *_: self.checks)
        monkeypatch.setattr(Bootstrap, "log_search", lambda *_: Logs(self.deployed))
        monkeypatch.setattr(Bootstrap, "invoke_function", lambda _, name: self._invoke(name))
        monkeypatch.setattr(Bootstrap, "transport", self.deployed.transport)
        # Who waits moves the clock: the simulators count calls by it.
        monkeypatch.setattr(Bootstrap, "sleep", self.deployed.clock.sleep)
        monkeypatch.setattr(Bootstrap, "monotonic", staticmethod(lambda: self.deployed.clock().timestamp()))
        self.deployed.transport.lead(
            urlsplit(API_URL).netloc, InProcessTransport(lambda _: Reply(status=200, body=b""))
        )

    def type(self, line: str) -> Said:
        """One command as it is printed, without what leads to the program."""
        self._capsys.readouterr()
        self.typed.append(line)
        try:
            code = command.main(["--stack-name", STACK, *shlex.split(line)])
        except SystemExit as wrongly_called:
            code = int(str(wrongly_called.code))
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def move(self) -> dict[str, str]:
        """An empty stack elsewhere, under a replica of the key; gives the tables that were before, by output."""
        aws, before = self.deployed.aws, dict(self.outputs)
        tables = [name for name in self.outputs if name.endswith("Table")]
        made = {variable_of(name): aws.table(name) for name in tables}
        self.deployed.move({**made, "journal_bucket": self.deployed.variables["journal_bucket"]})
        self.outputs.update({name: made[variable_of(name)] for name in tables})
        return before

    def _invoke(self, name: str) -> str:
        (started,) = [one for one, output in SCHEDULED.items() if self.outputs[output] == name]
        try:
            return json.dumps(self.deployed.invoke(started.replace("-", "_"), event(_EVENTS[started])))
        except InvoicingError as error:
            raise ConfigurationError(f"{name} ended with an error: {error}") from error

    def _outputs(self) -> dict[str, str]:
        variables, aws = self.deployed.variables, self.deployed.aws
        known = {one.name: variables[one.name] for one in fields(CheckSettings) if one.name in variables}
        return {
            **{settings.output_of(name): value for name, value in known.items()},
            "SyncDeadLetters": aws.queue(),
            "NoticeDeadLetters": aws.sqs.create_queue(QueueName=f"notice-{aws.queue()[-13:-5]}")["QueueUrl"],
            "SessionsTable": variables["sessions_table"],
            "ApiUrl": API_URL,
            "SealingKeyArn": "arn:aws:kms:eu-north-1:123456789012:key/mrk-1",
            **{output: output for output in (*SCHEDULED.values(), "SyncInvoicesFunction")},
        }
