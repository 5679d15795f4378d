"""Deploys to a real AWS account: `make deploy STAGE=staging`, `make undeploy STAGE=staging`.

What the first deployment of a stage was told is kept in `deployments/<stage>.toml`, which is not tracked. The client
secret is asked for once and goes through CloudFormation into Secrets Manager; no file and no command line has it.
`sam deploy` asks anew about the secret and about each route without authentication, so the change set is made here.
"""

import argparse
import getpass
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
ANSWERS = ROOT / "deployments"
STAGES = ("staging", "prod")
SECRET = "FortnoxClientSecret"
CHOSEN_ONCE = ("StageName", "DataKeyArn")  # a change makes what is stored unreadable
RESERVED = 2  # executions for each function that keeps room, where the quota allows it
LEFT_BY_AWS = 100  # executions that AWS wants to stay unreserved
LOOK_AGAIN = {"Delay": 5, "MaxAttempts": 720}

# What must not be replaced or removed by an update, whoever makes it: it holds what cannot be had again.
KEPT = {
    "DataKey": "without it nothing that is stored can be read, backups included",
    "IntegrationsTable": "who is connected, with which settings",
    "TokensTable": "the keys to Fortnox",
    "ExportsTable": "the record of what was sent, which makes a second invoice impossible",
    "SessionsTable": "sign-ins and throttles",
    "NoticesTable": "mails that were sent and wait",
    "JournalBucket": "the second copy of the keys to Fortnox",
    "FortnoxSecret": "the app's secret",
    "SigningSecret": "with another one, the links in mails that were sent are dead",
    "ApiStage": "its name is bound into every ciphertext",
}
# What of that outlives the stack; the rest goes with it.
OUTLIVES = ("DataKey", *(name for name in KEPT if name.endswith("Table")), "JournalBucket")
STACK_POLICY: dict[str, Any] = {
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["Update:Replace", "Update:Delete"],
            "Resource": [f"LogicalResourceId/{name}" for name in KEPT],
        },
    ]
}


class ReleaseError(Exception):
    """The stage was not deployed: says what, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that only the operator knows."""

    parameter: str
    text: str
    pattern: str


_ADDRESS = r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+"
QUESTIONS = (
    Question(parameter="FortnoxClientId", text="Client id of the app in Fortnox's developer portal", pattern=r"\S+"),
    Question(parameter="SenderAddress", text="Mails are sent from this address", pattern=_ADDRESS),
    Question(parameter="SupportAddress", text="Shown to customers as the way to reach a person", pattern=_ADDRESS),
    Question(parameter="AlarmEmail", text="Alarms are sent to this address", pattern=_ADDRESS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of samconfig.toml."""

    name: str
    stack: str
    region: str

    @property
    def answers(self) -> Path:
        """Where its parameters are kept."""
        return ANSWERS / f"{self.name}.toml"


def read_stage(name: str, config: Path = ROOT / "samconfig.toml") -> Stage:
    """Raises ReleaseError for a stage that samconfig.toml does not name."""
    found = tomllib.loads(config.read_text()).get(name, {}).get("deploy", {}).get("parameters")
    if found is None:
        raise ReleaseError(f"there is no stage {name!r}. Say STAGE={' or STAGE='.join(STAGES)} (samconfig.toml).")
    return Stage(name=name, stack=found["stack_name"], region=found["region"])


# ---- what the operator and the account say


def read_answers(path: Path) -> dict[str, str]:
    """The parameters of a stage; none before its first deployment. Raises ReleaseError."""
    if not path.exists():
        return {}
    try:
        found = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ReleaseError(f'{path} cannot be read: {error}. Each line is: Parameter = "value".') from error
    if SECRET in found:
        raise ReleaseError(f"{path} holds {SECRET}. Take that line out: it is asked for, once, and kept by AWS.")
    return {name: str(value) for name, value in found.items()}


def write_answers(path: Path, answers: Mapping[str, str]) -> None:
    """Readable by its owner only; a person may change it, and the next deployment follows."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in sorted(answers.items())]
    path.touch(mode=0o600)
    path.write_text("# Parameters of template.yaml; `make deploy` follows them. No secrets.\n" + "".join(lines))


def complete(answers: Mapping[str, str], ask: Callable[[str], str] | None) -> dict[str, str]:
    """The answers with what was missing asked for; `ask` is None where nobody sits. Raises ReleaseError."""
    missing = [question for question in QUESTIONS if question.parameter not in answers]
    if missing and ask is None:
        names = ", ".join(question.parameter for question in missing)
        raise ReleaseError(
            f"nobody is there to be asked for {names}. Write them into deployments/<stage>.toml, or run this in a "
            "terminal."
        )
    completed = dict(answers)
    for question in missing:
        assert ask is not None
        given = ask(f"{question.text}: ").strip()
        while not re.fullmatch(question.pattern, given):
            given = ask(f"That is not one. {question.text}: ").strip()
        completed[question.parameter] = given
    return completed


def look_at_account(session: Any, answers: Mapping[str, str]) -> dict[str, str]:
    """What the first deployment should choose, as the account is: nothing that is there is fought over."""
    sender = answers["SenderAddress"]
    domain = sender.rpartition("@")[2]
    mail, gateway, functions = (session.client(name) for name in ("sesv2", "apigateway", "lambda"))
    verified = [identity for identity in (sender, domain) if _is_identity(mail, identity)]
    has_role = bool(gateway.get_account().get("cloudwatchRoleArn"))
    unreserved = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    return {
        "SenderIdentity": "existing" if verified else "domain",
        "ApiAccountRole": "existing" if has_role else "make",
        "ReservedConcurrency": str(RESERVED if unreserved >= LEFT_BY_AWS + 3 * RESERVED else 0),
        "WebAcl": "attached",
        "GradualDeployment": "true",
    }


def _is_identity(mail: Any, identity: str) -> bool:
    try:
        mail.get_email_identity(EmailIdentity=identity)
    except mail.exceptions.NotFoundException:
        return False
    return True


# ---- the deployment


def deploy(stage: Stage, *, session: Any, ask: Callable[[str], str] | None, ask_secret: Callable[[str], str]) -> None:
    """Creates or updates the stack of a stage. Raises ReleaseError."""
    stacks = session.client("cloudformation")
    before = _existing(stacks, stage.stack)
    answers = read_answers(stage.answers)
    if before is None:
        answers = complete(answers, ask)
        answers = {"StageName": stage.name, **look_at_account(session, answers), **answers}
        write_answers(stage.answers, answers)
        print(f"Chosen for {stage.name}, and kept in deployments/{stage.name}.toml:")
        for name, value in sorted(answers.items()):
            print(f"  {name} = {value}")
        if ask is None:
            secret = sys.stdin.readline().strip()
        else:
            secret = ask_secret("Client secret of the app in Fortnox's developer portal (not shown, asked once): ")
        if not secret:
            raise ReleaseError(f"{SECRET} is empty. It stands beside the client id in Fortnox's developer portal.")
        answers[SECRET] = secret
    else:
        _refuse_changed(answers, before)
    template = _package(stage, session)
    parameters = list(parameters_of(yaml_parse(BUILT.read_text())["Parameters"], answers, before))
    changed = _execute(stacks, stage, template, parameters, creates=before is None)
    stacks.update_termination_protection(StackName=stage.stack, EnableTerminationProtection=True)
    stacks.set_stack_policy(StackName=stage.stack, StackPolicyBody=json.dumps(STACK_POLICY))
    after = _existing(stacks, stage.stack)
    assert after is not None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in after["Outputs"]}
    if before is None:
        # The alarms on silence begin with the first run, so the first run does not wait for the schedules.
        for function in ("DispatchSyncsFunction", "KeepTokensFunction", "NotifyOperatorsFunction"):
            session.client("lambda").invoke(
                FunctionName=f"{outputs[function]}:live", InvocationType="Event", Payload=b"{}"
            )
    print(next_steps(stage, outputs, answers) if before is None else _said(changed, outputs))


def parameters_of(
    declared: Mapping[str, Any], answers: Mapping[str, str], before: Mapping[str, Any] | None
) -> Iterator[dict[str, Any]]:
    """What the change set is given: what was answered, else what the stack has, else the template's default.

    Raises ReleaseError for an answer that the template does not know.
    """
    unknown = sorted(set(answers) - set(declared))
    if unknown:
        raise ReleaseError(
            f"the template has no parameter {', '.join(unknown)}. Take it out of deployments/<stage>.toml."
        )
    had = {one["ParameterKey"] for one in before["Parameters"]} if before else set()
    for name in declared:
        if name in answers:
            yield {"ParameterKey": name, "ParameterValue": answers[name]}
        elif name in had:
            yield {"ParameterKey": name, "UsePreviousValue": True}


def _refuse_changed(answers: Mapping[str, str], before: Mapping[str, Any]) -> None:
    had = {one["ParameterKey"]: one["ParameterValue"] for one in before["Parameters"]}
    for name in CHOSEN_ONCE:
        if name in answers and answers[name] != had.get(name, ""):
            raise ReleaseError(
                f"{name} of {before['StackName']} is {had.get(name) or 'empty'} and cannot become {answers[name]}: it "
                "is bound into everything that is sealed, keys to Fortnox included. Write the old value back, or take "
                "another stage."
            )


def _existing(stacks: Any, name: str) -> dict[str, Any] | None:
    """The stack, if it was ever created whole. What a failed first deployment left is removed."""
    try:
        stack: dict[str, Any] = stacks.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if stack["StackStatus"] == "REVIEW_IN_PROGRESS" or stack["StackStatus"] in {"ROLLBACK_COMPLETE", "CREATE_FAILED"}:
        print(f"{name} was never created whole ({stack['StackStatus']}); its remains are removed first.")
        stacks.delete_stack(StackName=name)
        stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=LOOK_AGAIN)
        return None
    if stack["StackStatus"].endswith("_IN_PROGRESS"):
        raise ReleaseError(f"{name} is being changed by somebody else ({stack['StackStatus']}). Wait, and try again.")
    return stack


def _package(stage: Stage, session: Any) -> str:
    """Uploads the built artefacts and the template; gives the template's address."""
    packaged = BUILT.parent.parent / f"packaged-{stage.name}.yaml"
    sam = str(Path(sys.executable).parent / "sam")
    command = [sam, "package", "--resolve-s3", "--s3-prefix", stage.stack, "--region", stage.region]
    answer = subprocess.run(
        [*command, "--template-file", str(BUILT), "--output-template-file", str(packaged)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise ReleaseError("the artefacts could not be uploaded:\n" + "\n".join(answer.stdout.splitlines()[-15:]))
    text = packaged.read_text()
    bucket = re.search(r"s3://([^/\s]+)/", text)
    assert bucket is not None, "a packaged template names its bucket"
    storage = session.client("s3")
    key = f"{stage.stack}/{hashlib.sha256(text.encode()).hexdigest()[:32]}.template"
    storage.put_object(Bucket=bucket[1], Key=key, Body=text.encode())
    address: str = storage.generate_presigned_url("get_object", Params={"Bucket": bucket[1], "Key": key})
    return address.partition("?")[0]  # CloudFormation reads it with the rights of whoever deploys


def _execute(
    stacks: Any, stage: Stage, template: str, parameters: Collection[Mapping[str, Any]], *, creates: bool
) -> list[str]:
    """Makes and executes the change set; gives a line per change. Raises ReleaseError."""
    change = {"StackName": stage.stack, "ChangeSetName": f"release-{uuid.uuid4().hex}"}
    waiter = stacks.get_waiter("stack_create_complete" if creates else "stack_update_complete")
    try:
        stacks.create_change_set(
            **change,
            ChangeSetType="CREATE" if creates else "UPDATE",
            TemplateURL=template,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=parameters,
            # What each part costs, by stage: CloudFormation gives them to whatever the stack makes.
            Tags=[{"Key": "service", "Value": "invoicing"}, {"Key": "stage", "Value": stage.name}],
            # A first deployment that fails takes itself away, so that the second one begins anew.
            OnStackFailure="DELETE" if creates else "ROLLBACK",
        )
        stacks.get_waiter("change_set_create_complete").wait(**change, WaiterConfig=LOOK_AGAIN)
    except WaiterError as error:
        reason = stacks.describe_change_set(**change).get("StatusReason", "")
        stacks.delete_change_set(**change)
        if "didn't contain changes" in reason or "No updates" in reason:
            return []
        raise ReleaseError(f"CloudFormation refused the change: {reason or error}") from error
    planned = stacks.describe_change_set(**change)["Changes"]
    lines = [_line(one["ResourceChange"]) for one in planned if "ResourceChange" in one]
    for line in lines if not creates else []:
        print(f"  {line}")
    stack_id = stacks.describe_stacks(StackName=stage.stack)["Stacks"][0]["StackId"]
    stacks.execute_change_set(**change)
    try:
        waiter.wait(StackName=stack_id, WaiterConfig=LOOK_AGAIN)
    except WaiterError as error:
        raise ReleaseError(_why_failed(stacks, stage, stack_id, creates=creates)) from error
    return lines


def _line(change: Mapping[str, Any]) -> str:
    replaced = ", replaced" if change.get("Replacement") == "True" else ""
    return f"{change['Action']:<7} {change['LogicalResourceId']} ({change['ResourceType']}{replaced})"


def _why_failed(stacks: Any, stage: Stage, stack_id: str, *, creates: bool) -> str:
    pages = stacks.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    events = [event for page in pages for event in page["StackEvents"]]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    reasons = [f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed]
    left = sorted(
        {event["PhysicalResourceId"] for event in events if event["ResourceStatus"] == "DELETE_SKIPPED" and creates}
    )
    after = (
        "Nothing of it is in use and nothing blocks the next try: mend the cause and run the same command again."
        if creates
        else "The stack is as it was before: mend the cause and run the same command again."
    )
    kept = [f"Left behind, empty and free of charge, because they are protected: {', '.join(left)}."] if left else []
    return "\n".join([f"{stage.stack} was not deployed:", *reasons, after, *kept])


def _said(changed: Collection[str], outputs: Mapping[str, str]) -> str:
    return f"{len(changed) or 'No'} changes. {outputs['ApiUrl']}/"


def next_steps(stage: Stage, outputs: Mapping[str, str], answers: Mapping[str, str]) -> str:
    """What only a person can do after the first deployment."""
    url = outputs["ApiUrl"]
    records = [
        f"     {outputs[name]}"
        for name in sorted(outputs)
        if name.endswith(("Record", "Record1", "Record2", "Record3"))
    ]
    mail = {
        "domain": "Create these DNS records; SES finds them by itself within hours:",
        "address": f"Click the link in the mail that SES sent to {answers['SenderAddress']}.",
        "existing": f"{answers['SenderAddress']}: the account's own identity sends.",
    }[answers["SenderIdentity"]]
    return "\n".join(
        [
            f"{stage.stack} is deployed: {url}/",
            "Now, once (docs/deploy.md says more):",
            f"  1. In Fortnox's developer portal, redirect URI: {url}/oauth/callback",
            f"  2. {mail}",
            *records,
            "  3. Ask SES for production access: until then it sends only to verified addresses, 200 a day.",
            f"  4. Confirm the mail that SNS sent to {answers['AlarmEmail']}, so that alarms reach somebody.",
        ]
    )


# ---- the end of a stage


def undeploy(stage: Stage, *, session: Any, ask: Callable[[str], str]) -> None:
    """Removes the stack of a stage after its name was typed; says what stays, and why. Raises ReleaseError."""
    stacks = session.client("cloudformation")
    if _existing(stacks, stage.stack) is None:
        raise ReleaseError(f"there is no stack {stage.stack} in {stage.region}.")
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=stage.stack)
    found = {
        one["LogicalResourceId"]: one["PhysicalResourceId"] for page in pages for one in page["StackResourceSummaries"]
    }
    print(f"{stage.stack}: no invoice is sent and no page answers any more; logs and secrets go too. What stays:")
    for name in OUTLIVES:
        if name in found:
            print(f"  {found[name]} ({name}): {KEPT[name]}")
    print("Bookkeeping law asks for seven years of some of it. docs/deploy.md says how to remove it.")
    if ask(f"Type {stage.stack} to go on: ").strip() != stage.stack:
        raise ReleaseError("nothing was changed.")
    stacks.update_termination_protection(StackName=stage.stack, EnableTerminationProtection=False)
    stack_id = stacks.describe_stacks(StackName=stage.stack)["Stacks"][0]["StackId"]
    stacks.delete_stack(StackName=stage.stack)
    try:
        stacks.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig=LOOK_AGAIN)
    except WaiterError as error:
        raise ReleaseError(_why_failed(stacks, stage, stack_id, creates=False)) from error
    print(f"{stage.stack} is gone.")


def main(arguments: list[str] | None = None) -> int:
    """0 when the stage is as asked for, 1 with the reason when not."""
    parser = argparse.ArgumentParser(description="Deploys a stage to AWS, or removes it.")
    parser.add_argument("what", choices=["deploy", "undeploy"])
    parser.add_argument("stage", nargs="?", default="")
    options = parser.parse_args(arguments)
    try:
        stage = read_stage(options.stage)
        session = boto3.Session(region_name=stage.region)
        if options.what == "undeploy":
            undeploy(stage, session=session, ask=input)
        else:
            someone = input if sys.stdin.isatty() else None
            deploy(stage, session=session, ask=someone, ask_secret=getpass.getpass)
    except (ReleaseError, ClientError, BotoCoreError) as error:
        print(f"{options.what}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
