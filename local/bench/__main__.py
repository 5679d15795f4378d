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
from local.bench.counts import count_all
from local.bench.sizes import measure_sizes
from local.bench.starts import LAYERS, ROUNDS, measure_starts
from local.bench.story import read_story
from local.stack import output_of

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "bench.json"
DEMO = ROOT / "build" / "demo" / "report.json"
BACKLOG = 500
CALL_SECONDS = (0.0, 0.1, 0.2)


def main() -> int:
    """Measures everything; 0 unless something could not be measured. A missed target is told, and is no failure."""
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
        story = read_story(DEMO)
        print(tables.story_table(story), flush=True)
        scenarios = count_all()
        print(tables.counts_table(scenarios), flush=True)
        backlogs = [drain(BACKLOG, call_seconds=seconds) for seconds in CALL_SECONDS]
        print(tables.backlogs_table(backlogs), flush=True)
    except (DidNotMeasureError, deployment.DeploymentError) as error:
        print(f"make bench: {error}", file=sys.stderr)
        return 1
    missed = tables.missed_targets(scenarios, backlogs)
    print(tables.titled("Targets that are missed", "\n".join(missed or ["none"])))
    report = {
        "sizes": [asdict(one) for one in sizes],
        "starts": [asdict(one) for one in starts],
        "story": [asdict(one) for one in story],
        "counts": [asdict(one) for one in scenarios],
        "backlogs": [{**asdict(one), "missed": one.missed} for one in backlogs],
        "missed": missed,
    }
    OUT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print(f"  All of it is in {OUT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
