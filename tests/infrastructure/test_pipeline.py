"""The example of a pipeline: its steps are those of this repository, and its role may do what a deployment calls."""

import re
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session
from samtranslator.yaml_helper import yaml_parse

from tests.infrastructure.template import ROOT, resources, template
from tests.infrastructure.test_help import LINES

FOLDER = ROOT / "docs" / "pipeline"
# A resource of the template, and the service whose rights make it.
SERVICES = {
    "AWS::Serverless::Function": "lambda",
    "AWS::Serverless::LayerVersion": "lambda",
    "AWS::Serverless::Api": "apigateway",
    "AWS::ApiGateway": "apigateway",
    "AWS::Lambda": "lambda",
    "AWS::AppConfig": "appconfig",
    "AWS::KMS": "kms",
    "AWS::SecretsManager": "secretsmanager",
    "AWS::DynamoDB": "dynamodb",
    "AWS::S3": "s3",
    "AWS::SQS": "sqs",
    "AWS::SES": "ses",
    "AWS::Events": "events",
    "AWS::Logs": "logs",
    "AWS::CloudWatch": "cloudwatch",
    "AWS::SNS": "sns",
    "AWS::IAM": "iam",
    "AWS::WAFv2": "wafv2",
    "AWS::Scheduler": "scheduler",
    "AWS::CertificateManager": "acm",
    "AWS::Route53": "route53",
}


def account() -> dict[str, Any]:
    """The template of the role."""
    parsed: dict[str, Any] = yaml_parse((FOLDER / "account.yaml").read_text())
    return parsed


def statements() -> list[dict[str, Any]]:
    """Of the role."""
    (policy,) = account()["Resources"]["DeployRole"]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def allowed() -> set[str]:
    """Every action that the role may call on something."""
    actions: set[str] = set()
    for statement in statements():
        assert statement["Effect"] == "Allow"
        actions |= {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])
    return actions


def jobs() -> dict[str, Any]:
    """Of the workflow."""
    found: dict[str, Any] = yaml_parse((FOLDER / "github-actions.yml").read_text())["jobs"]
    return found


def test_check_test_staging_and_prod_come_in_this_order() -> None:
    """And a person approves before prod."""
    assert {name: job.get("needs") for name, job in jobs().items()} == {
        "check": None,
        "test": "check",
        "staging": "test",
        "prod": "staging",
    }
    assert {name: job.get("environment") for name, job in jobs().items() if "environment" in job} == {
        "staging": "staging",
        "prod": "prod",
    }


def test_only_what_deploys_may_say_who_it_is_and_no_key_is_stored() -> None:
    """GitHub's word for AWS is given to two jobs."""
    assert {name for name, job in jobs().items() if job.get("permissions", {}).get("id-token")} == {"staging", "prod"}
    assert not re.search(r"secrets\.|AKIA|aws-secret", (FOLDER / "github-actions.yml").read_text())


def test_what_it_calls_is_there() -> None:
    """Targets of the Makefile; the smoke test follows each deployment."""
    steps = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs().items()}
    called = {word for runs in steps.values() for run in runs for word in re.findall(r"make ([a-z]+)", run)}

    assert called <= {name for name, _ in LINES}
    for stage in ("staging", "prod"):
        assert steps[stage][-2] == f"make deploy STAGE={stage}"
        assert steps[stage][-1] == f".venv/bin/invoicing --stack-name invoicing-{stage} check stack"


def test_the_role_may_make_whatever_the_template_has() -> None:
    """By service: which actions CloudFormation calls for each resource, AWS does not promise."""
    kinds = {one["Type"] for one in template()["Resources"].values()}
    needed = {service for kind in kinds for prefix, service in SERVICES.items() if kind.startswith(prefix)}
    unknown = {kind for kind in kinds if not any(kind.startswith(prefix) for prefix in SERVICES)}

    assert unknown == set()
    assert needed <= {action.partition(":")[0] for action in allowed()}


def test_the_role_may_call_what_make_deploy_calls() -> None:
    """Of CloudFormation, each call of local/release.py."""
    text = (ROOT / "local" / "release.py").read_text()
    model = Session().get_service_model("cloudformation")
    names = {xform_name(name): name for name in model.operation_names}
    called = {names[name] for name in re.findall(r"stacks\.(\w+)\(", text) if name in names} - {"DeleteStack"}

    assert {f"cloudformation:{name}" for name in called} <= allowed()


@pytest.mark.parametrize("statement", statements(), ids=lambda statement: statement["Sid"])
def test_no_statement_gives_the_whole_account(statement: dict[str, Any]) -> None:
    """Roles are those named after the stack; a star for a resource has its reason in the template."""
    actions = {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])

    assert "*" not in actions
    if any(action.startswith("iam:") for action in actions):
        assert "role/${StackName}-*" in str(statement["Resource"])
    if statement["Resource"] == "*":
        assert statement["Sid"] in {"WhatAwsNames", "LooksAtTheAccount"}


def test_only_one_environment_of_one_repository_takes_the_role() -> None:
    """Equal, not like: a branch with a clever name is none."""
    (trust,) = account()["Resources"]["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {
                "Fn::Sub": "repo:${Repository}:environment:${Environment}",
            },
        }
    }


def test_somebody_is_told_of_the_cost_before_and_after() -> None:
    """Forecast and fact."""
    budget = yaml_parse((FOLDER / "budget.yaml").read_text())
    told = budget["Resources"]["Budget"]["Properties"]["NotificationsWithSubscribers"]

    assert {one["Notification"]["NotificationType"] for one in told} == {"FORECASTED", "ACTUAL"}
    assert all(one["Subscribers"] for one in told)


def test_the_names_that_the_role_is_bound_to_are_those_of_the_template() -> None:
    """Log groups are named by us, the rest by CloudFormation after the stack."""
    named = {str(one["Properties"]["LogGroupName"]["Fn::Sub"]) for one in resources("AWS::Logs::LogGroup").values()}

    assert all(name.startswith("/${AWS::StackName}/") for name in named)
