"""A bounded fuzz of every page and reader: whatever comes, an answer below 500, no exception that escapes, no secret.

Each run draws a seed and prints it; `FUZZ_SEED=… pytest tests/attacks/test_fuzz.py` plays the same once more.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from invoicing.adapters.aws.sync_message import read_sync_request
from invoicing.application.ports import SyncRequest
from invoicing.domain.errors import UpstreamContractError
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.pages.settings_form import FormRefusedError, form_of, read_settings
from invoicing.runtime.known_browsers import KnownBrowsers
from invoicing.runtime.links import LinkExpiredError, LinkForgedError, LinkKind, Links

from local.ongoing.seed import PASSWORD, PLAIN, USERNAME, WAREHOUSE
from tests.functions.deployed import Browser, event, request
from tests.functions.emulated import CLIENT_SECRET, SIGNING_SECRET
from tests.support.fakes import START

REQUESTS = 400
READINGS = 2_000
FUNCTIONS = ("landing", "oauth_callback", "portal")
BASE = {"landing": "landing__login", "oauth_callback": "oauth_callback__approved", "portal": "portal__save_settings"}
TEXTS: Sequence[str] = (
    *("", " ", "0", "-1", "1" * 5_000, "9" * 5_000, "1e400", "NaN", "true", "null", "x" * 20_000, "../../etc/passwd"),
    *(
        "<script>alert(1)</script>",
        "'; drop table x;--",
        "{{7*7}}",
        "%00",
        "%ff",
        "\x00",
        "\r\nSet-Cookie: a=b",
        "=1+1",
    ),
    *("\ud800", "\udfff\ud800", "\u202eevil", "\uff1d1", "å" * 300, "🧾", "[" * 10_000, '{"a":' * 5_000, "a=b&" * 200),
    *(WAREHOUSE, USERNAME, str(PLAIN), "confirm", "on", "cancel", "2026-03-02", "sv", "held", "x@y.example"),
    f"{WAREHOUSE}.ongoingsystems.se",
)
FIELDS = (
    *("system", "username", "password", "mode", "reactivation", "csrf", "guard", "decision", "confirm", "version"),
    *("problem_address", "from_date", "rows", "default_unit", "way", "number", "note", "state", "search", "cursor"),
    *("page", "lang", "notice", "code", "error", "carried.integration", "carried.rows", "goods_owner", "account"),
)
HEADERS = ("Origin", "Sec-Fetch-Site", "Accept-Language", "Content-Type", "Cookie", "Host", "X-Forwarded-For")


@pytest.fixture
def chance() -> random.Random:
    """Drawn anew each time, and printed."""
    seed = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FUZZ_SEED={seed}")
    return random.Random(seed)


def pairs(chance: random.Random, many: int) -> dict[str, str]:
    """Fields of a form or a query."""
    return {chance.choice((*FIELDS, *TEXTS[:30])): chance.choice(TEXTS) for _ in range(chance.randrange(many))}


def routes(browser: Browser) -> Iterator[tuple[str, str, str]]:
    """Function, method and path of every page."""
    for function in FUNCTIONS:
        for method, path in browser.deployed.function(function).ROUTES:
            yield function, method, path


def filled(chance: random.Random, path: str) -> str:
    """A path whose names are mostly right and sometimes anything."""
    right = {"{id}": WAREHOUSE, "{invoice_id}": str(PLAIN)}
    parts = [right.get(part, part) if chance.random() < 0.8 else chance.choice(TEXTS) for part in path.split("/")]
    return "/".join(chance.choice(TEXTS) if part.startswith("{") else part for part in parts)


def made(chance: random.Random, browser: Browser, csrf: str) -> tuple[str, dict[str, Any]]:
    """One request, with something wrong about it."""
    function, method, path = chance.choice(list(routes(browser)))
    form = pairs(chance, 12)
    if chance.random() < 0.7:
        form |= {"csrf": csrf, "password": PASSWORD}
    body = "&".join(f"{name}={value}" for name, value in form.items())
    sent = request(
        BASE[function],
        method=method if chance.random() < 0.9 else chance.choice(("GET", "HEAD", "POST", "PUT", "TRACE", "")),
        path=filled(chance, path),
        query=pairs(chance, 4),
        body=body if chance.random() < 0.9 else chance.choice(TEXTS),
        headers={chance.choice(HEADERS): chance.choice(TEXTS)} if chance.random() < 0.3 else {},
    )
    if chance.random() < 0.15:
        sent[chance.choice([name for name in sent if "eaders" not in name])] = None
    if chance.random() < 0.05:
        sent["isBase64Encoded"] = True
    return function, sent


def test_no_request_breaks_a_page(operator: Browser, chance: random.Random) -> None:
    """Signed in and not; the session ends now and then, and is begun anew."""
    stranger = Browser(operator.deployed)
    answers: Counter[int] = Counter()
    for _ in range(REQUESTS):
        csrf = operator.look("/pause")
        if csrf.status != 200:
            operator.cookies.clear()
            operator.deployed.clock.sleep(3_600)
            operator.connect() if operator.login().location.startswith("https://apps") else None
            csrf = operator.look("/pause")
        guard = csrf.body.partition('name="csrf" value="')[2].partition('"')[0]
        function, sent = made(chance, operator, guard)
        browser = operator if chance.random() < 0.8 else stranger
        kept = dict(browser.cookies)
        page = browser.send(function, sent)
        browser.cookies = kept if page.status >= 400 else browser.cookies
        answers[page.status] += 1
        assert page.status < 500, f"{sent['httpMethod']} {str(sent['path'])[:200]!r}: {page.status}"
        assert SIGNING_SECRET not in page.body
        assert CLIENT_SECRET not in page.body

    print(f"{REQUESTS} requests: {dict(sorted(answers.items()))}")
    assert answers.total() == REQUESTS
    assert operator.deployed.logged("page_crashed") == []


CAREFUL = form_of(IntegrationSettings(from_date=START.date(), problem_address="a@b.example"))
FIELDS_OF_SETTINGS = ("problem_address", "from_date", "default_unit")
READERS: Mapping[str, tuple[Callable[[str], object], tuple[type[Exception], ...]]] = {
    "sync message": (read_sync_request, (UpstreamContractError,)),
    "settings": (lambda text: read_settings({**CAREFUL, FIELDS_OF_SETTINGS[len(text) % 3]: text}), (FormRefusedError,)),
    "link": (
        lambda text: Links(secret=SIGNING_SECRET, base_url="").read(LinkKind.REACTIVATE, text),
        (LinkExpiredError, LinkForgedError),
    ),
    "known browser": (lambda text: KnownBrowsers(secret=SIGNING_SECRET).proof(text, WAREHOUSE, USERNAME), ()),
}


@pytest.mark.parametrize("name", READERS)
def test_no_text_breaks_a_reader(name: str, chance: random.Random) -> None:
    """It is read, or refused in the reader's own words."""
    read, refusals = READERS[name]
    valid = (
        "st"
        if name == "settings"
        else json.dumps({"integration_id": WAREHOUSE, "by": "anna", "slot": "s", "after": 0, "hops": 0})
    )
    outcomes: Counter[str] = Counter()
    for _ in range(READINGS):
        text = chance.choice((*TEXTS, valid))
        for _ in range(chance.randrange(3)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(TEXTS)[:50] + text[at + chance.randrange(3) :]
        try:
            read(text)
        except refusals:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1

    print(f"{name}: {dict(outcomes)}")
    assert outcomes.total() == READINGS


def test_the_reader_of_messages_reads_what_is_right() -> None:
    """A reader that refuses everything passes all of the above."""
    text = json.dumps({"integration_id": WAREHOUSE, "by": "anna", "slot": "s"})

    assert read_sync_request(text) == SyncRequest(integration_id=WAREHOUSE, by="anna", slot="s")
    assert event("landing__login")["httpMethod"] == "POST"
