"""How long a cold start keeps somebody waiting, compared with what the bare SDK costs on the same machine.

Each start is a fresh interpreter with nothing on its path but the built function, the built layers and the SDK,
in the way of Lambda: bytecode is used where it was shipped, and never written. Starts of all functions take turns
with those of the SDK, and a ratio is taken within each turn, so that a machine that is busy or slow changes
little. Seconds are the processor's own for the same reason; those on the clock are kept beside them.
"""

import os
import site
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from invoicing.runtime import settings

from local.bench import DidNotMeasureError
from local.bench.targets import Verdict
from local.stack import output_of

ROUNDS = 5
FIRST_PAGE_AT_MOST = 1.5
SDK = "sdk"
LAYERS = ("DependenciesLayer", "SharedLayer")
_SDK_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py")
_PROBE = Path(__file__).with_name("probe.py")
_START = (sys.executable, "-I", "-S", str(_PROBE))  # without the packages of this environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds of one step of one start."""

    clock: float
    processor: float


type Steps = Mapping[str, Spent]  # "import", "page" (landing only), "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimes:
    """Medians over all rounds, in milliseconds; ratios are medians of each round's ratio of processor time."""

    name: str  # a function's folder, or "sdk" for the bare SDK itself
    import_ms: float
    import_clock_ms: float
    page_ms: float | None  # the first landing page, after the import
    client_ms: float  # the first client of DynamoDB, after that
    import_ratio: float  # to `import boto3`
    page_ratio: float | None  # import and first page, to `import boto3`
    ready_ratio: float  # import and first client, to `import boto3` and its first client


def measure_starts(built: Path, functions: Iterable[str], scratch: Path, *, rounds: int = ROUNDS) -> list[StartTimes]:
    """Times starts of the SDK and of the functions (names of folders) under `built`, a result of `sam build`.

    Raises DidNotMeasureError.
    """
    sdk = _sdk_alone(scratch)
    layers = [built / layer / "python" for layer in LAYERS]
    subjects = [SDK, *functions]
    paths = {name: [*([built / output_of(name)] if name != SDK else []), *layers, sdk] for name in subjects}
    # The SDK's bytecode is written here once; Lambda's runtime ships it.
    _start(SDK, paths[SDK], write_bytecode=True)
    turns: list[dict[str, Steps]] = []
    for turn in range(rounds):
        order = subjects if turn % 2 == 0 else subjects[::-1]
        turns.append({name: _start(name, paths[name]) for name in order})
    return [_summary(name, turns) for name in subjects]


def first_page_target(times: Iterable[StartTimes]) -> Verdict:
    """Somebody waits for it, so it must not grow with what other pages need.

    Missing it fails like a count: each ratio is of two starts that took turns, and far from the limit.
    """
    (ratio,) = (one.page_ratio for one in times if one.page_ratio is not None)
    return Verdict(
        what="landing's start with its first page, to `import boto3`",
        wanted=f"at most {FIRST_PAGE_AT_MOST:.2f} ×",
        measured=f"{ratio:.2f} ×",
        met=ratio <= FIRST_PAGE_AT_MOST,
    )


def _sdk_alone(scratch: Path) -> Path:
    """A folder with the SDK, standing in for Lambda's own."""
    folder = scratch / "sdk"
    folder.mkdir()
    packages = Path(site.getsitepackages()[0])
    for name in _SDK_PACKAGES:
        (folder / name).symlink_to(packages / name)
    return folder


def _start(name: str, path: Sequence[Path], *, write_bytecode: bool = False) -> Steps:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "AWS_REGION": "eu-north-1",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        **_variables(name),
    }
    command = [*_START[:1], *(() if write_bytecode else ("-B",)), *_START[1:], name, *map(str, path)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        said = "\n".join(answer.stderr.splitlines()[-5:])
        raise DidNotMeasureError(f"{name} did not start from what was built:\n{said}")
    lines = (line.split() for line in answer.stdout.splitlines() if line.startswith("measured "))
    return {step: Spent(clock=float(clock), processor=float(processor)) for _, step, clock, processor in lines}


def _variables(name: str) -> dict[str, str]:
    """Every variable that the function's settings ask for, with a value that leads nowhere."""
    if name == SDK:
        return {}
    model = getattr(settings, output_of(name).removesuffix("Function") + "Settings")
    return {**dict.fromkeys(model.variables(), "http://127.0.0.1:9"), "LOG_LEVEL": "ERROR"}


def _summary(name: str, turns: Sequence[Mapping[str, Steps]]) -> StartTimes:
    has_page = "page" in turns[0][name]
    return StartTimes(
        name=name,
        import_ms=_ms(turn[name]["import"].processor for turn in turns),
        import_clock_ms=_ms(turn[name]["import"].clock for turn in turns),
        page_ms=_ms(turn[name]["page"].processor for turn in turns) if has_page else None,
        client_ms=_ms(turn[name]["client"].processor for turn in turns),
        import_ratio=_ratio(turns, name, ["import"], ["import"]),
        page_ratio=_ratio(turns, name, ["import", "page"], ["import"]) if has_page else None,
        ready_ratio=_ratio(turns, name, ["import", "client"], ["import", "client"]),
    )


def _ms(seconds: Iterable[float]) -> float:
    return round(1000 * median(seconds), 1)


def _ratio(turns: Sequence[Mapping[str, Steps]], name: str, ours: Sequence[str], theirs: Sequence[str]) -> float:
    return round(
        median(
            sum(turn[name][step].processor for step in ours) / sum(turn[SDK][step].processor for step in theirs)
            for turn in turns
        ),
        2,
    )
