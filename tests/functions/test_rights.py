"""Rights, both ways: what a function asks of AWS in its life is what its role allows, and nothing that it allows lacks.

The functions run as they are deployed; each call of the SDK is noted with the function that made it. So a right that is
taken out of the template is missed here, one that is added without need is named, and so is one that the code begins to
need: in one process no role would refuse it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from invoicing.adapters.aws.exports import EVENTS_PER_ITEM
from invoicing.domain.export import EventKind, HistoryEvent
from invoicing.domain.fortnox_invoice import Register
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.runtime.links import LinkKind, Links

from local.fortnox.seed import OTHER_TENANT_ID, TENANT_ID
from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import API_URL, Browser, Deploy, Deployed, event, request
from tests.functions.emulated import SIGNING_SECRET, noted
from tests.infrastructure.template import Function, functions
from tests.infrastructure.test_roles import THINGS, actions

type Right = tuple[str, str]  # the action, and the logical id of what it is done to
type Used = dict[str, set[Right]]  # by the function's folder

# What AWS does with the function's role before or after its code, which no call of the code shows.
BY_LAMBDA_ITSELF = {
    "Log": {"logs:CreateLogStream", "logs:PutLogEvents"},  # what the function prints
    "Trace": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
    "TakeFromTheQueue": {"sqs:ReceiveMessage", "sqs:DeleteMessage*", "sqs:GetQueueAttributes"},
    "FollowTheOutbox": {
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:DescribeStream",
        "dynamodb:ListStreams",
    },
    "SetAsideWhatCouldNotBeSent": {"sqs:SendMessage"},  # events that failed
}
# The SDK's name of a call, where IAM has another one.
IAM_NAMES = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:SendMessage": "sqs:SendMessage*",
    "sqs:SendMessageBatch": "sqs:SendMessage*",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibility*",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility*",
}


def allowed(function: Function) -> dict[Right, str]:
    """Every right of a role, with the statement that gives it."""
    return {
        (action, thing): statement["Sid"]
        for statement in function.statements
        if statement["Effect"] == "Allow"
        for action in set(actions(statement)) - BY_LAMBDA_ITSELF.get(statement["Sid"], set())
        for thing in _things(statement["Resource"])
    }


def _things(resource: object) -> Iterator[str]:
    for one in resource if isinstance(resource, list) else [resource]:
        text = str(one)
        if text == "*":
            yield "*"
            continue
        (thing,) = {thing for thing in THINGS.values() if f"'{thing}'" in text or f"{{{thing}." in text}
        yield f"{thing}/{text.partition('/index/')[2].split(chr(39))[0]}" if "/index/" in text else thing


def right_of(deployed: Deployed, service: str, operation: str, params: Mapping[str, Any]) -> Iterator[Right]:
    """What IAM is asked about one call."""
    action = IAM_NAMES.get(f"{service}:{operation}", f"{service}:{operation}")
    named = {deployed.variables[variable.lower()]: thing for variable, thing in THINGS.items()}
    if service == "sesv2":  # a mail that is given whole is asked about by both names
        yield from ((name, "*") for name in ("ses:SendEmail", "ses:SendRawEmail"))
        return
    if operation == "BatchGetItem":
        yield from ((action, named[table]) for table in params["RequestItems"])
        return
    (name,) = {params[key] for key in ("TableName", "QueueUrl", "Bucket", "SecretId", "KeyId") if key in params}
    yield action, f"{named[name]}/{params['IndexName']}" if "IndexName" in params else named[name]


@contextmanager
def watched(deployed: Deployed) -> Iterator[Used]:
    """While it lasts, every call that a function makes is noted."""
    used: Used = {function.folder: set() for function in functions()}

    def note(function: str, service: str, operation: str, params: Mapping[str, Any]) -> None:
        used[function].update(right_of(deployed, service, operation, params))

    with noted(note):
        yield used


# ---- a life


def day_of(deployed: Deployed, browser: Browser) -> None:
    """From the first visit to the last: every page, every button, every schedule, and what goes wrong in between."""
    come(deployed, browser)
    work(deployed, browser)
    every_page(browser)
    lose_the_keys(deployed, browser)
    leave(deployed, browser)


def come(deployed: Deployed, browser: Browser) -> None:
    """Refused, asked for an administrator who comes by a link, cancelled, and approved."""
    for _ in range(6):
        Browser(deployed).login(password="guess")
    deployed.clock.advance(timedelta(hours=2))
    refused = Browser(deployed)
    state = refused.start()["state"]
    page = refused.come_back("oauth_callback__denied", state=state, error="error_missing_system_admin_right")
    link = page.body.partition(f"{API_URL}/approve/")[2].partition('"')[0]
    administrator = Browser(deployed)
    administrator.send("landing", request("landing__invitation", path=f"/approve/{link}"))
    asked = administrator.send("landing", request("landing__accept_invitation", path=f"/approve/{link}"))
    assert asked.status == 303
    administrator.receive(dict(_query(asked.location)))
    administrator.decide("cancel")
    assert browser.approve(browser.start(mode="personal")).status == 303  # of one person: each renewal is a rotation
    assert browser.create().status == 303
    for kind, name in ((LinkKind.VERIFY_ADDRESS, "landing__verify"), (LinkKind.VERIFY_ADDRESS, "landing__confirm")):
        browser.send("landing", request(name, path=_link(deployed, kind)))


def work(deployed: Deployed, browser: Browser) -> None:
    """Runs, as the schedule and a person ask for them; mails; a pair of keys that is renewed."""
    deployed.invoke("dispatch_syncs", event("dispatch_syncs__schedule"))
    _run(deployed)
    for invoice in (seed.PLAIN, seed.UNKNOWN_CUSTOMER):
        browser.press(f"/invoices/{invoice}/export")
    browser.press("/sync")
    _run(deployed)
    _notify(deployed)
    deployed.clock.advance(timedelta(minutes=70))
    deployed.fortnox.change_entry(TENANT_ID, "customers", "1001", {"Name": "Något Helt Annat AB"})
    _add(deployed, 7200)
    _run(deployed)
    deployed.clock.advance(timedelta(days=31))
    for _ in range(3):
        deployed.invoke("keep_tokens", event("keep_tokens__schedule"))
        deployed.clock.advance(timedelta(minutes=10))
    deployed.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=1))
    _run(deployed)
    _notify(deployed)
    for look in (_run, partial(_rehearse, browser), _keep):
        forget_a_rotation(deployed)
        look(deployed)
    tell_before(deployed)
    be_slow(deployed)
    grow_old(deployed)
    browser.login()
    browser.press(f"/invoices/{seed.UNKNOWN_CUSTOMER}/retry")
    _run(deployed)


def forget_a_rotation(deployed: Deployed) -> None:
    """A backup of the table is put back: only the journal has the newest pair."""
    table = deployed.variables["tokens_table"]
    before = deployed.aws.dynamodb.get_item(TableName=table, Key={"integration_id": {"S": WAREHOUSE}})["Item"]
    deployed.clock.advance(timedelta(minutes=70))
    _add(deployed, 7100)
    _run(deployed)
    deployed.aws.dynamodb.put_item(TableName=table, Item=before)
    deployed.clock.advance(timedelta(days=40))


def tell_before(deployed: Deployed) -> None:
    """The mail of the last days of a month, which names what was found."""
    now = deployed.clock()
    notice = Notice(
        id=f"before#{WAREHOUSE}",
        integration_id=WAREHOUSE,
        kind=NoticeKind.BEFORE,
        created_at=now,
        due_at=now + UNSENT_AFTER,
        params={"first": now.date().isoformat(), "new": ""},
    )
    deployed.notices.put_once(notice)
    _notify(deployed)


def be_slow(deployed: Deployed) -> None:
    """It moves to the queue of the slow systems, is worked on there, and moves back."""
    run = deployed.integration.last_run
    assert run is not None
    slow = replace(run, slow=True)
    meaning = deployed.integration.detected_price_meaning
    deployed.integrations.save_run(WAREHOUSE, slow, done=frozenset(), unfinished=frozenset(), detected=meaning)
    for queue in ("sync_queue_url", "slow_sync_queue_url", "slow_sync_queue_url"):
        deployed.clock.advance(timedelta(minutes=15))
        _run(deployed, queue)


def grow_old(deployed: Deployed) -> None:
    """An invoice with so long a history that a part of it was put aside."""
    for _ in range(EVENTS_PER_ITEM):
        record = deployed.exports.get(WAREHOUSE, seed.UNKNOWN_CUSTOMER)
        assert record is not None
        again = HistoryEvent(at=deployed.clock(), kind=EventKind.RETRY, by="anna")
        deployed.exports.save(replace(record, version=record.version + 1), event=again)


def _add(deployed: Deployed, invoice_id: int) -> None:
    plain = next(one for one in seed.default_warehouse(deployed.clock().date()).invoices if one.id == seed.PLAIN)
    deployed.ongoing.put_invoice(WAREHOUSE, replace(plain, id=invoice_id))


def _rehearse(browser: Browser, deployed: Deployed) -> None:
    browser.login()
    deployed.exports.save_register(WAREHOUSE, Register())  # nothing is remembered of Fortnox: it is asked
    browser.look("/rehearsal", {"page": "1"})


def _keep(deployed: Deployed) -> None:
    deployed.invoke("keep_tokens", event("keep_tokens__schedule"))


def every_page(browser: Browser) -> None:
    """Looked at and pressed, as far as one can without leaving."""
    browser.login()
    shown = browser.deployed.function("portal").ROUTES
    held = seed.UNKNOWN_CUSTOMER
    for method, path in shown:
        inside = path.removeprefix("/integrations/{id}").replace("{invoice_id}", str(held))
        if method == "GET" and path.startswith("/integrations"):
            browser.look(inside, {"page": "1", "way": "leave"})
    browser.look("/invoices", {"state": "waiting"})
    browser.look("/invoices/999999")
    agreed = {"goods_owner": "Kaffe & Kakao AB", "customer_number": "1001", "customer_name": "Kaffe & Kakao AB"}
    browser.press("/customers", organisation_number="", **agreed)
    browser.press(f"/invoices/{held}/retry")
    browser.press(f"/invoices/{held}/decide", way="leave", note="x")
    browser.press("/name", name="Anna")
    browser.press("/rehearsal")
    browser.press("/before")
    browser.create(rows="per_charge", problem_address="annan@nordlager.example")
    browser.press("/confirm-address")
    browser.press("/connect")
    for path in ("/pause", "/resume", "/sign-out-everywhere"):
        browser.press(path)
    browser.login()
    browser.send("portal", request("portal__logout", form={"csrf": browser.look("/pause").csrf}))
    browser.login()


def lose_the_keys(deployed: Deployed, browser: Browser) -> None:
    """Answers about keys that are lost, keys that are dead, mails about it, and the way back."""
    deployed.fortnox.revoke_consent(TENANT_ID)
    deployed.fortnox.destroy_tokens(TENANT_ID)
    deployed.clock.advance(timedelta(hours=2))
    _add(deployed, 7001)
    _run(deployed)
    for _ in range(40):
        if deployed.integration.broken_since is not None:
            break
        deployed.clock.advance(timedelta(minutes=5))
        _keep(deployed)
    assert deployed.integration.broken_since is not None, deployed.tokens.get(WAREHOUSE)
    _notify(deployed)
    browser.send("landing", request("landing__reactivate", path=_link(deployed, LinkKind.REACTIVATE)))
    browser.receive(browser.start(), tenant_id=OTHER_TENANT_ID)
    assert browser.approve(browser.start()).status == 303
    _run(deployed)
    deployed.clock.advance(timedelta(minutes=70))
    _rehearse(browser, deployed)
    _notify(deployed)


def leave(deployed: Deployed, browser: Browser) -> None:
    """The links in mails, and the end."""
    browser.send("landing", request("landing__take-back", path=_link(deployed, LinkKind.TAKE_BACK)))
    browser.send("landing", request("landing__take_back_now", path=_link(deployed, LinkKind.TAKE_BACK)))
    browser.send("landing", request("landing__ask_link", form={"system": WAREHOUSE}))
    browser.send("landing", request("landing__it-is-me", path=_link(deployed, LinkKind.IT_IS_ME)))
    browser.login()
    files = browser.press("/disconnect", confirm="on").body.partition(f"{API_URL}/files/")[2].partition('"')[0]
    browser.send("portal", request("portal__files", path=f"/files/{files}/history.csv"))
    _notify(deployed)


def _link(deployed: Deployed, kind: LinkKind) -> str:
    settings = deployed.integration.settings
    subject = {"integration": WAREHOUSE, "address": settings.problem_address if settings else ""}
    return Links(secret=SIGNING_SECRET, base_url="").make(kind, subject)


def _query(location: str) -> Mapping[str, str]:
    from urllib.parse import parse_qsl, urlsplit

    return dict(parse_qsl(urlsplit(location).query))


def _run(deployed: Deployed, queue: str = "sync_queue_url") -> None:
    by_itself = {"integration_id": WAREHOUSE, "by": "schedule", "slot": deployed.clock().isoformat()}
    for body in deployed.queued() or [by_itself]:
        sent = event("sync_invoices__one")
        sent["Records"][0]["body"] = json.dumps(body)
        arn = sent["Records"][0]["eventSourceARN"].rpartition(":")[0]
        sent["Records"][0]["eventSourceARN"] = f"{arn}:{deployed.variables[queue].rpartition('/')[2]}"
        deployed.invoke("sync_invoices", sent)


def _notify(deployed: Deployed) -> None:
    for item in deployed.aws.dynamodb.scan(TableName=deployed.variables["notices_table"])["Items"]:
        put = event("notify_operators__new_notice")
        put["Records"][0]["dynamodb"]["Keys"] = {"notice_id": item["notice_id"]}
        put["Records"][0]["dynamodb"]["NewImage"] = item
        deployed.invoke("notify_operators", put)
    deployed.invoke("notify_operators", event("notify_operators__hourly"))


@pytest.fixture
def used(deploy: Deploy) -> Used:
    """What each function asked for in such a life."""
    deployed = deploy()
    with watched(deployed) as seen:
        day_of(deployed, Browser(deployed))
    return seen


def test_each_role_allows_what_its_function_asks_for_and_nothing_else(used: Used) -> None:
    """Taken out, any of them is missed: the two sets are one."""
    missing = {one.folder: used[one.folder] - allowed(one).keys() for one in functions()}
    spare = {one.folder: allowed(one).keys() - used[one.folder] for one in functions()}

    assert [str(one) for one in (missing, spare) if any(one.values())] == []
