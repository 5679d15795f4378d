"""The service operator's command, against moto; tests/artefact has it on a stack."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from invoicing.adapters.aws.journal import S3TokenJournal
from invoicing.application.ports import JournalEntry
from invoicing.domain.errors import ConfigurationError
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.integration import LATE_AFTER, Integration, IntegrationStatus
from invoicing.runtime import command
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.settings import CommandSettings

from tests.functions.command_stack import NORDLAGER, Stack, stack
from tests.infrastructure.template import template
from tests.support.fakes import START

REQUEST = {"integration_id": "nordlager", "by": "schedule", "slot": "2026-03-02T08:00:00Z"}
LINE = {
    "level": "INFO",
    "message": "token_third_sink",
    "integration": "nordlager",
    "chain": "chain-1",
    "version": "7",
    "attempt": "attempt-1",
    "received_at": START.isoformat(),
    "ciphertext": base64.b64encode(b"sealed-pair-that-nobody-may-see").decode(),
}


__all__ = ["stack"]  # a fixture


# ---- customer ids


def test_a_customer_id_is_added_listed_and_removed(stack: Stack) -> None:
    """The system may be written as its users write it."""
    added = stack.call("customer-ids", "add", "4711", "https://Nordlager.ongoingsystems.se/nordlager/")
    listed = stack.call("customer-ids", "list", "--json")
    removed = stack.call("customer-ids", "remove", "4711")

    assert added == (0, "Customer id 4711 leads to nordlager.\n", "")
    assert json.loads(listed[1]) == [{"customer id": "4711", "system": "nordlager"}]
    assert removed[0] == 0
    assert stack.call("customer-ids", "list")[1].startswith("The directory is empty")


def test_a_customer_id_is_not_led_elsewhere_by_mistake(stack: Stack) -> None:
    """Whoever writes it on the start page has the password sent there."""
    stack.call("customer-ids", "add", "4711", "nordlager")
    code, _, said = stack.call("customer-ids", "add", "4711", "sydlager")

    assert code == 1
    assert "leads to nordlager already" in said
    assert stack.integrations.warehouse_of("4711") == "nordlager"
    assert stack.call("customer-ids", "add", "4711", "sydlager", "--replace")[0] == 0
    assert stack.integrations.warehouse_of("4711") == "sydlager"


# ---- calls that cannot be carried out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "COMMAND"),
        (["customer-ids", "add", "abc", "nordlager"], "no customer id"),
        (["customer-ids", "add", "4711", "https://evil.example/"], "no system"),
        (["customer-ids", "add", "4711", "4712"], "no system"),
        (["history", "nordlager", "first"], "invalid int"),
        (["dead-letters", "redrive", "everything"], "invalid choice"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_does_nothing(stack: Stack, arguments: list[str], why: str) -> None:
    """Exit code 2, as everywhere."""
    code, out, said = stack.call(*arguments)

    assert (code, out) == (2, "")
    assert why in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["customer-ids", "remove", "4711"], "not in the directory"),
        (["integrations", "unknown"], "no integration unknown"),
        (["sync", "unknown"], "no integration unknown"),
        (["history", "nordlager", "5001"], "no record of invoice 5001"),
    ],
)
def test_what_does_not_exist_is_said_with_exit_code_1(stack: Stack, arguments: list[str], why: str) -> None:
    """One sentence, no traceback."""
    code, out, said = stack.call(*arguments)

    assert (code, out) == (1, "")
    assert said.startswith("invoicing: ")
    assert why in said


# ---- integrations


def test_integrations_are_listed_with_their_health(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken is seen at once, and a name cannot steer the terminal."""
    monkeypatch.setattr(Bootstrap, "clock", lambda *_: START)
    stack.connect()
    stack.connect(replace(NORDLAGER, id="sydlager", company=replace(NORDLAGER.company, name="Evil\x1b[2J AB")))
    stack.integrations.mark_broken("sydlager", at=START)
    code, out, _ = stack.call("integrations")

    heading, north, south = out.splitlines()
    assert code == 0
    assert " ".join(heading.split()) == "id status company keys last run sent waiting held failed problem"
    assert north.split()[:2] == ["nordlager", "active"]
    assert "licence_missing" in north
    assert south.split()[:2] == ["sydlager", "broken"]
    assert "\x1b" not in out
    monkeypatch.setattr(Bootstrap, "clock", lambda *_: START + 2 * LATE_AFTER)
    assert stack.call("integrations")[1].splitlines()[1].split()[:2] == ["nordlager", "late"]


def test_one_integration_is_shown_with_the_same_values_for_programs(stack: Stack) -> None:
    """What a person reads and what a program reads are one thing."""
    stack.connect()
    text = stack.call("integrations", "nordlager")[1]
    (values,) = json.loads(stack.call("integrations", "nordlager", "--json")[1])

    assert values["keys"] == "active, service"
    assert (values["sent"], values["waiting"], values["held"]) == (5, 2, 2)
    assert [line.split("  ")[0] for line in text.splitlines()] == list(values)


def test_a_sync_is_queued_in_the_operators_name(stack: Stack) -> None:
    """The history of an invoice says who asked."""
    stack.connect()
    code, _, _ = stack.call("sync", "nordlager")
    (request,) = stack.queued()

    assert code == 0
    assert (request["integration_id"], request["by"]) == ("nordlager", "service operator")


@pytest.mark.parametrize(
    ("integration", "why"),
    [
        (replace(NORDLAGER, broken_since=START), "its keys to Fortnox are dead"),
        (replace(NORDLAGER, status=IntegrationStatus.PAUSED), "it is paused"),
        (replace(NORDLAGER, status=IntegrationStatus.DISCONNECTED), "it is disconnected"),
    ],
)
def test_no_sync_is_promised_for_what_does_not_run(stack: Stack, integration: Integration, why: str) -> None:
    """A worker would drop the request silently."""
    stack.connect(integration)
    code, _, said = stack.call("sync", "nordlager")

    assert code == 1
    assert why in said
    assert stack.queued() == []


def test_the_history_of_an_invoice_is_shown(stack: Stack) -> None:
    """What an auditor asks the operator for."""
    record = Export(
        integration_id="nordlager",
        invoice_id=5001,
        state=ExportState.DONE,
        version=1,
        reference="ONGOING-nordlager-5001-",
        fortnox_number="17",
        currency="SEK",
    )
    stack.exports.save(record, event=HistoryEvent(at=START, kind=EventKind.CREATED, by="schedule", fortnox_number="17"))
    code, out, _ = stack.call("history", "nordlager", "5001")
    values = json.loads(stack.call("history", "nordlager", "5001", "--json")[1])

    assert code == 0
    assert "created" in out
    assert values["Fortnox number"] == "17"
    assert [event["event"] for event in values["history"]] == ["created"]


# ---- dead letters


def test_dead_syncs_are_shown_and_given_back(stack: Stack) -> None:
    """Looking changes nothing; redriving queues the same request again."""
    stack.bury("SyncDeadLetters", REQUEST)
    shown = json.loads(stack.call("dead-letters", "show", "sync", "--json")[1])
    redriven = stack.call("dead-letters", "redrive", "sync")

    assert [json.loads(letter["body"]) for letter in shown] == [REQUEST]
    assert redriven == (0, "sync: 1 given back.\n", "")
    assert stack.queued() == [REQUEST]


def test_letters_that_somebody_else_holds_are_not_taken_for_none(stack: Stack) -> None:
    """SQS shows them to nobody else for two minutes."""
    stack.bury("SyncDeadLetters", REQUEST)
    stack.aws.sqs.receive_message(QueueUrl=stack.outputs["SyncDeadLetters"], VisibilityTimeout=120)
    code, out, _ = stack.call("dead-letters", "show", "sync")

    assert (code, out) == (0, "None can be shown: somebody else is looking at 1. Look again in two minutes.\n")


# ---- which stack


def test_an_older_or_other_stack_is_refused_by_name(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every missing output is named, so that one look is enough."""
    monkeypatch.setattr(command, "describe_stack", lambda _name: ({"SyncQueue": "q"}, {}))
    code, _, said = stack.call("integrations")

    assert code == 1
    assert "stack invoicing has no output ExportsTable, IntegrationsTable, JournalBucket" in said


@pytest.mark.parametrize(("variable", "expected"), [("from-variable", "from-variable"), ("", "from-samconfig")])
def test_the_stack_is_the_one_of_the_variable_or_of_the_folder(
    variable: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So that a plain call means the stack that `sam deploy` makes from here."""
    asked: list[str] = []

    def describe(name: str) -> tuple[dict[str, str], dict[str, str]]:
        asked.append(name)
        raise ConfigurationError("far enough")

    (tmp_path / "samconfig.toml").write_text('[default.global.parameters]\nstack_name = "from-samconfig"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INVOICING_STACK", variable)
    monkeypatch.setattr(command, "describe_stack", describe)

    assert command.main(["integrations"]) == 1
    assert asked == [expected]


def test_without_any_name_the_command_asks_for_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It never guesses: there may be a stack for tests beside the real one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INVOICING_STACK", raising=False)
    with pytest.raises(SystemExit) as stopped:
        command.main(["integrations"])

    assert stopped.value.code == 2
    assert "--stack-name" in capsys.readouterr().err


def test_without_a_region_the_operator_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment's credentials and region are all that the command needs."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    assert command.main(["--stack-name", "invoicing", "integrations"]) == 1
    assert "no credentials or region" in capsys.readouterr().err


def test_the_command_reads_only_outputs_that_the_template_gives() -> None:
    """An output that is renamed would be missed only in an emergency."""
    given = dict.fromkeys(template()["Outputs"], "name")

    assert CommandSettings.of_stack("invoicing", given, {"StageName": "prod"}).sync_queue_url == "name"


# ---- tokens


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A line of the log, as it is copied from CloudWatch."""
    path = tmp_path / "line.json"
    path.write_text(json.dumps(LINE))
    return path


def test_a_token_of_the_third_sink_is_put_where_recovery_looks_for_it(stack: Stack, line: Path) -> None:
    """Twice does no harm."""
    restored = [stack.call("tokens", "restore", str(line)) for _ in range(2)]
    found = S3TokenJournal(stack.aws.s3, stack.outputs["JournalBucket"]).find("nordlager", "chain-1", 7)

    said = "Version 7 of the keys of nordlager is in the journal; keep_tokens adopts it from there.\n"
    assert restored == [(0, said, "")] * 2
    assert found == [JournalEntry(attempt_id="attempt-1", blob=b"sealed-pair-that-nobody-may-see", received_at=START)]


def test_what_the_log_was_asked_for_is_taken_as_it_came(stack: Stack, line: Path) -> None:
    """All lines of `invoicing logs third-sink --json`."""
    rows = [{"@timestamp": "2026", "@message": json.dumps(LINE | {"version": version})} for version in ("7", "8")]
    line.write_text(json.dumps(rows))
    code, _, _ = stack.call("tokens", "restore", str(line))
    journal = S3TokenJournal(stack.aws.s3, stack.outputs["JournalBucket"])

    assert code == 0
    assert [len(journal.find("nordlager", "chain-1", version)) for version in (7, 8)] == [1, 1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"message": "token_rotated"}, "not a token_third_sink"),
        ({"ciphertext": "%%%"}, "no line of the log"),
        ({"version": "seven"}, "no line of the log"),
        ({"received_at": "2026-03-02T08:00:00"}, "no time zone"),
        ({"chain": None}, "no line of the log"),
    ],
)
def test_a_line_that_is_not_whole_is_refused(stack: Stack, line: Path, wrong: dict[str, str], said: str) -> None:
    """What is written to the journal stays there."""
    line.write_text(json.dumps(LINE | wrong))
    code, _, complaint = stack.call("tokens", "restore", str(line))

    assert code == 1
    assert said in complaint
    assert stack.aws.s3.list_objects_v2(Bucket=stack.outputs["JournalBucket"])["KeyCount"] == 0


@pytest.mark.parametrize("text", ["", "[]", "7", '{"message": "token_third_sink"}'])
def test_a_file_that_holds_no_line_is_refused(stack: Stack, line: Path, text: str) -> None:
    """An error of the operator is told, and is no traceback."""
    line.write_text(text)

    assert stack.call("tokens", "restore", str(line))[0] == 1
    assert stack.call("tokens", "restore", str(line.with_name("none")))[0] == 1
