"""A secret that leaked is turned, and every process believes the new one within minutes; meanwhile two are good."""

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError
from invoicing.adapters.aws.secrets import Secret, TurningSecret
from invoicing.runtime.known_browsers import KnownBrowsers
from invoicing.runtime.links import LinkForgedError, LinkKind, Links
from invoicing.runtime.password_marks import KeyedMarks

from local.ongoing.seed import PASSWORD, USERNAME, WAREHOUSE
from tests.functions.deployed import Browser, Page, request
from tests.functions.emulated import SIGNING_SECRET
from tests.support.wiring import FakeSecret
from tests.support.world import World


class Stored:
    """Secrets Manager with one secret and the one before; `asked` are the labels."""

    def __init__(self) -> None:
        self.texts = ["old"]
        self.asked: list[str] = []

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, Any]:  # noqa: ARG002, N803 - as the SDK's
        """As it is now."""
        self.asked.append(VersionStage)
        place = {"AWSCURRENT": -1, "AWSPREVIOUS": -2}[VersionStage]
        if len(self.texts) < -place:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.texts[place]}


def a_process(stored: Stored, now: Sequence[float]) -> TurningSecret:
    """One that lives on, on a clock of its own."""
    return TurningSecret(stored, "signing", clock=lambda: now[0])  # type: ignore[arg-type]


def test_a_new_signing_secret_is_believed_by_a_process_that_lives_on() -> None:
    """Nobody refuses an old one of ours: it must be looked at anew."""
    stored, now = Stored(), [0.0]
    secret = a_process(stored, now)
    first = [secret(), secret()]
    stored.texts.append("new")
    now[0] = 299.0
    kept = secret()
    now[0] = 300.0

    assert first == ["old", "old"]
    assert (kept, secret()) == ("old", "new")
    assert stored.asked == ["AWSCURRENT", "AWSCURRENT"]


def test_while_it_turns_a_link_of_either_secret_is_good_in_every_process() -> None:
    """Whichever knows of the new one; made by another secret, or by the one before that, it is not."""
    stored, now = Stored(), [0.0]
    behind, ahead = a_process(stored, now), a_process(stored, now)
    behind()
    older = Links(secret=behind(), base_url="").make(LinkKind.REACTIVATE, {"integration": WAREHOUSE})
    stored.texts.append("new")
    newer = Links(secret=ahead(), base_url="").make(LinkKind.REACTIVATE, {"integration": WAREHOUSE})
    tokens = [link.rpartition("/")[2] for link in (older, newer)]
    for process in (behind, ahead):
        links = Links(secret=process(), base_url="", others=process.others)
        assert [links.read(LinkKind.REACTIVATE, token)["integration"] for token in tokens] == [WAREHOUSE] * 2
    stored.texts.append("newest")  # turned twice: the one that leaked is out
    now[0] = 300.0
    links = Links(secret=behind(), base_url="", others=behind.others)

    assert links.read(LinkKind.REACTIVATE, tokens[1])["integration"] == WAREHOUSE
    with pytest.raises(LinkForgedError):
        links.read(LinkKind.REACTIVATE, tokens[0])


def test_what_anybody_may_send_costs_no_call_for_each() -> None:
    """A thousand forged links within ten seconds are two looks."""
    stored, now = Stored(), [0.0]
    secret = a_process(stored, now)
    links = Links(secret=secret(), base_url="", others=secret.others)
    for _ in range(1000):
        with pytest.raises(LinkForgedError):
            links.read(LinkKind.REACTIVATE, "e30.aaaaaa.bbbb")

    assert len(stored.asked) == 3


def test_a_browser_and_a_password_stay_known_while_it_turns() -> None:
    """Nobody is signed out by it, and no mail says that a password was changed."""
    cookie = KnownBrowsers(secret="old").remember("", WAREHOUSE, USERNAME)
    marks = KeyedMarks(secret="new", others=lambda: ["new", "old"])
    mark = KeyedMarks(secret="old").make(WAREHOUSE, PASSWORD)

    assert KnownBrowsers(secret="new", others=lambda: ["old"]).proof(cookie, WAREHOUSE, USERNAME)
    assert not KnownBrowsers(secret="new").proof(cookie, WAREHOUSE, USERNAME)
    assert (marks.fits(mark, WAREHOUSE, PASSWORD), marks.fits(mark, WAREHOUSE, "guess")) == (True, False)
    assert KeyedMarks(secret="newest", others=lambda: ["new"]).fits(mark, WAREHOUSE, PASSWORD) is None


def test_signing_in_after_it_was_turned_ends_no_sign_in_and_tells_nothing() -> None:
    """The mark is made anew in silence: by the newest secret, of the same password."""
    world = World()
    world.connect()
    before = world.integrations.get(WAREHOUSE)
    world.signing_secret = FakeSecret("a new secret", before="the-signing-secret")
    world.sign_in()
    after = world.integrations.get(WAREHOUSE)
    assert before is not None
    assert after is not None

    assert after.wms_password_mark != before.wms_password_mark
    assert (after.generation, after.changes) == (before.generation, before.changes)


def test_the_deployed_function_believes_what_the_secret_before_has_signed(operator: Browser) -> None:
    """Secrets Manager keeps it under a label."""
    deployed = operator.deployed
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    path = Links(secret=SIGNING_SECRET, base_url="").make(LinkKind.REACTIVATE, {"integration": WAREHOUSE})
    deployed.aws.secrets.put_secret_value(SecretId=deployed.variables["signing_secret_arn"], SecretString="turned")
    once = _opened(operator, path).status
    deployed.aws.secrets.put_secret_value(SecretId=deployed.variables["signing_secret_arn"], SecretString="again")
    deployed.start_again()

    assert (once, _opened(operator, path).status) == (200, 404)


def _opened(browser: Browser, path: str) -> Page:
    return browser.send("landing", request("landing__reactivate", path=path))


def test_a_secret_that_others_refuse_is_asked_for_once() -> None:
    """Each call of Secrets Manager costs, and those who refuse it tell us."""
    stored = Stored()
    secret = Secret(stored, "fortnox")  # type: ignore[arg-type]
    secret()
    secret()

    assert stored.asked == ["AWSCURRENT"]
