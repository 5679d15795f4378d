"""`make mutants`: runs the tests that reach it against every mutant, prints and writes what survived, and why it may.

A mutant that changes nothing anybody could notice stands in equivalent.toml with its reason. Exit code 1: too many
others survived, or a reason belongs to no survivor.
"""

import argparse
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import os
import pickle
import signal
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest

from local.mutants import in_place
from local.mutants.changes import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "shared" / "python"
OUT = ROOT / "build" / "mutants.json"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
WANTED = 0.95
_OPTIONS = (
    "-q",
    "-x",
    "-m",
    "not enumerated",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--no-header",
    "--no-summary",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Modules, and the tests of which one must notice."""

    name: str
    modules: Sequence[str]
    tests: Sequence[str]


def _application(*names: str) -> list[str]:
    return [f"invoicing.application.{name}" for name in names]


def _domain(*names: str) -> list[str]:
    return [f"invoicing.domain.{name}" for name in names]


TARGETS = (
    Target(
        name="transport",
        modules=["invoicing.adapters.http.transport"],
        tests=["tests/adapters/test_http_transport.py"],
    ),
    Target(
        name="tokens",
        modules=[
            *_application("rotate_refresh_token", "recover_tokens", "token_engine", "access_fortnox"),
            *_application("adopt_from_journal", "use_client_credentials"),
            "invoicing.adapters.fortnox.token_answers",
            *_domain("tokens"),
        ],
        tests=[
            "tests/application",
            "tests/adapters/test_wire.py",
            "tests/functions/test_keep_tokens.py",
        ],
    ),
    Target(
        name="exports",
        modules=[
            *_application("export_invoice", "judge_invoice", "record_export", "compare_invoice", "guard_invoice"),
            *_application("carry_out_decision", "decide_invoice"),
        ],
        tests=[
            "tests/application",
            "tests/books",
            "tests/faults/test_exports_answers.py",
            "tests/faults/test_exports_bad_input.py",
            "tests/faults/test_exports_again.py",
            "tests/faults/test_exports_defects.py",
        ],
    ),
    Target(
        name="to the customer",
        modules=[
            *_application("send_invoices", "attach_specification", "follow_invoices", "decide_sending"),
            *_domain("sending", "settlement"),
        ],
        tests=["tests/unit/test_sending.py", "tests/unit/test_settlement.py", "tests/application", "tests/books"],
    ),
    Target(
        name="money",
        modules=_domain("draft", "export", "vat", "money", "due"),
        tests=["tests/unit", "tests/application", "tests/books"],
    ),
)


class _Reached:
    """Which tests came by each line of some modules, and how long each took.

    What a fixture of more than one test came by, all tests of its file may notice.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._now = ""
        self.by: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = defaultdict(float)

    def begin(self) -> None:
        """Watches this process from now on."""
        sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "mutants")
        sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, self._line)
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE)

    def _line(self, code: CodeType, line: int) -> object:
        if self._now and code.co_filename in self._paths:
            self.by[code.co_filename, line].add(self._now)
        return sys.monitoring.DISABLE

    @contextmanager
    def _as(self, name: str) -> Iterator[None]:
        before, self._now = self._now, name
        sys.monitoring.restart_events()
        try:
            yield
        finally:
            self._now = before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        start = time.monotonic()
        with self._as(item.nodeid):
            done = yield
        spent = time.monotonic() - start
        self.seconds[item.nodeid] += spent
        self.seconds[item.nodeid.partition("::")[0]] += spent
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        wide = fixturedef.scope != "function"
        with self._as(self._now.partition("::")[0]) if wide else nullcontext():
            return (yield)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Baseline:
    """What the tests do where there is no mistake."""

    tests: Sequence[str]
    by: Mapping[tuple[str, int], Set[str]]
    seconds: Mapping[str, float]

    def those_for(self, mutant: Mutant) -> Sequence[str]:
        """The tests that may notice it, the quickest first; of what runs at import, all."""
        path = str(_path_of(mutant.module))
        reached = set[str]().union(*(self.by.get((path, line), ()) for line in range(mutant.line, mutant.end + 1)))
        return sorted(reached, key=lambda test: (self.seconds[test], test)) or self.tests

    def seconds_for(self, tests: Sequence[str]) -> float:
        """How long these take."""
        return sum(self.seconds.get(test, 0) for test in tests) or sum(self.seconds.values())


def _is_ours(module: object) -> bool:
    """Of this project, but for what plays the mutants."""
    path = str(getattr(module, "__file__", None) or "")
    name = str(getattr(module, "__name__", ""))
    ours = path.startswith(str(ROOT) + os.sep) and f"{os.sep}.venv{os.sep}" not in path
    return ours and name != "__main__" and not name.startswith("local.mutants")


def _path_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant wherever its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._path = str(_path_of(mutant.module))

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
    """Runs tests in forks of this process, which has imported all of them and what they need.

    A mistake in a function is made there in place. Others, and those that this left unnoticed, get all of ours imported
    anew.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def baseline(self, modules: Sequence[str], tests: Sequence[str]) -> _Baseline:
        """Runs them once, and imports them and what they need. Raises SystemExit if they fail."""
        with tempfile.NamedTemporaryFile() as file:
            pid = self._fork(tests, watched=_Reached(str(_path_of(module)) for module in modules), report=file.name)
            if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
                raise SystemExit(f"make mutants: these tests fail already: {', '.join(tests)}")
            names, by, seconds = pickle.loads(Path(file.name).read_bytes())
        for name in names:
            try:
                importlib.import_module(name)
            except Exception:  # made at run time; a fork makes it again
                continue
        with redirect_stdout(io.StringIO()):
            pytest.main([*_OPTIONS, "--collect-only", *tests])
        gc.freeze()
        return _Baseline(tests=tests, by=by, seconds=seconds)

    def survivors(self, found: Iterable[Mutant], baseline: _Baseline) -> list[Mutant]:
        """Those under which all tests pass within three times their time; a test that hangs has noticed."""
        anew = self._survivors(found, baseline, fresh=False)
        return self._survivors(anew, baseline, fresh=True)

    def _survivors(self, found: Iterable[Mutant], baseline: _Baseline, *, fresh: bool) -> list[Mutant]:
        waiting, running, survived = list(found)[::-1], dict[int, _Run](), list[Mutant]()
        while waiting or running:
            while waiting and len(running) < self._jobs:
                mutant = waiting.pop()
                tests = baseline.those_for(mutant)
                limit = time.monotonic() + 3 * baseline.seconds_for(tests) + 60
                running[self._fork(tests, mutant, fresh=fresh)] = _Run(mutant, limit)
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                run = running.pop(pid)
                if not fresh and len(waiting) % 50 == 0:
                    print(f"  {len(waiting)} left", flush=True)
                if os.waitstatus_to_exitcode(status) == 0:
                    survived.append(run.mutant)
                    if fresh:
                        print(f"  not noticed: {run.mutant.name}", flush=True)
                continue
            for late in [pid for pid, run in running.items() if run.ends_at < time.monotonic()]:
                os.killpg(late, signal.SIGKILL)
            time.sleep(0.05)
        return survived

    def _fork(
        self,
        tests: Sequence[str],
        mutant: Mutant | None = None,
        *,
        fresh: bool = False,
        watched: _Reached | None = None,
        report: str = "",
    ) -> int:
        pid = os.fork()
        if pid:
            return pid
        try:
            os.setpgrp()
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(silent, stream)
            if mutant is not None and (fresh or not in_place.make(mutant, str(_path_of(mutant.module)))):
                for name in [name for name, module in sys.modules.items() if _is_ours(module)]:
                    del sys.modules[name]
                sys.meta_path.insert(0, _Finder(mutant))
            if watched is not None:
                watched.begin()
            code = pytest.main([*_OPTIONS, *tests], plugins=[watched] if watched is not None else [])
            if watched is not None:
                names = [
                    name
                    for name, module in sys.modules.items()
                    if getattr(module, "__file__", None) and not _is_ours(module) and name != "__main__"
                ]
                Path(report).write_bytes(pickle.dumps((names, dict(watched.by), dict(watched.seconds))))
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
        for mutant in mutants(module, _path_of(module).read_text())
        if only in mutant.name
    ]
    survived = runner.survivors(found, runner.baseline(target.modules, target.tests))
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
