"""Every command of ours that a document or a text of ours prints can be typed as it is printed."""

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session
from invoicing.runtime.command import parser_of_all
from invoicing.runtime.log_queries import FUNCTIONS, QUERIES
from invoicing.runtime.operate import SCHEDULED, TABLES

from tests.infrastructure.template import ROOT, functions, resources, template

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = sorted((ROOT / "layers" / "shared" / "python" / "invoicing").rglob("*.py"))
CODE = re.compile(r"^ *```\w*\n(.*?)^ *```$|^ {4}(\S.*)$|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?<![\w/-])(?:\.venv/bin/)?invoicing (?=[a-z-])((?:<[^>]*>|[^`|>#;\n])*)")
# What stands for a value, and one that it may be.
VALUES = {
    "ID": "demo",
    "INVOICE": "5001",
    "TABLE": "tokens",
    "RESTORED": "restored",
    "TENANT_ID": "1",
    "SYSTEM": "demo",
}


def printed(path: Path) -> Iterator[str]:
    """The commands in the code of a document, or in the texts of a module."""
    text = path.read_text()
    if path.suffix == ".py":
        pieces = [one for said in said_by(ast.parse(text)) for one in re.findall(r"`(invoicing [^`\n]+)`", said)]
    else:
        pieces = [next(filter(None, found), "") for found in CODE.findall(text)]
    for piece in pieces:
        for found in COMMAND.findall(piece.replace("\\\n", " ")):
            yield re.split(r'\)"|\)$', found)[0].strip()


def said_by(module: ast.Module) -> Iterator[str]:
    """The texts of a module, but not what its docstrings mention."""
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "demo" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def typed(command: str) -> list[str]:
    """As a shell would give it, with values for what stands for one."""
    filled = re.sub(r"<[^>]*>", "demo", command)
    return [VALUES.get(word, word) for word in shlex.split(filled)]


PRINTED = sorted({(path.relative_to(ROOT).as_posix(), one) for path in [*DOCUMENTS, *SOURCES] for one in printed(path)})


def test_commands_are_found() -> None:
    """In fenced code, in a line of text, within another command, and in what the command itself says."""
    found = {command for _, command in PRINTED}

    assert {
        "status",
        "outputs FortnoxSecretArn",
        "tokens restore lines.json",
        "resume-all",
        "resume <id>",
        "resume demo",
    } <= found


@pytest.mark.parametrize(("where", "command"), PRINTED, ids=[f"{where}: {command}" for where, command in PRINTED])
def test_a_printed_command_is_one(where: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the parser that reads it when it is typed."""
    words = typed(command)
    assert words, f"{where} prints no command"
    if words[-1] == "--help":
        return
    try:
        asked = parser_of_all().parse_args(words)
    except SystemExit as refused:
        pytest.fail(f"{where}: invoicing {command}: {capsys.readouterr().err.splitlines()[-1]} ({refused.code})")

    assert callable(asked.act)


def test_a_wrong_command_would_be_seen() -> None:
    """The control of the test above."""
    for wrong in ("restore everything --from x", "logs no-such-query", "pause", "tokens check"):
        with pytest.raises(SystemExit):
            parser_of_all().parse_args(typed(wrong))


def test_outputs_that_are_asked_for_are_outputs_of_the_template() -> None:
    """Also in a loop of the shell."""
    asked = {command.split()[1] for _, command in PRINTED if command.startswith("outputs ")}
    loops = re.findall(r"for f in ([\w ]+);", "\n".join(path.read_text() for path in DOCUMENTS))

    assert {*asked - {"$f"}, *chain.from_iterable(loop.split() for loop in loops)} <= set(template()["Outputs"])


def test_every_question_to_the_log_is_asked_by_a_document() -> None:
    """One that nobody is led to is one that nobody keeps right."""
    asked = {command.split()[1] for _, command in PRINTED if command.startswith("logs ")}

    assert asked - {"--json"} == set(QUERIES)


def test_the_logs_that_are_asked_are_those_of_the_template() -> None:
    """Functions, and what the gateway answered."""
    groups = {str(one["Properties"]["LogGroupName"]["Fn::Sub"]) for one in resources("AWS::Logs::LogGroup").values()}

    assert groups == {f"/${{AWS::StackName}}/{name}" for name in (*FUNCTIONS, "pages")}
    assert {of for query in QUERIES.values() for of in query.of} <= {*FUNCTIONS, "pages"}


AWS_COMMANDS = sorted(
    {
        (path.relative_to(ROOT).as_posix(), one)
        for path in DOCUMENTS
        for piece in CODE.findall(path.read_text())
        for one in re.findall(
            r"(?<![\w/-])aws ([a-z0-9]+ [a-z-]+(?:(?! \| |; |\baws ).)*)",
            next(filter(None, piece), "").replace("\\\n", " "),
        )
    }
)
EVERYWHERE = {"--query", "--output", "--region"}


@pytest.mark.parametrize(("where", "command"), AWS_COMMANDS, ids=[f"{one[0]}: {one[1][:40]}" for one in AWS_COMMANDS])
def test_a_printed_command_of_aws_is_one(where: str, command: str) -> None:
    """Service, operation and options, as the SDK's own models have them."""
    service, operation, *_ = command.split()
    model = Session().get_service_model({"s3api": "s3"}.get(service, service))
    known = {xform_name(name, "-"): name for name in model.operation_names}
    if operation == "wait":
        return
    if (service, operation) == ("cloudformation", "deploy"):  # made by the CLI of several calls
        deploys = {"--stack-name", "--template-file", "--capabilities", "--parameter-overrides"}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", command)) <= deploys | EVERYWHERE
        return
    assert operation in known, f"{where}: aws {service} has no {operation}"
    members = model.operation_model(known[operation]).input_shape
    options = {f"--{xform_name(name, '-')}" for name in (members.members if members else ())}
    outside = re.sub(r"\$\([^()]*\)|'[^']*'", "", command)

    assert set(re.findall(r"(?<=\s)--[a-z0-9-]+", outside)) <= options | EVERYWHERE, where


def test_commands_of_aws_are_found() -> None:
    """The control: also those within another command."""
    operations = {" ".join(command.split()[:2]) for _, command in AWS_COMMANDS}

    assert {"secretsmanager put-secret-value", "kms describe-key", "dynamodb delete-table"} <= operations


def test_what_can_be_started_is_what_a_schedule_starts() -> None:
    """And what can be restored is every table."""
    scheduled = {one.name for one in functions() if any(event["Type"] == "Schedule" for event in one.events.values())}

    assert set(SCHEDULED.values()) == scheduled
    assert set(TABLES.values()) == set(resources("AWS::DynamoDB::Table"))
