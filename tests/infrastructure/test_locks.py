"""Locks: everything that is installed is named, pinned and hashed, and both sides of a test have the same."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.infrastructure.template import ROOT

RUNTIME = ROOT / "layers" / "dependencies" / "requirements.txt"
DEVELOPMENT = ROOT / "requirements" / "dev.txt"
APART = [ROOT / "requirements" / f"{name}.txt" for name in ("ministack", "checks", "axe")]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ;.*)? \\$", re.MULTILINE)
SDK = {"boto3", "botocore", "s3transfer"}
every_lock = pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT, *APART], ids=lambda path: path.name)


def pins(lock: Path) -> dict[str, Version]:
    """What a lock installs."""
    return {canonicalize_name(name): Version(version) for name, version in PIN.findall(lock.read_text())}


def missing(requirements: list[str], lock: Path) -> list[str]:
    """Requirements that a lock does not fulfil."""
    pinned = pins(lock)
    wanted = [Requirement(text) for text in requirements]
    return [
        str(one)
        for one in wanted
        if canonicalize_name(one.name) not in pinned
        or not one.specifier.contains(pinned[canonicalize_name(one.name)], prereleases=True)
    ]


def test_the_locks_fulfil_what_the_project_names() -> None:
    """A dependency that was added without `make lock` is found here and not in production."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = project["project"]["dependencies"]
    assert missing(runtime, RUNTIME) == []
    assert missing(runtime + project["dependency-groups"]["dev"], DEVELOPMENT) == []
    for lock in APART:
        named = [line for line in lock.with_suffix(".in").read_text().splitlines() if line[0] != "#"]
        assert missing(named, lock) == []


def test_tests_run_the_versions_that_are_shipped() -> None:
    """A test with another version of a package proves little about ours."""
    tested = pins(DEVELOPMENT)

    assert {name: tested[name] for name in pins(RUNTIME)} == pins(RUNTIME)


def test_the_sdk_is_not_shipped() -> None:
    """Lambda's runtime has it; ours would double the artefact."""
    assert set(pins(RUNTIME)) & SDK == set()


@every_lock
def test_every_pin_has_a_hash(lock: Path) -> None:
    """Without hashes, whoever serves a package decides what it is."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read_text())

    assert [entry.split()[0] for entry in entries if entry.strip() and "--hash=sha256:" not in entry] == []


@every_lock
def test_a_lock_carries_no_address(lock: Path) -> None:
    """Where packages come from is the choice of whoever installs them."""
    assert "://" not in lock.read_text()
