"""`make mutants`: runs the right tests against every mutant, prints and writes what survived, and why it may.

A mutant that changes nothing anybody could notice stands in equivalent.toml with its reason. Exit code 1: too many
others survived, or a reason belongs to no survivor.
"""

import argparse
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import pickle
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from local.mutants.changes import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "shared" / "python"
OUT = ROOT / "build" / "mutants.json"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
WANTED = 0.95
_OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--no-summary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Modules, and the tests that must notice: quick ones first, the others only for what survived those."""

    name: str
    modules: Sequence[str]
    tests: Sequence[str]
    more: Sequence[str] = ()


TARGETS = (
    Target(
        name="transport",
        modules=["invoicing.adapters.http.transport"],
        tests=["tests/adapters/test_http_transport.py"],
    ),
    Target(
        name="tokens",
        modules=[
            "invoicing.application.rotate_refresh_token",
            "invoicing.application.recover_tokens",
            "invoicing.application.token_engine",
            "invoicing.application.access_fortnox",
            "invoicing.application.adopt_from_journal",
            "invoicing.application.use_client_credentials",
            "invoicing.adapters.fortnox.token_answers",
            "invoicing.domain.tokens",
        ],
        tests=[
            "tests/application/test_token_outcomes.py",
            "tests/faults/test_tokens_answers.py",
            "tests/application/test_connecting.py",
        ],
        more=[
            "tests/faults/test_tokens_mass_event.py",
            "tests/faults/test_tokens_backup.py",
            "tests/functions/test_keep_tokens.py",
            "tests/faults/test_tokens_guards.py",
        ],
    ),
    Target(
        name="exports",
        modules=["invoicing.application.export_invoice"],
        tests=["tests/application/test_syncing.py", "tests/application/test_rehearsal.py"],
        more=[
            "tests/faults/test_exports_answers.py",
            "tests/faults/test_exports_bad_input.py",
            "tests/faults/test_exports_again.py",
            "tests/faults/test_exports_defects.py",
        ],
    ),
)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant wherever its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._path = str(PACKAGE.joinpath(*mutant.module.split(".")).with_suffix(".py"))

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, self._path, "exec"), module.__dict__)


class _Run(NamedTuple):
    mutant: Mutant
    ends_at: float


class _Runner:
    """Runs tests in forks of this process, which has imported all packages and nothing of ours."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def baseline(self, tests: Sequence[str]) -> float:
        """Seconds that the tests take; imports the packages that they need. Raises SystemExit if they fail."""
        with tempfile.NamedTemporaryFile() as file:
            start = time.monotonic()
            pid = self._fork(None, tests, report=file.name)
            if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
                raise SystemExit(f"make mutants: these tests fail already: {', '.join(tests)}")
            seconds = time.monotonic() - start
            for name in pickle.loads(Path(file.name).read_bytes()):
                try:
                    importlib.import_module(name)
                except Exception:  # made at run time; a fork makes it again
                    continue
        return seconds

    def survivors(self, found: Iterable[Mutant], tests: Sequence[str], seconds: float) -> list[Mutant]:
        """Those under which all tests pass within three times their time; a test that hangs has noticed."""
        waiting, running, survived = list(found)[::-1], dict[int, _Run](), list[Mutant]()
        while waiting or running:
            while waiting and len(running) < self._jobs:
                mutant = waiting.pop()
                limit = time.monotonic() + 3 * seconds + 20
                running[self._fork(mutant, tests)] = _Run(mutant, limit)
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                run = running.pop(pid)
                if os.waitstatus_to_exitcode(status) == 0:
                    survived.append(run.mutant)
                    print(f"  not noticed by {len(tests)} files: {run.mutant.name}", flush=True)
                continue
            for late in [pid for pid, run in running.items() if run.ends_at < time.monotonic()]:
                os.killpg(late, signal.SIGKILL)
            time.sleep(0.05)
        return survived

    def _fork(self, mutant: Mutant | None, tests: Sequence[str], report: str = "") -> int:
        pid = os.fork()
        if pid:
            return pid
        try:
            os.setpgrp()
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(silent, stream)
            if mutant is not None:
                sys.meta_path.insert(0, _Finder(mutant))
            code = pytest.main([*_OPTIONS, *tests])
            if report:
                ours = str(ROOT) + os.sep
                names = [
                    name
                    for name, module in sys.modules.items()
                    if (path := getattr(module, "__file__", None))
                    and (not path.startswith(ours) or f"{os.sep}.venv{os.sep}" in path)
                    and name != "__main__"
                ]
                Path(report).write_bytes(pickle.dumps(names))
            os._exit(int(code))
        finally:
            os._exit(3)


def main() -> int:
    """0 if enough mutants were noticed."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all")
    parser.add_argument("--only", default="", help="mutants with this in their name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(PACKAGE)]
    reasons: dict[str, str] = tomllib.loads(EQUIVALENT.read_text()) if EQUIVALENT.exists() else {}
    results = []
    for target in [one for one in TARGETS if not asked.targets or one.name in asked.targets]:
        results.append(_play(target, reasons, _Runner(asked.jobs), asked.only))
        _tell(results[-1])
    OUT.parent.mkdir(exist_ok=True)
    if not asked.only:
        OUT.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
        print(f"All of it is in {OUT.relative_to(ROOT)}")
    return 0 if all(one["share"] >= WANTED and not one["stale_reasons"] for one in results) else 1


def _play(target: Target, reasons: Mapping[str, str], runner: _Runner, only: str) -> dict[str, Any]:
    found = [
        mutant
        for module in target.modules
        for mutant in mutants(module, PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text())
        if only in mutant.name
    ]
    survived = runner.survivors(found, target.tests, runner.baseline(target.tests))
    if target.more and survived:
        survived = runner.survivors(survived, target.more, runner.baseline(target.more))
    equivalent = [mutant for mutant in survived if mutant.name in reasons]
    killed = len(found) - len(survived)
    names = {mutant.name for mutant in survived}
    return {
        "target": target.name,
        "mutants": len(found),
        "killed": killed,
        "equivalent": len(equivalent),
        "share": round(killed / max(len(found) - len(equivalent), 1), 4),
        "survivors": [
            {"mutant": mutant.name, "line": mutant.line, "reason": reasons.get(mutant.name)} for mutant in survived
        ],
        "stale_reasons": [
            name
            for name in reasons
            if name not in names and not only and any(name.startswith(_key(module)) for module in target.modules)
        ],
    }


def _key(module: str) -> str:
    return module.removeprefix("invoicing.") + " "


def _tell(result: Mapping[str, Any]) -> None:
    print(
        f"{result['target']}: {result['killed']} of {result['mutants']} mutants noticed, "
        f"{result['equivalent']} equivalent: {100 * result['share']:.1f} %",
        flush=True,
    )
    for one in result["survivors"]:
        if one["reason"] is None:
            print(f"  line {one['line']}: {one['mutant']}")
    for name in result["stale_reasons"]:
        print(f"  a reason for what is noticed, or is there no more: {name}")


if __name__ == "__main__":
    sys.exit(main())
