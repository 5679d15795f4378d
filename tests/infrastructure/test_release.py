"""`make deploy`: asks once, keeps no secret, refuses what would make stored things unreadable."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local import release
from local.release import (
    CHOSEN_ONCE,
    KEPT,
    OUTLIVES,
    QUESTIONS,
    SECRET,
    STACK_POLICY,
    STAGES,
    ReleaseError,
    complete,
    look_at_account,
    next_steps,
    parameters_of,
    read_answers,
    read_stage,
    write_answers,
)
from tests.infrastructure.template import ROOT, template
from tests.infrastructure.translated import translated

ANSWERS = {
    "FortnoxClientId": "abc",
    "SenderAddress": "no-reply@mail.example",
    "SupportAddress": "help@mail.example",
    "AlarmEmail": "on-call@mail.example",
}


@pytest.mark.parametrize("name", STAGES)
def test_each_stage_has_a_stack_of_its_own(name: str) -> None:
    """Two stages in one stack would be one stage."""
    stacks = {read_stage(one).stack for one in STAGES}

    assert len(stacks) == len(STAGES)
    assert re.fullmatch(template()["Parameters"]["StageName"]["AllowedPattern"], read_stage(name).name)


def test_an_unknown_stage_is_refused_with_those_that_there_are() -> None:
    """`make deploy` without STAGE must not choose one."""
    with pytest.raises(ReleaseError, match="STAGE=staging or STAGE=prod"):
        read_stage("")


def test_answers_are_kept_out_of_the_repository_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    """And a person can change them."""
    path = tmp_path / "deployments" / "prod.toml"
    write_answers(path, {**ANSWERS, "PublicBaseUrl": 'https://å"\\.example'})

    assert read_answers(path) == {**ANSWERS, "PublicBaseUrl": 'https://å"\\.example'}
    assert path.stat().st_mode & 0o077 == 0
    assert f"{release.ANSWERS.name}/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize(
    ("text", "said"),
    [(f'{SECRET} = "x"', f"holds {SECRET}"), ("no toml", 'Parameter = "value"')],
    ids=["secret", "toml"],
)
def test_a_file_with_a_secret_or_without_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A secret in a file is copied along with it."""
    path = tmp_path / "prod.toml"
    path.write_text(text)

    with pytest.raises(ReleaseError, match=re.escape(said)):
        read_answers(path)


def test_only_what_is_missing_is_asked_for_and_until_it_makes_sense() -> None:
    """A sender that is no address would fail late in the creation."""
    given = iter(["nobody", "no-reply@mail.example"])
    known = {name: value for name, value in ANSWERS.items() if name != "SenderAddress"}

    assert complete(known, lambda _question: next(given)) == ANSWERS
    assert complete(ANSWERS, None) == ANSWERS


def test_where_nobody_sits_the_missing_answers_are_named() -> None:
    """A pipeline that hangs at a question says nothing."""
    with pytest.raises(ReleaseError, match="FortnoxClientId, SenderAddress"):
        complete({"SupportAddress": "help@mail.example", "AlarmEmail": "on-call@mail.example"}, None)


def test_every_question_and_choice_is_a_parameter_and_fits_it() -> None:
    """And nothing without a default is left unasked."""
    declared = template()["Parameters"]
    asked = {question.parameter for question in QUESTIONS}

    assert {*asked, *CHOSEN_ONCE, SECRET} <= set(declared)
    assert {name for name, one in declared.items() if "Default" not in one} <= {*asked, SECRET}
    for name, value in {**ANSWERS, **look_at_account(Account(), ANSWERS)}.items():
        assert value in declared[name].get("AllowedValues", [value])
        assert re.search(declared[name].get("AllowedPattern", ""), value)


class Account:
    """What an AWS account says that has some things already."""

    class _NotFoundError(Exception):
        """There is no such identity."""

    def __init__(self, *, identities: tuple[str, ...] = (), role: str = "", unreserved: int = 10) -> None:
        self.exceptions = type("Exceptions", (), {"NotFoundException": self._NotFoundError})
        self._identities, self._role, self._unreserved = identities, role, unreserved

    def client(self, _service: str) -> "Account":
        return self

    def get_email_identity(self, *, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if EmailIdentity not in self._identities:
            raise self._NotFoundError
        return {}

    def get_account(self) -> dict[str, str]:
        return {"cloudwatchRoleArn": self._role} if self._role else {}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._unreserved}}


@pytest.mark.parametrize(
    ("account", "chosen"),
    [
        (Account(), {"SenderIdentity": "domain", "ApiAccountRole": "make", "ReservedConcurrency": "0"}),
        (Account(identities=("mail.example",)), {"SenderIdentity": "existing"}),
        (Account(identities=("no-reply@mail.example",)), {"SenderIdentity": "existing"}),
        (Account(identities=("other.example",)), {"SenderIdentity": "domain"}),
        (Account(role="arn:aws:iam::1:role/logs"), {"ApiAccountRole": "existing"}),
        (Account(unreserved=105), {"ReservedConcurrency": "0"}),
        (Account(unreserved=106), {"ReservedConcurrency": "2"}),
    ],
)
def test_what_the_account_has_is_used_and_not_fought_over(account: Account, chosen: dict[str, str]) -> None:
    """A second identity of the same name rolls the stack back, and a second role takes the first one's place."""
    found = look_at_account(account, ANSWERS)

    assert {name: found[name] for name in chosen} == chosen
    assert found["WebAcl"] == "attached"


def test_a_second_deployment_gives_the_secret_no_more() -> None:
    """CloudFormation remembers it, and a parameter that nobody named stays as it is."""
    before = {"Parameters": [{"ParameterKey": name} for name in ("FortnoxClientId", SECRET)]}
    declared: dict[str, Any] = {"FortnoxClientId": {}, SECRET: {}, "AddedLater": {}}

    assert list(parameters_of(declared, {"FortnoxClientId": "new"}, before)) == [
        {"ParameterKey": "FortnoxClientId", "ParameterValue": "new"},
        {"ParameterKey": SECRET, "UsePreviousValue": True},
    ]


def test_a_misspelt_answer_is_refused() -> None:
    """It would be left out without a word."""
    with pytest.raises(ReleaseError, match="SyncIntervall"):
        list(parameters_of(template()["Parameters"], {"SyncIntervall": "rate(1 hour)"}, None))


def test_what_is_kept_is_protected_by_the_stack_policy_and_is_there() -> None:
    """A name that is not the stack's protects nothing."""
    resources = translated()["Resources"]
    protected = {name.removeprefix("LogicalResourceId/") for name in STACK_POLICY["Statement"][1]["Resource"]}

    assert protected == set(KEPT)
    assert set(KEPT) <= set(resources)
    assert {name for name, one in resources.items() if one["Type"] == "AWS::DynamoDB::Table"} <= set(KEPT)
    assert json.loads(json.dumps(STACK_POLICY)) == STACK_POLICY


def test_what_outlives_the_stack_is_what_the_template_retains() -> None:
    """`make undeploy` says it, so it must be true."""
    of_the_account = {"ApiLogsRole", "ApiAccount"}
    retained = {
        name
        for name, one in translated()["Resources"].items()
        if str(one.get("DeletionPolicy")).startswith("Retain")
        and name not in of_the_account
        and one["Type"] != "AWS::Lambda::Version"  # goes with its function
    }

    assert set(OUTLIVES) == retained


def test_what_a_failed_first_deployment_leaves_blocks_no_second_one() -> None:
    """Kept things without a name of their own get a new one each time; all others go again."""
    named = {"TableName", "BucketName", "RoleName", "Name"}
    for name, one in translated()["Resources"].items():
        policy = one.get("DeletionPolicy", "Delete")
        if policy == "Retain":
            assert not named & set(one["Properties"]), name
        else:
            assert policy in {"Delete", "RetainExceptOnCreate"}, name


@pytest.mark.parametrize("identity", ["domain", "address", "existing"])
def test_what_is_left_to_do_is_told_with_its_addresses(identity: str) -> None:
    """Whoever deployed need not read a manual for the next step."""
    outputs = {
        "ApiUrl": "https://pages.example",
        "DkimRecord1": "a._domainkey.mail.example b",
        "DmarcRecord": "_dmarc c",
    }
    told = next_steps(read_stage("prod"), outputs, {**ANSWERS, "SenderIdentity": identity})

    assert "https://pages.example/oauth/callback" in told
    assert "a._domainkey.mail.example b" in told
    assert "on-call@mail.example" in told
    assert "production access" in told
