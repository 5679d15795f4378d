"""`make bench`: builds what would be deployed, measures, prints, and writes build/bench.json."""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from local import deployment
from local.bench import DidNotMeasureError, tables
from local.bench.backlog import drain
from local.bench.comparison import compare
from local.bench.costs import estimate, idle_verdict
from local.bench.counts import count_all
from local.bench.memory import measure_run, no_growth
from local.bench.pacing import keep_pace
from local.bench.sizes import measure_sizes
from local.bench.specifications import measure_specification
from local.bench.starts import LAYERS, ROUNDS, first_page_target, measure_starts
from local.bench.story import read_story
from local.bench.targets import missed_counts
from local.stack import output_of

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "bench.json"
DEMO = ROOT / "build" / "demo" / "report.json"
BACKLOG = 500
ORDINARY_CALL = 0.1  # seconds; recorded answers of Fortnox took 70 to 150 ms
CALL_SECONDS = (0.0, ORDINARY_CALL, 0.2)
PACED_CALLS = 2_000
JITTERS = (0.0, 0.3)  # seconds by which each call may be late
SPECIFICATION_SIZES = (200, 2_000, 20_000)  # charges
RUN_SIZES = ((1, 200), (1, 20_000), (100, 10), (1500, 10), (4000, 10))  # invoices, and charges on each


def main() -> int:
    """Measures everything; 1 if a count or the first page misses its target or something could not be measured.

    Other times and memory depend on the machine: what they miss is told, and is no failure.
    """
    OUT.parent.mkdir(exist_ok=True)
    functions = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
    try:
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder)
            deployment.build(OUT.with_name("bench-build.log"))
            # A copy, so that a build of somebody else does not change it in the middle.
            built = Path(shutil.copytree(deployment.BUILT, scratch / "built"))
            sizes = measure_sizes(built, [*LAYERS, *map(output_of, functions)])
            print(tables.sizes_table(sizes), flush=True)
            starts = measure_starts(built, functions, scratch)
            print(tables.starts_table(starts, ROUNDS), flush=True)
            runs = [measure_run(invoices, charges, scratch) for invoices, charges in RUN_SIZES]
            print(tables.memory_table(runs), flush=True)
            specifications = [measure_specification(charges) for charges in SPECIFICATION_SIZES]
            print(tables.specifications_table(specifications), flush=True)
        story = read_story(DEMO)
        print(tables.story_table(story), flush=True)
        scenarios = count_all()
        print(tables.counts_table(scenarios), flush=True)
        backlogs = [drain(BACKLOG, call_seconds=seconds) for seconds in CALL_SECONDS]
        print(tables.backlogs_table(backlogs), flush=True)
        paced = [keep_pace(PACED_CALLS, jitter=jitter) for jitter in JITTERS]
        compared = compare(BACKLOG, ORDINARY_CALL)
        print(tables.comparison_table(compared), flush=True)
    except (DidNotMeasureError, deployment.DeploymentError) as error:
        print(f"make bench: {error}", file=sys.stderr)
        return 1
    costs = estimate(scenarios, seconds_per_invoice=compared[0].backlog.seconds / BACKLOG)
    print(tables.costs_table(costs))
    verdicts = [
        first_page_target(starts),
        *(verdict for one in scenarios for verdict in one.verdicts),
        *(verdict for one in backlogs for verdict in one.verdicts),
        *(verdict for one in paced for verdict in one.verdicts),
        *compared[0].lost_answers.verdicts,
        no_growth(*runs[-2:]),
        idle_verdict(costs),
    ]
    print(tables.targets_table(verdicts))
    report = {
        "sizes": [asdict(one) for one in sizes],
        "starts": [asdict(one) for one in starts],
        "memory": [asdict(one) for one in runs],
        "specifications": [asdict(one) for one in specifications],
        "story": [asdict(one) for one in story],
        "counts": [asdict(one) for one in scenarios],
        "backlogs": [asdict(one) for one in backlogs],
        "paced": [asdict(one) for one in paced],
        "comparison": [asdict(one) for one in compared],
        "costs": [asdict(one) for one in costs],
        "targets": [asdict(one) for one in verdicts],
    }
    OUT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print(f"  All of it is in {OUT.relative_to(ROOT)}")
    missed = missed_counts(verdicts)
    if missed:
        print(f"make bench: {len(missed)} counts miss their targets", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
