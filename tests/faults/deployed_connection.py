"""The one connection of a deployed stack, and everything that its people and schedules do to it.

Time is not waited for. `pass_time` makes everything older that has a time of its own: what our tables say, the
answers in the journal that could still be adopted, and the keys in the simulator of Fortnox. Nothing else in the
protocol knows a time, so that this is the same as if that time had gone by.
"""

import copy
import http.client
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.domain.export import ExportState
from invoicing.domain.notice import Notice, broken_notice_id
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus

from local.draining import mails_in_the_end
from local.fortnox.client_control import FortnoxControl
from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.client_control import OngoingControl
from local.ongoing.seed import WAREHOUSE
from local.passing import let_pass
from local.stack import FunctionFailedError, Stack, output_of
from tests.faults.wires import Exchange, Strike, Wires

SPARE_IS_DUE = timedelta(days=7)
TOKEN_IS_OLD = timedelta(minutes=45)
TOKEN_IS_DEAD = timedelta(minutes=61)
MAILBOX = "ekonomi@nordlager.example"
_SYSTEM = f"https://{WAREHOUSE}.ongoingsystems.se/{WAREHOUSE}/"
_EVENTS = Path(__file__).parents[2] / "events"
_JANITOR_EVERY = timedelta(minutes=5)
_TICKS = 24  # two hours: longer than anything may stay unsettled
RUN_EVERY = timedelta(minutes=15)
COMES_AGAIN = timedelta(minutes=5, seconds=10)  # a message whose function was killed
_RUNS_TO_HEAL = 4
_EVENT_OF = {"keep_tokens": "keep_tokens__schedule", "sync_invoices": "sync_invoices__one"}


class DeployedConnection:
    """The system `nordlager` and its Fortnox company on a stack whose functions speak through `wires`."""

    def __init__(self, stack: Stack, wires: Wires) -> None:
        self.stack = stack
        self.fortnox = FortnoxControl(stack.fortnox_url)
        self.ongoing = OngoingControl(stack.ongoing_url)
        self._wires = wires
        database = stack.client("dynamodb")
        self._tokens = DynamoTokenStore(database, stack.outputs["TokensTable"])
        self._integrations = DynamoIntegrations(database, stack.outputs["IntegrationsTable"])
        self._notices = DynamoNotices(database, stack.outputs["NoticesTable"])
        self._events = {path.stem: json.loads(path.read_text()) for path in _EVENTS.glob("*.json")}
        self._plain = next(
            one for one in seed.default_warehouse(datetime.now(UTC).date()).invoices if one.id == seed.PLAIN
        )
        self._ids = count(10_001)
        self._last_event: dict[str, Any] = {}
        self._stop_schedules()
        self.ongoing.put_warehouse(replace(seed.default_warehouse(datetime.now(UTC).date()), invoices=()))

    def _stop_schedules(self) -> None:
        """Nothing runs but what a test invokes, and the mails that follow from it."""
        functions = self.stack.client("lambda")
        for source in functions.list_event_source_mappings()["EventSourceMappings"]:
            if ":sqs:" in source["EventSourceArn"]:
                functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        events = self.stack.client("events")
        for rule in events.list_rules()["Rules"]:
            if "ScheduleExpression" in rule:
                events.disable_rule(Name=rule["Name"])

    # ---- what people do

    def connect(self, mode: Mode) -> None:
        """Through the real pages, unless it is connected in this mode and nothing is wrong with it."""
        self._clear_away()
        item = self._tokens.get(WAREHOUSE)
        if item is not None and item.mode is mode and self.broken_since is None:
            if item.status is TokenStatus.ACTIVE and item.intent is None:
                return
            self._forget()  # its chain is dead, and nothing but this test would want another one
        elif item is not None and item.mode is not mode:
            self._forget()
        visitor = _Visitor()
        login = {"system": _SYSTEM, "username": seed.USERNAME, "password": seed.PASSWORD, "mode": mode}
        asked = visitor.send("POST", f"{self.stack.base_url}/login", login).location
        page = visitor.send("GET", asked)
        administrator = {"username": "admin@nordlager.example", "password": "admin-pass"}
        page = visitor.send("POST", _beside(asked, "login"), {**_hidden(page.body), **administrator})
        back = visitor.send("POST", _beside(asked, "consent"), {**_hidden(page.body), "decision": "approve"}).location
        visitor.send("GET", back)
        approval = f"{self.stack.base_url}/oauth/approval"
        asks = visitor.send("GET", approval)
        arrived = visitor.send("POST", approval, {**_hidden(asks.body), "decision": "confirm"}).location
        if arrived.endswith("/setup"):
            self._create(visitor)
        assert self.item.status is TokenStatus.ACTIVE, arrived

    def _create(self, visitor: "_Visitor") -> None:
        page = f"{self.stack.base_url}/integrations/{WAREHOUSE}/settings"
        shown = visitor.send("GET", page)
        filled = {name: values[0] for name, values in parse_qs(self._events["portal__save_settings"]["body"]).items()}
        hidden = {**_hidden(shown.body), "problem_address": MAILBOX}
        answer = visitor.send("POST", page, {**filled, **hidden})
        assert answer.status == 303, answer.body

    def _clear_away(self) -> None:
        """Invoices that are done, so that the hundredth story takes no longer than the first."""
        database, table = self.stack.client("dynamodb"), self.stack.outputs["ExportsTable"]
        for item in database.scan(TableName=table, ConsistentRead=True)["Items"]:
            if item.get("state") == {"S": ExportState.DONE}:
                key = {name: item[name] for name in ("integration_id", "record")}
                database.delete_item(TableName=table, Key=key)
                self.ongoing.remove_invoice(WAREHOUSE, int(item["record"]["S"].partition("#")[2]))

    def _forget(self) -> None:
        """As if this system had never been connected; its company has approved nothing either."""
        database = self.stack.client("dynamodb")
        for table in ("TokensTable", "IntegrationsTable"):
            database.delete_item(TableName=self.stack.outputs[table], Key={"integration_id": {"S": WAREHOUSE}})
        self.fortnox.destroy_tokens(TENANT_ID)

    def invoice(self) -> int:
        """One more invoice that is due; gives its id."""
        number = next(self._ids)
        charge = replace(self._plain.charges[0], id=number * 10, quantity=Decimal(1))
        self.ongoing.put_invoices(WAREHOUSE, replace(self._plain, id=number, charges=(charge,)))
        return number

    # ---- what runs

    def invoke(self, function: str, strike: Strike | None = None) -> Sequence[Exchange]:
        """A function with the event of its schedule or queue; gives what it said on the wires."""
        self._last_event = self._event_for(function)
        return self._invoke(function, strike)

    def deliver_again(self) -> Sequence[Exchange]:
        """The message of the last run once more, as the queue does it when nobody has taken it off."""
        self.pass_time(COMES_AGAIN)
        return self._invoke("sync_invoices", None)

    def _invoke(self, function: str, strike: Strike | None) -> Sequence[Exchange]:
        failed = False
        with self._wires.watched(self.stack.outputs[output_of(function)], strike) as exchanges:
            try:
                self.stack.invoke(function, self._last_event)
            except FunctionFailedError:
                if strike is None:
                    raise  # only a struck process may end otherwise than by returning
                failed = True
        assert strike is None or failed or not strike.blow.kills, f"{strike}, and the function returned all the same"
        return exchanges

    def _event_for(self, function: str) -> dict[str, Any]:
        """As the schedule and the queue give it at this moment: a message from before the last run is dropped."""
        event: dict[str, Any] = copy.deepcopy(self._events[_EVENT_OF[function]])
        for record in event.get("Records", ()):
            asked = {**json.loads(record["body"]), "slot": datetime.now(UTC).isoformat()}
            record["body"] = json.dumps(asked)
        return event

    def start_anew(self, function: str) -> None:
        """The next invocation is by a new process, which remembers no key and no secret."""
        self._wires.end_process_of(self.stack.outputs[output_of(function)])

    def until_at_rest(self) -> Sequence[Exchange]:
        """The janitor's schedule, until nothing about the keys is unsettled. Gives what passed on the wires."""
        passed: list[Exchange] = []
        for _ in range(_TICKS):
            item = self.item
            if _is_at_rest(item):
                return passed
            if item.due_at is not None and item.due_at > datetime.now(UTC):
                self.until_due()
            else:
                self.pass_time(_JANITOR_EVERY)
            passed += self.invoke("keep_tokens")
        raise AssertionError(f"two hours later the keys are unsettled: {self.item}")

    def until_due(self) -> None:
        """Time passes until the janitor has to look at the keys."""
        due_at = self.item.due_at
        assert due_at is not None
        self.pass_time(due_at - datetime.now(UTC))

    def until_sent(self, invoice_ids: Sequence[int]) -> Sequence[int]:
        """The schedule of runs, until these invoices are in Fortnox once and marked. Gives those that are not."""
        unsent = invoice_ids
        for _ in range(_RUNS_TO_HEAL):
            self.invoke("sync_invoices")
            unsent = [invoice_id for invoice_id in unsent if not self.is_sent_once(invoice_id)]
            if not unsent:
                break
            self.pass_time(RUN_EVERY)
        return unsent

    def pass_time(self, elapsed: timedelta) -> None:
        """Everything becomes older."""
        let_pass(self.stack, elapsed)
        self._age_journal(elapsed)
        self.fortnox.advance_clock(elapsed.total_seconds())

    def _age_journal(self, elapsed: timedelta) -> None:
        item = self._tokens.get(WAREHOUSE)
        if item is None:
            return
        storage, bucket = self.stack.client("s3"), self.stack.outputs["JournalBucket"]
        prefix = f"journal/{WAREHOUSE}/{item.chain_id}/{item.ver + 1}/"
        for entry in storage.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            received_at = storage.head_object(Bucket=bucket, Key=entry["Key"])["Metadata"]["received-at"]
            storage.copy_object(
                Bucket=bucket,
                Key=entry["Key"],
                CopySource={"Bucket": bucket, "Key": entry["Key"]},
                Metadata={"received-at": (datetime.fromisoformat(received_at) - elapsed).isoformat()},
                MetadataDirective="REPLACE",
            )

    # ---- what can be seen

    @property
    def item(self) -> TokenItem:
        """The stored keys."""
        found = self._tokens.get(WAREHOUSE)
        assert found is not None
        return found

    @property
    def broken_since(self) -> datetime | None:
        """Since when its runs wait for a reactivation; None if they do not."""
        integration = self._integrations.get(WAREHOUSE)
        return integration.broken_since if integration is not None else None

    @property
    def notice(self) -> Notice | None:
        """The notice that its keys are dead."""
        return self._notices.get(broken_notice_id(WAREHOUSE, self.broken_since)) if self.broken_since else None

    def reactivation_mails(self) -> int:
        """How many mails with a link to reactivate were ever sent."""
        return sum("/reactivate/" in mail.text for mail in self.stack.mails())

    def reactivation_mails_in_the_end(self) -> int:
        """The same, once no other can come of what has happened.

        Runs that pages and continuations asked for are thrown away: nobody takes them up here.
        """
        self.stack.client("sqs").purge_queue(QueueUrl=self.stack.outputs["SyncQueue"])
        return sum("/reactivate/" in mail.text for mail in mails_in_the_end(self.stack, WAREHOUSE))

    def sent(self, notice: Notice) -> int:
        """How many mails about it are recorded."""
        stored = self._notices.get(notice.id)
        return len(stored.sent) if stored else 0

    def in_fortnox(self, invoice_id: int) -> list[str]:
        """Document numbers of the invoices that carry our reference to it."""
        reference = f"ONGOING-{WAREHOUSE}-{invoice_id}-"
        invoices = self.fortnox.invoices(TENANT_ID)
        return [number for number, one in invoices.items() if one["ExternalInvoiceReference1"] == reference]

    def is_sent_once(self, invoice_id: int) -> bool:
        """In Fortnox exactly once, and in Ongoing marked with that number."""
        in_ongoing = self.ongoing.invoice(WAREHOUSE, invoice_id)
        return in_ongoing["is_exported"] and [in_ongoing["number"]] == self.in_fortnox(invoice_id)


def _is_at_rest(item: TokenItem) -> bool:
    due_soon = item.due_at is not None and item.due_at <= datetime.now(UTC) + timedelta(hours=1)
    return item.intent is None and item.status is not TokenStatus.UNCERTAIN and not due_soon


class _Page:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.location = answer.getheader("Location") or ""
        self.body = answer.read().decode()


class _Visitor:
    """A person with cookies, who fills in forms and follows redirects by hand."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], str] = {}  # by host and name

    def send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> _Page:
        parts = urlsplit(url)
        cookies = "; ".join(f"{name}={value}" for (host, name), value in self._cookies.items() if host == parts.netloc)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request(
            method,
            f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/",
            body=urlencode(form) if form is not None else None,
            headers={
                **({"Cookie": cookies} if cookies else {}),
                **({"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}),
            },
        )
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[parts.netloc, name.strip()] = value
        page = _Page(answer)
        connection.close()
        assert page.status < 400, f"{method} {parts.path}: {page.status} {page.body}"
        if page.location.startswith("/"):
            page.location = f"{parts.scheme}://{parts.netloc}{page.location}"
        return page


def _hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def _beside(address: str, last: str) -> str:
    """The neighbour of a page."""
    return f"{address.partition('?')[0].rpartition('/')[0]}/{last}"
