"""The functions as deployed. Every test that uses them also proves that no secret got out."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

from tests.functions.deployed import Browser, Deploy, Deployed
from tests.functions.emulated import Beginning, EmulatedAws
from tests.functions.operating import Operator
from tests.support.aws import Aws


@pytest.fixture(scope="package")
def emulated(roto: Aws) -> Iterator[EmulatedAws]:
    """AWS for all tests of this folder; each begins with an empty one."""
    with mock_aws():
        moto_api_backend.reset()  # another folder's may not have ended yet
        yield EmulatedAws(roto)


@pytest.fixture(scope="package")
def active(emulated: EmulatedAws) -> Beginning:
    """Somebody has signed in, approved and created; played once, for all tests that begin there."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        deployed = Deployed(monkeypatch, emulated)
        browser = Browser(deployed)
        browser.connect()
        return deployed.beginning(browser)


@pytest.fixture
def deploy(emulated: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Deploys in a test's own way. Afterwards: no secret in any log line or page."""
    made: list[Deployed] = []

    def deployed_as(**options: Any) -> Deployed:
        made.append(Deployed(monkeypatch, emulated, **options))
        return made[-1]

    yield deployed_as
    for deployed in made:
        assert deployed.leaked() == []


@pytest.fixture
def deployed(deploy: Deploy) -> Deployed:
    """The functions under the API's own address, which carries the stage."""
    return deploy()


@pytest.fixture
def browser(deployed: Deployed) -> Browser:
    """Somebody's browser, without cookies."""
    return Browser(deployed)


@pytest.fixture
def on_duty(operator: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    """The service operator beside a warehouse's active integration."""
    return Operator(operator, monkeypatch, capsys)


@pytest.fixture
def operator(active: Beginning, deploy: Deploy) -> Browser:
    """A browser that is signed in to an active integration."""
    return Browser(deploy(begins=active), cookies=dict(active.cookies))
