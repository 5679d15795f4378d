"""Each function under AWS's own runtime, with what is deployed, on what is deployed: one real event of each trigger."""

import json
import site
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.ministack import REGION
from local.stack import Stack
from tests.artefact.emulated_runtime import EmulatedRuntime
from tests.functions.deployed import event
from tests.infrastructure.template import Function, functions

# What Lambda's runtime has beside the layers: the SDK, and the client of the runtime's interface.
RUNTIME = (
    *("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py"),
    *("awslambdaric", "simplejson", "snapshot_restore_py.py"),
)


def a_page(*statuses: int) -> Callable[[Any], bool]:
    """An answer to API Gateway."""
    return lambda answer: answer["statusCode"] in statuses and "Content-Security-Policy" in answer["multiValueHeaders"]


def nothing_failed(answer: Any) -> bool:
    """An answer to a queue or a stream."""
    return bool(answer == {"batchItemFailures": []})


def nothing(answer: Any) -> bool:
    """An answer to a schedule, which nobody reads."""
    return answer is None or "errorType" not in answer


SAMPLE_ORIGIN = "https://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com"  # in the events
EVENTS: Mapping[str, Callable[[Any], bool]] = {
    "landing__start": a_page(200),
    "landing__login": a_page(303),
    "oauth_callback__denied": a_page(400),
    "portal__status": a_page(303),
    "dispatch_syncs__schedule": nothing,
    "sync_invoices__one": nothing_failed,
    "sync_invoices__again": nothing_failed,
    "keep_tokens__schedule": nothing,
    "notify_operators__hourly": nothing,
    "notify_operators__new_notice": nothing_failed,
    "notify_operators__bounce": nothing,
}


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what Lambda's runtime has, standing in for /var/runtime."""
    folder = tmp_path_factory.mktemp("runtime")
    packages = Path(site.getsitepackages()[0])
    for name in (*RUNTIME, *(path.name for path in packages.glob("runtime_client.*.so"))):
        (folder / name).symlink_to((packages / name).resolve(strict=True))
    return folder


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.folder)
def test_a_function_answers_each_of_its_triggers_under_awss_own_runtime(
    built: Path, runtime: Path, stack: Stack, tmp_path: Path, function: Function
) -> None:
    """Init, invocation and answer go through Lambda's own client, with the role's rights and the stack's variables."""
    path = [built / function.name, *(built / f"{name}Layer" / "python" for name in ("Dependencies", "Shared")), runtime]
    asked = {name: is_right for name, is_right in EVENTS.items() if name.partition("__")[0] == function.folder}
    with EmulatedRuntime(path, tmp_path, variables_of(stack, function), timeout=function.timeout) as emulated:
        answers = {name: emulated.invoke(at_home(event(name), stack)) for name in asked}
        log = emulated.log

    assert asked
    assert {name: answers[name] for name, is_right in asked.items() if not is_right(answers[name])} == {}
    assert "AWS does not allow it" not in log
    assert "INIT RTDONE(status: success)" in log
    assert log.count("INVOKE RTDONE(status: success") == len(asked)


def at_home(made: dict[str, Any], stack: Stack) -> dict[str, Any]:
    """The event as this stack gets it: a form is taken only from a page of its own."""
    own = urlsplit(stack.base_url)
    home: dict[str, Any] = json.loads(json.dumps(made).replace(SAMPLE_ORIGIN, f"{own.scheme}://{own.netloc}"))
    return home


def variables_of(stack: Stack, function: Function) -> dict[str, str]:
    """What the deployed function finds in its environment, the credentials of its role included."""
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs[function.name])
    given = stack.client("sts").assume_role(RoleArn=configuration["Role"], RoleSessionName="test")["Credentials"]
    return {
        **configuration["Environment"]["Variables"],
        "AWS_ENDPOINT_URL": stack.aws.url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
