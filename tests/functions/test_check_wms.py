"""`invoicing check wms`: what it prints and writes, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from invoicing.runtime import command
from invoicing.runtime.bootstrap import Bootstrap
from moto import mock_aws

from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.options import EmptyList
from local.ongoing.simulator import OngoingSimulator
from tests.support.aws import Aws
from tests.support.fakes import START

type Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def simulator() -> OngoingSimulator:
    return OngoingSimulator(clock=lambda: START, warehouses=[seed.default_warehouse(START.date())])


@pytest.fixture
def call(
    simulator: OngoingSimulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Call:
    """The command, called in an empty folder, whose calls to Ongoing reach the simulator."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv(command.PASSWORD_VARIABLE, seed.PASSWORD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Bootstrap, "transport", InProcessTransport(simulator.handle))

    def calling(*arguments: str) -> tuple[int, str, str]:
        with mock_aws():
            table = Aws().table("IntegrationsTable")
            outputs = dict.fromkeys(
                [
                    *("TokensTable", "ExportsTable", "NoticesTable", "JournalBucket", "SyncQueue", "SlowSyncQueue"),
                    "SyncDeadLetters",
                    *("NoticeDeadLetters", "NotifyOperatorsFunction", "DataKeyAlias", "FortnoxSecretArn"),
                    *("FortnoxAuthBaseUrl", "FortnoxApiBaseUrl", "FortnoxClientId"),
                ],
                "unused",
            )
            parameters = {"StageName": "test", "OngoingApiBaseUrl": "https://ongoing.test"}
            monkeypatch.setattr(
                command, "describe_stack", lambda _name: ({**outputs, "IntegrationsTable": table}, parameters)
            )
            code = command.main(["--stack-name", "invoicing", "check", "wms", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return calling


def test_a_system_that_is_known_ends_with_the_words_that_it_is(
    call: Call, simulator: OngoingSimulator, tmp_path: Path
) -> None:
    """A table, a report beside it, and exit code 0 for scripts. The address may be written as people write it."""
    code, out, _ = call("nordlager.ongoingsystems.se", "--username", seed.USERNAME)
    report = json.loads((tmp_path / "wms-shape.json").read_text())

    assert code == 0
    assert out.splitlines()[0].split() == ["question", "certain", "seen", "means"]
    assert out.rstrip().endswith("This system is understood.")
    assert set(report) == {"with charges", "without invoices", "price list"}
    assert {one.operation for one in simulator.calls} == {"GetInvoicesByQuery", "GetPriceListByQuery"}
    assert seed.PASSWORD not in out + json.dumps(report)


def test_a_system_that_is_unknown_on_purpose_ends_with_the_lines_to_add(
    call: Call, simulator: OngoingSimulator
) -> None:
    """And with exit code 1, so that nothing goes on behind it."""
    simulator.set_options(renamed={"Invoices": "Fakturor", "InvoiceAmount": "Belopp"})
    code, out, err = call("nordlager", "--username", seed.USERNAME)

    assert code == 1
    assert "not understood" in err
    assert "STOP" in out
    assert f"Lines to add in {command.MENDED_IN}" in err
    assert 'InvoicesAnswer.invoices: add "Fakturor"' in err
    assert 'InvoiceAnswer.amount: add "Belopp"' in err


def test_the_file_that_is_to_be_mended_exists() -> None:
    """Whoever follows the last line finds it."""
    assert (Path(__file__).resolve().parents[2] / command.MENDED_IN).is_file()


def test_a_refused_login_is_said_as_such(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as an interface that changed."""
    monkeypatch.setenv(command.PASSWORD_VARIABLE, "wrong")
    code, out, err = call("nordlager", "--username", seed.USERNAME)

    assert (code, out) == (1, "")
    assert "refused the login" in err


def test_what_a_person_confirms_about_a_system_is_kept(simulator: OngoingSimulator, call: Call) -> None:
    """It is the one thing that a system without invoices cannot show itself."""
    simulator.set_options(empty_list=EmptyList.MISSING)
    for invoice in simulator.warehouse(seed.WAREHOUSE).invoices:
        simulator.remove_invoice(seed.WAREHOUSE, invoice.id)
    code, out, _ = call("nordlager", "--username", seed.USERNAME)

    assert code == 1
    assert "--confirm-empty" in out
    assert call("nordlager", "--username", seed.USERNAME, "--confirm-empty")[0] == 0
