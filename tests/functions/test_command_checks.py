"""`invoicing check …`: what the command prints and its exit code. What is checked has tests of its own."""

import json
from pathlib import Path

import pytest
from invoicing.adapters.fortnox.first_contact import FirstContact
from invoicing.domain.finding import Finding
from invoicing.runtime import command
from invoicing.runtime.bootstrap import Bootstrap

from local.fortnox.seed import TENANT_ID
from tests.support.world import World

OUTPUTS = dict.fromkeys(
    (
        *("ApiUrl", "IntegrationsTable", "TokensTable", "ExportsTable", "NoticesTable", "SyncQueue"),
        *("SlowSyncQueue", "SyncDeadLetters"),
        *("NoticeDeadLetters", "NotifyOperatorsFunction", "JournalBucket", "DataKeyAlias", "FortnoxSecretArn"),
    ),
    "https://invoicing.example",
)
PARAMETERS = dict.fromkeys(
    ("StageName", "FortnoxAuthBaseUrl", "FortnoxApiBaseUrl", "FortnoxClientId", "OngoingApiBaseUrl"),
    "https://fortnox.example",
)
GOOD = Finding(subject="The pages answer", good=True, seen="200")
BAD = Finding(subject="Somebody gets the alarms", good=False, seen="nobody subscribes", mend="aws sns subscribe …")


class Called:
    """The command, called as from a shell, between a world and no AWS."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.world = World()
        self.world.connect()
        self.findings: list[Finding] = [GOOD]
        self._capsys = capsys
        self._first_contact = Bootstrap.first_contact  # before it is replaced below
        monkeypatch.setenv("AWS_REGION", "eu-north-1")
        monkeypatch.setattr(command, "describe_stack", lambda _name: (OUTPUTS, PARAMETERS))
        monkeypatch.setattr(command, "check_outside", lambda _url, **_parts: self.findings)
        monkeypatch.setattr(Bootstrap, "stack_checks", lambda *_arguments: self)
        monkeypatch.setattr(Bootstrap, "integrations", self.world.integrations)
        monkeypatch.setattr(Bootstrap, "first_contact", lambda *_arguments: self.contact())

    def all(self) -> list[Finding]:
        """What AWS says."""
        return []

    def contact(self) -> FirstContact:
        """With the simulator."""
        integration = self.world.integrations.get("nordlager")
        assert integration is not None
        return self._first_contact(self.world.parts, integration)

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = command.main(["--stack-name", "invoicing", "check", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Called:
    """In a folder of its own, where the shape report may lie."""
    monkeypatch.chdir(tmp_path)
    return Called(monkeypatch, capsys)


def test_a_good_stack_is_exit_code_0(check: Called) -> None:
    """One line for each thing."""
    code, out, err = check("stack")

    assert (code, err) == (0, "")
    assert "ok" in out
    assert "The pages answer" in out


def test_a_wrong_stack_is_exit_code_1_and_says_how_to_mend_it(check: Called) -> None:
    """For people and for programs."""
    check.findings = [GOOD, BAD]
    code, out, err = check("stack")
    as_json = json.loads(check("stack", "--json")[1])

    assert code == 1
    assert "1 of 2 lines are wrong" in err
    assert "aws sns subscribe" in out
    assert [row[""] for row in as_json] == ["ok", "WRONG"]


def test_a_company_as_believed_is_exit_code_0_and_leaves_a_shape_report(check: Called) -> None:
    """Reads only."""
    code, out, err = check("fortnox", "nordlager")
    report = json.loads(Path("fortnox-shape.json").read_text())

    assert code == 0, err
    assert "Which VAT types do customers have?" in out
    assert "Customer.VATType" in report
    assert {call.method for call in check.world.fortnox.calls() if call.path.startswith("/3/")} == {"GET"}


def test_a_company_that_differs_is_exit_code_1(check: Called) -> None:
    """The table says what."""
    check.world.fortnox.change_entry(TENANT_ID, "customers", "1003", {"VATType": "OSSVAT"})
    code, out, err = check("fortnox", "nordlager", "--shape", "shape.json")

    assert code == 1
    assert "NEW" in out
    assert "NEW" in err
    assert Path("shape.json").exists()


def test_nothing_is_written_into_a_company_that_was_not_named(check: Called) -> None:
    """The tenant id must be that of the connection."""
    code, _, err = check("fortnox", "nordlager", "--write", "7654321")

    assert code == 1
    assert f"connected to company {TENANT_ID}" in err
    assert check.world.fortnox.calls() == [] or all(
        call.method == "GET" for call in check.world.fortnox.calls() if call.path.startswith("/3/")
    )


def test_a_test_company_that_is_named_is_written_into(check: Called) -> None:
    """And what was made is cancelled."""
    code, out, err = check("fortnox", "nordlager", "--write", TENANT_ID)
    invoices = check.world.fortnox.state()["companies"][TENANT_ID]["invoices"].values()

    assert code == 0, err
    assert "Is everything that was made cancelled?" in out
    assert invoices
    assert all(invoice["Cancelled"] for invoice in invoices)


def test_an_integration_that_is_not_there_is_said(check: Called) -> None:
    """As everywhere in the command."""
    code, _, err = check("fortnox", "nobody")

    assert code == 1
    assert "there is no integration nobody" in err
