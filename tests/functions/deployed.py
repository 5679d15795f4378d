"""The functions as they are deployed, in one process: AWS is emulated, both simulators answer, one clock rules all."""

import importlib.util
import io
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import SimpleCookie
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from awslambdaric.bootstrap import StandardLogSink, build_fault_result, log_error
from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.months import DynamoMonths
from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.integration import Integration
from invoicing.runtime import bootstrap, observability, settings
from invoicing.runtime.bootstrap import Bootstrap

from local.fortnox.oauth import Client
from local.fortnox.seed import CLIENT_ID, OTHER_TENANT_ID, TENANT_ID, default_company, other_company
from local.fortnox.simulator import FortnoxSimulator
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import CUSTOMER_ID, PASSWORD, WAREHOUSE, default_warehouse
from local.ongoing.simulator import OngoingSimulator
from tests.functions.emulated import (
    CLIENT_SECRET,
    CONFIGURATION_SET,
    SENDER,
    SIGNING_SECRET,
    Beginning,
    EmulatedAws,
    Outside,
    sent_mails,
)
from tests.infrastructure.template import ROOT, functions
from tests.support.fakes import FakeClock

API_URL = "https://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com/prod"  # as in the files under events/
CUSTOM_DOMAIN = "https://invoicing.example"
_ADMINISTRATORS = {TENANT_ID: "admin@nordlager.example", OTHER_TENANT_ID: "fel@foretag.example"}


_TIMEOUTS = {function.folder: float(function.timeout) for function in functions()}  # seconds
_VARIABLES = {
    "stage_name": "prod",
    "log_level": "INFO",
    "powertools_service_name": "invoicing",
    "powertools_metrics_namespace": "Invoicing",
    "fortnox_auth_base_url": "https://apps.fortnox.example",
    "fortnox_api_base_url": "https://api.fortnox.example",
    "fortnox_client_id": CLIENT_ID,
    "ongoing_api_base_url": "https://api.ongoing.example",
    "sender_address": SENDER,
    "support_address": "support@invoicing.example",
    "alarm_email": "on-call@invoicing.example",
    "mail_configuration_set": CONFIGURATION_SET,
}


def event(name: str) -> dict[str, Any]:
    """The event of events/{name}.json, to be changed at will."""
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer of a function, as a browser sees it."""

    status: int
    headers: Mapping[str, str]
    body: str
    cookies: Mapping[str, str]

    @property
    def location(self) -> str:
        """Where it leads on to."""
        return self.headers["Location"]

    @property
    def text(self) -> str:
        """What a person reads: without tags, white space folded."""
        return " ".join(re.sub(r"<[^>]*>", " ", self.body).split())

    @property
    def csrf(self) -> str:
        """The guard of its forms."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.body)
        assert found is not None, "the page has no guarded form"
        return found[1]


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function of its invocation. `left` is in seconds."""

    function_name: str
    left: float
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-north-1:123456789012:function:invoicing"
    aws_request_id: str = "6bc28136-xmpl-4365-b021-0ce6b2e64ab0"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left * 1000)


class Deployed:
    """Every function, loaded when it is first called with the variables that its settings name."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        emulated: EmulatedAws,
        *,
        public_base_url: str = "",
        begins: Beginning | None = None,
    ) -> None:
        """`begins` is where it goes on; without it nothing has happened yet."""
        self._monkeypatch = monkeypatch
        self._emulated = emulated
        emulated.empty()
        self.aws = emulated.aws
        self.outside = begins.outside.copied() if begins else nothing_happened_yet(public_base_url)
        self.variables = {**_VARIABLES, **emulated.variables, "public_base_url": public_base_url}
        self._modules: dict[str, ModuleType] = {}
        self._logs = io.StringIO()
        self._log_of: dict[str, str] = defaultdict(str)  # since this was deployed
        self._shown: list[str] = []  # every body and address that a browser got
        self._secrets = {PASSWORD, CLIENT_SECRET, SIGNING_SECRET}
        self._only_in_browsers: set[str] = set()  # cookies and states: never in a log
        self.transport = _Transport(self)
        self._patch()
        if begins:
            self._go_on_from(begins)
        else:
            self.integrations.set_customer_id(CUSTOMER_ID, WAREHOUSE)

    def parts(self, own: settings.Settings, function: str = "") -> Bootstrap:
        """The parts of a function as it makes them itself, but for the clock, the network and the SDK's clients."""
        return Bootstrap(
            own,
            clock=self.clock,
            sleep=self.clock.sleep,
            monotonic=lambda: self.clock().timestamp(),
            transport=self.transport,
            sdk=self._emulated.sdk_of(function),
        )

    # ---- what the functions share

    @property
    def clock(self) -> FakeClock:
        return self.outside.clock

    @property
    def fortnox(self) -> FortnoxSimulator:
        return self.outside.fortnox

    @property
    def ongoing(self) -> OngoingSimulator:
        return self.outside.ongoing

    @cached_property
    def integrations(self) -> DynamoIntegrations:
        return DynamoIntegrations(self.aws.dynamodb, self.variables["integrations_table"])

    @cached_property
    def exports(self) -> DynamoExports:
        return DynamoExports(self.aws.dynamodb, self.variables["exports_table"])

    @cached_property
    def months(self) -> DynamoMonths:
        return DynamoMonths(self.aws.dynamodb, self.variables["exports_table"])

    @cached_property
    def tokens(self) -> DynamoTokenStore:
        return DynamoTokenStore(self.aws.dynamodb, self.variables["tokens_table"])

    @cached_property
    def notices(self) -> DynamoNotices:
        return DynamoNotices(self.aws.dynamodb, self.variables["notices_table"])

    @property
    def integration(self) -> Integration:
        """The one integration of these tests, as it is stored."""
        found = self.integrations.get(WAREHOUSE)
        assert found is not None
        return found

    @property
    def logs(self) -> str:
        """Everything that was logged."""
        return self._logs.getvalue()

    def logged(self, message: str) -> list[dict[str, Any]]:
        """The log lines with this message."""
        lines = [json.loads(line) for line in self.logs.splitlines()]
        return [line for line in lines if line["message"] == message]

    def queued(self) -> list[dict[str, Any]]:
        """Takes what waits in the queue of syncs."""
        found: list[dict[str, Any]] = []
        url = self.variables["sync_queue_url"]
        while messages := self.aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def mails(self) -> list[str]:
        """Every mail that SES was given, as it went out."""
        return [mail.raw_data for mail in sent_mails()]

    # ---- calling

    def function(self, name: str) -> ModuleType:
        """A function's module under a name of its own, loaded as Lambda does it: with its variables, once."""
        if name not in self._modules:
            model = getattr(settings, "".join(map(str.capitalize, name.split("_"))) + "Settings")
            for variable in model.variables():
                self._monkeypatch.setenv(variable, self.variables[variable.lower()])
            path = ROOT / "functions" / name / "app.py"
            spec = importlib.util.spec_from_file_location(f"function_{name}_{uuid.uuid4().hex}", path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            module.parts = self.parts(module.settings, name)  # type: ignore[attr-defined] # of the function
            self._modules[name] = module
        return self._modules[name]

    def start_again(self) -> None:
        """New processes of all functions, which remember nothing."""
        self._modules.clear()

    def invoke(self, name: str, what: Mapping[str, Any], *, left: float | None = None) -> Any:
        """Calls a function with an event; `left` is its time in seconds, without it what the template gives."""
        function, before = self.function(name), self._logs.tell()
        context = Context(name, _TIMEOUTS[name] if left is None else left)
        try:
            return function.handler(deepcopy(dict(what)), context)
        except Exception as error:
            self._log_of[name] += self.logs[before:] + uncaught(error)
            before = self._logs.tell()
            raise
        finally:
            self._log_of[name] += self.logs[before:]

    def log_of(self, name: str) -> str:
        """What one function logged, with what its runtime wrote of exceptions that it did not catch."""
        return self._log_of[name]

    def shown_bodies(self) -> list[str]:
        """Every body and address that a browser got."""
        return self._shown

    def move(self, variables: Mapping[str, str]) -> None:
        """Every function begins anew with these variables, as in a stack elsewhere."""
        self.variables.update(variables)
        self._modules.clear()
        for store in ("integrations", "exports", "tokens", "notices"):
            self.__dict__.pop(store, None)

    def restart(self, name: str) -> None:
        """The function's next call begins a process of its own, with the variables as they are now."""
        self._modules.pop(name, None)

    def forget_logs(self) -> None:
        """As if all that was logged lay before the time that is looked at."""
        self._log_of.clear()

    def logged_elsewhere(self, name: str, line: str) -> None:
        """What something else than a function wrote."""
        self._log_of[name] += f"{line}\n"

    def leaked(self) -> list[str]:
        """Secrets that stand in a log line, or in something that a browser was shown."""
        shown = "\n".join(self._shown)
        return [secret for secret in self._secrets if secret in self.logs or secret in shown] + [
            secret for secret in self._only_in_browsers if secret in self.logs
        ]

    # ---- how it is made

    def beginning(self, browser: "Browser") -> Beginning:
        """This moment, for other tests to begin with."""
        return Beginning(
            outside=self.outside.copied(),
            stored=self._emulated.stored(),
            logs=self.logs,
            shown=tuple(self._shown),
            secrets=frozenset(self._secrets),
            only_in_browsers=frozenset(self._only_in_browsers),
            cookies=dict(browser.cookies),
        )

    def _go_on_from(self, begins: Beginning) -> None:
        self._emulated.store(begins.stored)
        self._logs.write(begins.logs)
        self._shown += begins.shown
        self._secrets |= begins.secrets
        self._only_in_browsers |= begins.only_in_browsers

    def _patch(self) -> None:
        patch = self._monkeypatch.setattr
        commands = self._emulated.sdk_of("")  # the command asks for the stack first
        patch(bootstrap, "sdk_session", lambda: commands)
        patch(bootstrap, "utc_now", self.clock)
        patch(observability.logger.registered_handler, "stream", self._logs)
        patch(observability.metrics.provider, "namespace", "Invoicing")

    def shown(self, page: Page) -> None:
        """Remembers what a browser got."""
        self._shown += [page.body, page.headers.get("Location", "")]
        self._only_in_browsers |= {value for name, value in page.cookies.items() if value and "language" not in name}
        self._only_in_browsers |= set(parse_qs(urlsplit(page.headers.get("Location", "")).query).get("state", []))

    def answered(self, request: HttpRequest, answer: HttpAnswer) -> None:
        """Remembers the tokens that Fortnox gave."""
        if request.url.endswith("/oauth-v1/token") and answer.status == 200 and answer.body.startswith(b"{"):
            body = json.loads(answer.body)
            self._secrets |= {str(body[name]) for name in ("access_token", "refresh_token") if body.get(name)}


def uncaught(error: Exception) -> str:
    """What Lambda's runtime for Python writes of it: by that runtime's own code, all in one event."""
    found = build_fault_result((type(error), error, error.__traceback__), None)
    with redirect_stdout(io.StringIO()) as said:
        log_error(found, StandardLogSink())
    return said.getvalue()


type Deploy = Callable[..., Deployed]  # with the options of Deployed


def nothing_happened_yet(public_base_url: str) -> Outside:
    """A company, another one, and a warehouse with a month of invoices."""
    clock = FakeClock()
    return Outside(
        clock=clock,
        fortnox=FortnoxSimulator(
            clock=clock, clients=[client_of(public_base_url)], companies=[default_company(), other_company()]
        ),
        ongoing=OngoingSimulator(clock=clock, warehouses=[default_warehouse(clock().date())]),
    )


def client_of(public_base_url: str) -> Client:
    """Our app at Fortnox, with the address that it is sent back to."""
    address = public_base_url or API_URL
    return Client(client_id=CLIENT_ID, secret=CLIENT_SECRET, redirect_uris=(f"{address}/oauth/callback",))


@dataclass
class _Transport:
    """Leads each request to the simulator of its host."""

    deployed: Deployed

    def __post_init__(self) -> None:
        self._routes: dict[str, InProcessTransport] = {
            "apps.fortnox.example": InProcessTransport(self.deployed.fortnox.handle),
            "api.fortnox.example": InProcessTransport(self.deployed.fortnox.handle),
            "api.ongoing.example": InProcessTransport(self.deployed.ongoing.handle),
        }

    def lead(self, host: str, to: InProcessTransport) -> None:
        """Somebody else answers for a host from now on."""
        self._routes[host] = to

    def send(self, request: HttpRequest) -> HttpAnswer:
        answer = self._routes[urlsplit(request.url).netloc].send(request)
        self.deployed.answered(request, answer)
        return answer


@dataclass
class Browser:
    """Sends events as a browser's requests would arrive, and keeps cookies."""

    deployed: Deployed
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, function: str, what: Mapping[str, Any]) -> Page:
        """One request; its cookies are this browser's. Every answer carries the security headers."""
        sent = deepcopy(dict(what))
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        set_header(sent, "Cookie", cookies or None)
        answer = self.deployed.invoke(function, sent)
        page = _page(answer)
        for name, value in page.cookies.items():
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        self.deployed.shown(page)
        assert_secure(page)
        return page

    # ---- what people do

    def login(self, **fields: str) -> Page:
        """The form of the start page; `fields` replace what it is filled in with."""
        form = {name: values[0] for name, values in parse_qs(event("landing__login")["body"]).items()}
        return self.send("landing", request("landing__login", form={**form, **fields}))

    def start(self, **fields: str) -> dict[str, str]:
        """Signs in with a system that must be connected; gives what Fortnox is asked."""
        page = self.login(**fields)
        assert page.status == 303, page.text
        return {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}

    def approve(self, asked: Mapping[str, str], *, tenant_id: str = TENANT_ID) -> Page:
        """Approves in Fortnox, comes back, and confirms if there is something to confirm."""
        page = self.receive(asked, tenant_id=tenant_id)
        return self.decide() if page.status == 303 and page.location.endswith("/oauth/approval") else page

    def read_approval(self) -> Page:
        """The page that says what was approved."""
        return self.send("oauth_callback", request("oauth_callback__approval"))

    def decide(self, decision: str = "confirm") -> Page:
        """*Confirm* or *Cancel* on it."""
        guard = re.search(r'name="guard" value="([^"]+)"', self.read_approval().body)
        form = {"decision": decision, "guard": guard[1] if guard else ""}
        public = self.deployed.variables["public_base_url"]
        headers = {"Origin": "://".join(urlsplit(public)[:2])} if public else {}
        return self.send("oauth_callback", request("oauth_callback__confirm", form=form, headers=headers))

    def receive(self, asked: Mapping[str, str], *, tenant_id: str = TENANT_ID) -> Page:
        """Approves in Fortnox and comes back."""
        code = self.deployed.fortnox.approve(
            client_id=CLIENT_ID,
            tenant_id=tenant_id,
            username=_ADMINISTRATORS[tenant_id],
            scopes=asked["scope"].split(),
            service=asked.get("account_type") == "service",
        )
        return self.come_back("oauth_callback__approved", code=code, state=asked["state"])

    def come_back(self, name: str, **query: str) -> Page:
        """Comes back from Fortnox with a query that replaces the one of the event."""
        return self.send("oauth_callback", request(name, query={**query_of(name), **query}))

    def look(self, path: str = "", query: Mapping[str, str] | None = None) -> Page:
        """A page of the integration; `path` is below its own."""
        return self.send("portal", request("portal__status", path=f"/integrations/{WAREHOUSE}{path}", query=query))

    def press(self, path: str, **fields: str) -> Page:
        """A button of the integration's pages, guarded as the page does it."""
        guard = {"csrf": self.look("/pause").csrf, "password": PASSWORD}
        return self.send(
            "portal",
            request("portal__save_settings", path=f"/integrations/{WAREHOUSE}{path}", form={**guard, **fields}),
        )

    def create(self, **fields: str) -> Page:
        """*Create* on the settings page."""
        shown = self.look("/settings")
        form = {name: values[0] for name, values in parse_qs(event("portal__save_settings")["body"]).items()}
        version = re.search(r'name="version" value="([^"]+)"', shown.body)
        assert version is not None
        filled = {**form, "csrf": shown.csrf, "version": version[1], "password": PASSWORD, **fields}
        return self.send("portal", request("portal__save_settings", form=filled))

    def connect(self) -> None:
        """From nothing to an active integration."""
        assert self.approve(self.start()).status == 303
        assert self.create().status == 303


def request(
    name: str,
    *,
    method: str | None = None,
    path: str | None = None,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: str | None = None,
    headers: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """The event of a file, with some of it replaced wherever API Gateway repeats it."""
    made = event(name)
    if method is not None:
        made["httpMethod"] = made["requestContext"]["httpMethod"] = method
    if path is not None:
        whole: str = made["requestContext"]["path"]
        prefix = whole.removesuffix(made["path"])
        made["path"], made["requestContext"]["path"] = path, f"{prefix}{path}"
    if query is not None:
        made["queryStringParameters"] = dict(query)
        made["multiValueQueryStringParameters"] = {one: [value] for one, value in query.items()}
    if form is not None:
        made["body"] = urlencode(form)
    if body is not None:
        made["body"] = body
    for header, value in (headers or {}).items():
        set_header(made, header, value)
    return made


def query_of(name: str) -> dict[str, str]:
    """The query of an event's file."""
    return dict(event(name)["queryStringParameters"] or {})


def set_header(made: dict[str, Any], name: str, value: str | None) -> None:
    """Sets a header in both of API Gateway's forms; None removes it."""
    for headers, wrapped in ((made["headers"], value), (made["multiValueHeaders"], [value])):
        headers.pop(name, None)
        if value is not None:
            headers[name] = wrapped


def assert_secure(page: Page) -> None:
    """Every answer, also a refusal: no framing, no foreign scripts, no sniffing, no plain HTTP."""
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"] or "immutable" in page.headers["Cache-Control"]
    assert "Traceback" not in page.body


def _page(answer: Mapping[str, Any]) -> Page:
    cookies: dict[str, str] = {}
    for line in answer["multiValueHeaders"].get("Set-Cookie", []):
        for name, morsel in SimpleCookie(line).items():
            cookies[name] = morsel.value
            assert morsel["secure"]
            assert morsel["httponly"]
            assert morsel["path"] == "/"
            assert not morsel["domain"]
    headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
    return Page(status=answer["statusCode"], headers=headers, body=answer["body"], cookies=cookies)
