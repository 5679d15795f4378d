"""`make deploy` and `make undeploy` against the emulated AWS: the first time, the next, and after a failure."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import release
from local.ministack import REGION, ROOT_KEY, MiniStack
from local.release import ReleaseError, Stage, deploy, read_answers, undeploy, write_answers

ANSWERS = {
    "FortnoxClientId": "abc",
    "SenderAddress": "no-reply@mail.example",
    "SupportAddress": "help@mail.example",
    "AlarmEmail": "on-call@mail.example",
    # The emulator has neither associations of web ACLs nor CodeDeploy.
    "WebAcl": "none",
    "GradualDeployment": "false",
    "SenderIdentity": "address",
}


@pytest.fixture
def aws(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniStack]:
    """An account without anything in it, where every AWS tool looks."""
    assert built.exists()
    running = MiniStack(tmp_path)
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(release.LOOK_AGAIN, "Delay", 1)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def session(aws: MiniStack) -> Any:
    """Whoever deploys."""
    assert aws.url
    return boto3.Session(aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=REGION)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage whose answers lie apart from those of this checkout."""
    monkeypatch.setattr(release, "ANSWERS", tmp_path / "deployments")
    return replace(release.read_stage("staging"), region=REGION)


def never(question: str) -> str:
    """Nobody is asked."""
    raise AssertionError(question)


def told(secret: str) -> Callable[[str], str]:
    """Somebody who types the secret."""
    return lambda _question: secret


def test_from_a_failed_first_deployment_to_the_end_of_the_stage(
    aws: MiniStack, session: Any, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command each, no question after the first time, and nothing in the way of the next one."""
    stacks = session.client("cloudformation")
    # The emulator does not know what a sender domain gives, which it finds out when all else is created.
    write_answers(stage.answers, {**ANSWERS, "SenderIdentity": "domain"})
    with pytest.raises(ReleaseError, match="run the same command again") as failed:
        deploy(stage, session=session, ask=never, ask_secret=told("a-client-secret"))

    assert "a-client-secret" not in str(failed.value)
    write_answers(stage.answers, {**read_answers(stage.answers), "SenderIdentity": "address"})
    deploy(stage, session=session, ask=never, ask_secret=told("a-client-secret"))
    first = stacks.describe_stacks(StackName=stage.stack)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in first["Outputs"]}

    said = capsys.readouterr().out
    assert f"{outputs['ApiUrl']}/oauth/callback" in said
    assert "a-client-secret" not in said + stage.answers.read_text()
    assert first["EnableTerminationProtection"] is True
    assert "LogicalResourceId/DataKey" in stacks.get_stack_policy(StackName=stage.stack)["StackPolicyBody"]
    assert secrets_of(session) >= {"a-client-secret"}

    write_answers(stage.answers, {**read_answers(stage.answers), "SyncInterval": "rate(1 hour)"})
    deploy(stage, session=session, ask=never, ask_secret=never)
    parameters = {
        one["ParameterKey"]: one["ParameterValue"]
        for one in stacks.describe_stacks(StackName=stage.stack)["Stacks"][0]["Parameters"]
    }

    assert parameters["SyncInterval"] == "rate(1 hour)"
    assert parameters["StageName"] == "staging"
    assert secrets_of(session) >= {"a-client-secret"}

    write_answers(stage.answers, {**read_answers(stage.answers), "StageName": "prod"})
    with pytest.raises(ReleaseError, match="cannot become prod"):
        deploy(stage, session=session, ask=never, ask_secret=never)
    with pytest.raises(ReleaseError, match="nothing was changed"):
        undeploy(stage, session=session, ask=told("something else"))

    undeploy(stage, session=session, ask=told(stage.stack))

    said = capsys.readouterr().out
    assert outputs["TokensTable"] in said
    assert outputs["TokensTable"] in session.client("dynamodb").list_tables()["TableNames"]
    with pytest.raises(ReleaseError, match="there is no stack"):
        undeploy(stage, session=session, ask=never)


def secrets_of(session: Any) -> set[str]:
    """The text of every secret in the account."""
    client = session.client("secretsmanager")
    return {client.get_secret_value(SecretId=one["ARN"])["SecretString"] for one in client.list_secrets()["SecretList"]}
