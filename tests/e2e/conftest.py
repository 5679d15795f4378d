"""The deployed template with a browser in front of it, once for all tests of this folder."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import count

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.swedish_time import SWEDEN
from playwright.sync_api import Browser, Page, expect

from local.browser import NoBrowserError, chromium, visitor
from local.fortnox.client_control import FortnoxControl
from local.fortnox.seed import default_company
from local.ongoing.client_control import OngoingControl
from local.ongoing.seed import default_warehouse
from local.stack import Stack
from tests.e2e.album import PICTURES
from tests.e2e.office import LOCALES, Office
from tests.e2e.witness import witnessed_stack

expect.set_options(timeout=30_000)  # a busy machine is no defect of a page
in_both_languages = pytest.mark.parametrize("language", list(Language), ids=str, scope="session")
"""For what is shown only once, so that it cannot be looked at in one language after the other."""

type Opened = Callable[..., AbstractContextManager[Office]]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Only pictures of this session are in the album, which all processes share."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(PICTURES, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests say so."""
    try:
        with chromium() as browser:
            yield browser
    except NoBrowserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def stack(lane: str) -> Iterator[Stack]:
    """The real template in the emulated AWS, between the simulators; its schedule does not fire by itself here.

    At the end, everything that the functions wrote meanwhile is searched for secrets.
    """
    with witnessed_stack(f"e2e{lane}", SyncInterval="rate(12 hours)") as (stack, witness):
        yield stack
        witness.assert_no_secret_was_told()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A Swedish visitor with no cookies."""
    with visitor(browser) as page:
        yield page


@pytest.fixture(scope="session")
def language() -> Language:
    """Flows are gone through in one; pages are looked at in both."""
    return Language.SWEDISH


@pytest.fixture(scope="session")
def names() -> Iterator[int]:
    """Numbers for warehouses and companies, so that no test meets another's."""
    return count(1)


@pytest.fixture(scope="session")
def new_office(browser: Browser, stack: Stack, names: Iterator[int]) -> Opened:
    """Opens offices: a warehouse with a month of invoices and a company of its own, nothing connected yet."""

    @contextmanager
    def opened(language: Language, *, scripts: bool = True) -> Iterator[Office]:
        number = next(names)
        system, company, tenant_id = f"lager{number}", f"Nordlager {number} AB", str(20_000 + number)
        warehouse = default_warehouse(datetime.now(SWEDEN).date())
        OngoingControl(stack.ongoing_url).put_warehouse(replace(warehouse, name=system, customer_id=f"kund{number}"))
        FortnoxControl(stack.fortnox_url).replace_company(
            {
                **default_company(),
                "tenant_id": tenant_id,
                "name": company,
                "users": [
                    {"username": f"admin@{system}.example", "password": "admin-pass", "system_administrator": True},
                    {"username": f"anna@{system}.example", "password": "anna-pass"},
                    {"username": f"locked@{system}.example", "password": "locked-pass", "locked": True},
                ],
            }
        )
        with visitor(browser, language=LOCALES[language], scripts=scripts) as page:
            yield Office(stack=stack, page=page, language=language, system=system, company=company, tenant_id=tenant_id)

    return opened


@pytest.fixture
def office(new_office: Opened, language: Language) -> Iterator[Office]:
    """Nothing is connected yet."""
    with new_office(language) as office:
        yield office


@pytest.fixture
def connected(office: Office) -> Office:
    """Connected and created; no run yet."""
    office.connect()
    office.create()
    return office


@pytest.fixture(scope="session")
def settled(new_office: Opened, language: Language) -> Iterator[Office]:
    """Connected, and its first run is done: six invoices sent, six held. For tests that leave it as it is."""
    with new_office(language) as office:
        office.connect()
        office.create()
        office.sync()
        yield office
