"""An IAM linter looks at every role: actions that do not exist, resources that do not fit, idle conditions."""

import json
import os
import subprocess

import pytest

from tests.infrastructure.template import ROOT
from tests.infrastructure.translated import policies

PROGRAM = ROOT / ".venv-checks" / "bin" / "parliament"
# What it finds and we mean, each with the reason.
MEANT = {
    ("NotifyOperatorsRole", "RESOURCE_STAR"): "which identity SES picks is not known; the sender is bounded",
    ("NotifyOperatorsRole", "RESOURCE_MISMATCH"): "Lambda asks for ListStreams of the table's own streams",
}
# It does not know this key; AWS's global one is in every direct call.
UNKNOWN_TO_IT = "aws:ViaAWSService"


@pytest.mark.parametrize("role", sorted(policies()))
def test_a_role_says_what_iam_understands(role: str) -> None:
    """A misspelt action grants nothing, and a condition that an action does not know is never met."""
    found = lint(policies()[role])

    assert [one for one in found if (role, one["issue"]) not in MEANT] == []


def test_every_finding_that_we_mean_is_still_found() -> None:
    """A reason without a finding is a leftover."""
    assert {(role, one["issue"]) for role in policies() for one in lint(policies()[role])} == set(MEANT)


def test_a_misspelt_action_is_found() -> None:
    """A linter that finds nothing proves nothing."""
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItems", "Resource": "*"}

    assert [one["issue"] for one in lint({"Version": "2012-10-17", "Statement": [statement]})] == ["UNKNOWN_ACTION"]


def lint(policy: object) -> list[dict[str, str]]:
    """What parliament finds, what it cannot know left out."""
    answer = subprocess.run(
        [str(PROGRAM), "--json", "--string", json.dumps(policy)],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert answer.returncode in {0, 1}, answer.stderr
    findings: list[dict[str, str]] = [json.loads(line) for line in answer.stdout.splitlines()]
    return [one for one in findings if UNKNOWN_TO_IT not in str(one["detail"])]
