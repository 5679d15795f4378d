"""The functions as deployed. Every test that uses them also proves that no secret got out."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.functions.deployed import Browser, Deploy, Deployed


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Deploys once more in a test's own way. Afterwards: no secret in any log line or page."""
    made: list[Deployed] = []

    def deployed_as(**options: str) -> Deployed:
        made.append(Deployed(monkeypatch, **options))
        return made[-1]

    with mock_aws():
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
def operator(browser: Browser) -> Browser:
    """A browser that is signed in to an active integration."""
    browser.connect()
    return browser
