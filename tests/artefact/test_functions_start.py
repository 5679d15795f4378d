"""Each function starts from what is deployed: its folder, the two layers, and the SDK of Lambda's runtime."""

import json
import os
import site
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure.template import Function, functions

SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py")
# Without -S, the packages of this environment would hide what is missing in the layers.
ISOLATED = [sys.executable, "-I", "-S", "-c"]
START = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import app
assert callable(app.handler)
print(json.dumps(sorted(module.__file__ or "" for module in sys.modules.values() if hasattr(module, "__file__"))))
"""


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDK alone, standing in for Lambda's /var/runtime."""
    folder = tmp_path_factory.mktemp("sdk")
    packages = Path(site.getsitepackages()[0])
    for name in SDK:
        (folder / name).symlink_to(packages / name)
    return folder


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.folder)
def test_a_function_starts_with_only_its_layers_and_the_sdk(built: Path, sdk: Path, function: Function) -> None:
    """A package that only the tests' environment has is found here and not in production."""
    layers = [built / name / "python" for name in ("DependenciesLayer", "SharedLayer")]
    path = [str(built / function.name), *map(str, layers), str(sdk)]
    variables = dict.fromkeys(function.variables, "http://127.0.0.1:9") | {"AWS_REGION": "eu-north-1"}

    answer = subprocess.run(
        [*ISOLATED, START, json.dumps(path)],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **variables, "LOG_LEVEL": "INFO"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    loaded = json.loads(answer.stdout.splitlines()[-1])
    assert not [file for file in loaded if "site-packages" in file]
