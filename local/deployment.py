"""Builds the template with SAM and creates its stack in the emulated AWS.

`sam deploy` works there too, but takes 20 seconds of this machine for what two calls do; the artefacts, the
change set and the transform are the same.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError
from samtranslator.yaml_helper import yaml_parse

from local.ministack import REGION, MiniStack

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".aws-sam" / "build"
PACKAGED = ROOT / ".aws-sam" / "packaged"
STACK_NAME = "invoicing"
BUCKET = "artefacts"
SOURCES = ("template.yaml", "functions", "layers")
CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
LOOK_AGAIN = {"Delay": 1, "MaxAttempts": 60}


class DeploymentError(Exception):
    """The template could not be built or its stack not be created; says why."""


def build(log: Path) -> None:
    """Build and package the artefacts unless that was done from the same sources. Raises DeploymentError."""
    BUILT.parent.mkdir(exist_ok=True)
    with (BUILT.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two stacks that start together build once
        stamp = PACKAGED / "made-from"
        sources = _digest()
        if stamp.exists() and stamp.read_text() == sources:
            return
        stamp.unlink(missing_ok=True)
        _sam_build(log)
        _package()
        stamp.write_text(sources)


def deploy(aws: MiniStack, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create or update the stack and give its outputs by name. Raises DeploymentError."""
    _upload(aws)
    stacks = aws.client("cloudformation")
    exists = any(stack["StackName"] == STACK_NAME for stack in stacks.describe_stacks()["Stacks"])
    change = {"StackName": STACK_NAME, "ChangeSetName": "deployment"}
    try:
        stacks.create_change_set(
            **change,
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateURL=f"{aws.url}/{BUCKET}/template.json",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        stacks.get_waiter("change_set_create_complete").wait(**change, WaiterConfig=LOOK_AGAIN)
        stacks.execute_change_set(**change)
        waiter = stacks.get_waiter("stack_update_complete" if exists else "stack_create_complete")
        waiter.wait(StackName=STACK_NAME, WaiterConfig=LOOK_AGAIN)
    except (ClientError, WaiterError) as error:
        raise DeploymentError(f"the stack was refused: {error}\n{_reasons(stacks)}") from error
    stack = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _upload(aws: MiniStack) -> None:
    storage = aws.client("s3")
    if BUCKET not in {bucket["Name"] for bucket in storage.list_buckets()["Buckets"]}:
        storage.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for artefact in (*PACKAGED.glob("*.zip"), PACKAGED / "template.json"):
        storage.put_object(Bucket=BUCKET, Key=artefact.name, Body=artefact.read_bytes())


def _reasons(stacks: Any) -> str:
    try:
        events = stacks.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    except ClientError:
        return ""
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed)


def _package() -> None:
    """Zip each folder that the built template names, and name the archive there instead, as `sam package` does."""
    PACKAGED.mkdir(exist_ok=True)
    for old in PACKAGED.iterdir():
        old.unlink()
    template = yaml_parse((BUILT / "template.yaml").read_text())
    for resource in template["Resources"].values():
        if place := CODE.get(resource["Type"]):
            archive = _zip(BUILT / resource["Properties"][place])
            resource["Properties"][place] = f"s3://{BUCKET}/{archive.name}"
    (PACKAGED / "template.json").write_text(json.dumps(template, separators=(",", ":"), ensure_ascii=False))


def _zip(folder: Path) -> Path:
    """An archive of `folder`, named after its content, so that a changed function is a new version."""
    unnamed = PACKAGED / "unnamed.zip"
    with zipfile.ZipFile(unnamed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)))  # without the time of the build
                entry.external_attr = path.stat().st_mode << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return unnamed.rename(PACKAGED / f"{hashlib.sha256(unnamed.read_bytes()).hexdigest()[:32]}.zip")


def _sam_build(log: Path) -> None:
    programs = Path(sys.executable).parent
    # The interpreter of this environment first: SAM and the layers' makefiles look for `python3.13` on PATH.
    settings = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": REGION,
    }
    with log.open("wb") as output:
        answer = subprocess.run(
            [str(programs / "sam"), "build"],
            cwd=ROOT,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if answer.returncode != 0:
        said = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise DeploymentError(f"`sam build` failed; all of it is in {log}\n{said}")


def _digest() -> str:
    total = hashlib.sha256()
    for path in _source_files():
        total.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _source_files() -> Iterator[Path]:
    for source in SOURCES:
        path = ROOT / source
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (one for one in found if one.is_file() and "__pycache__" not in one.parts)
