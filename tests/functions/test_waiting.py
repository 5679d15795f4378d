"""Somebody waits for the first page, and for nothing that it does not need."""

import json
import os
import subprocess
import sys

from invoicing.runtime.settings import LandingSettings

from tests.infrastructure.template import ROOT

FIRST_PAGE = """
import json, runpy, sys
sys.argv = ["probe", "landing", *json.loads(sys.argv[1])]
runpy.run_path("local/bench/probe.py")
print(json.dumps(sorted(sys.modules)))
"""


def test_the_first_page_waits_for_no_package_of_calls_and_models() -> None:
    """It calls nobody and reads nothing; these two would double a cold start."""
    folders = [str(ROOT / "functions" / "landing"), str(ROOT / "layers" / "shared" / "python")]
    variables = dict.fromkeys(LandingSettings.variables(), "http://127.0.0.1:9") | {"LOG_LEVEL": "ERROR"}
    aws = {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-north-1"}

    answer = subprocess.run(
        [sys.executable, "-c", FIRST_PAGE, json.dumps(folders)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables, **aws},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    loaded = set(json.loads(answer.stdout.splitlines()[-1]))
    assert "invoicing.pages.start" in loaded
    assert loaded & {"requests", "pydantic", "pydyf"} == set()


def test_who_draws_no_specification_waits_for_no_package_that_draws() -> None:
    """The portal and the runs import it with the first one that they draw."""
    source = "import invoicing.pages.portal, invoicing.application.sync_integration, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "invoicing.pages.specification" in loaded.stdout.split()
    assert "pydyf" not in loaded.stdout.split()
