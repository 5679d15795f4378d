"""What a browser shows of having been here: it opens nothing, and strangers' guesses do not touch it."""

import pytest
from invoicing.runtime.known_browsers import KnownBrowsers
from invoicing.runtime.links import LinkKind, Links

from local.ongoing.seed import USERNAME, WAREHOUSE
from tests.functions.deployed import API_URL, Browser
from tests.functions.emulated import SIGNING_SECRET

PAUSE = "There were many tries in a short time"
KNOWN = "__Host-known"


def guessed(operator: Browser) -> None:
    """A stranger behind the same address has guessed for long."""
    stranger = Browser(operator.deployed)
    pages = [stranger.login(username=f"user-{n}", password="guess") for n in range(30)]

    assert PAUSE in pages[-1].text


def reactivation_link(integration: str) -> str:
    """As it stands in the mail."""
    return Links(secret=SIGNING_SECRET, base_url=API_URL).make(LinkKind.REACTIVATE, {"integration": integration})


def test_signing_in_makes_a_browser_known(operator: Browser) -> None:
    """For longer than a year, and also when it leads on to Fortnox."""
    guessed(operator)

    assert operator.cookies[KNOWN]
    assert operator.login().status == 303
    assert PAUSE in Browser(operator.deployed).login().text


@pytest.mark.parametrize(
    "cookie",
    [
        KnownBrowsers(secret=SIGNING_SECRET).remember("", "sydlager", USERNAME),
        KnownBrowsers(secret=SIGNING_SECRET).remember("", WAREHOUSE, "somebody-else"),
        KnownBrowsers(secret="another secret").remember("", WAREHOUSE, USERNAME),
        KnownBrowsers(secret=SIGNING_SECRET).remember("", WAREHOUSE, USERNAME)[:-1],
        "~" * 5000,
        "\u00e5.\u0000.x",
    ],
    ids=["another system", "another user", "not ours", "damaged", "long", "no text of ours"],
)
def test_another_cookie_is_no_proof(operator: Browser, cookie: str) -> None:
    """It is signed, and for one user of one system."""
    guessed(operator)

    assert PAUSE in Browser(operator.deployed, cookies={KNOWN: cookie}).login().text


def test_a_browser_knows_some_systems_and_users(operator: Browser) -> None:
    """An accounting agency signs in to many; the cookie stays short."""
    known = KnownBrowsers(secret=SIGNING_SECRET)
    cookie = ""
    for n in range(9):
        cookie = known.remember(cookie, f"lager-{n}", USERNAME)

    assert [bool(known.proof(cookie, f"lager-{n}", USERNAME)) for n in range(9)] == [False] * 4 + [True] * 5
    assert len(cookie) < 1000


def test_a_known_browser_guesses_no_faster_than_others(operator: Browser) -> None:
    """Whoever has the cookie has no password by it."""
    pages = [operator.login(password="guess") for _ in range(20)]

    assert PAUSE in pages[-1].text
    assert sum(PAUSE not in page.text for page in pages) < 14


@pytest.mark.parametrize(("integration", "refused"), [(WAREHOUSE, False), ("sydlager", True)])
def test_a_link_of_ours_is_a_proof_for_its_system(operator: Browser, integration: str, refused: bool) -> None:
    """Reactivation goes on while strangers guess."""
    guessed(operator)
    deployed = operator.deployed
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    token = reactivation_link(integration).rpartition("/")[2]
    page = Browser(deployed).login(reactivation=token)

    assert (PAUSE in page.text) == refused
    assert (page.status == 303) != refused
