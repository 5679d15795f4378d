"""Situations that runbooks are for, brought about with the deployed functions: one function each."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.journal import S3TokenJournal
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.tokens import ASK_AGAIN_AFTER, ROTATE_SPARE_EVERY, TokenItem

from local.fortnox.seed import TENANT_ID
from local.http import Reply, Request
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import event
from tests.functions.operating import Operator
from tests.infrastructure.template import properties

TOKEN_CALLS = {"path_regex": "^/oauth-v1/token"}


def run(on_duty: Operator) -> Any:
    """One run, whose message names this moment: none is dropped because it is old. Gives what Lambda is told."""
    made = event("sync_invoices__one")
    body = json.loads(made["Records"][0]["body"])
    made["Records"][0]["body"] = json.dumps(body | {"slot": f"{on_duty.deployed.clock():%Y-%m-%dT%H:%M:%SZ}"})
    return on_duty.deployed.invoke("sync_invoices", made)


def later(on_duty: Operator, **time: float) -> None:
    """Lets time pass for everybody."""
    on_duty.deployed.clock.advance(timedelta(**time))


def keys_of(on_duty: Operator) -> TokenItem:
    """The stored keys."""
    found = on_duty.deployed.tokens.get(WAREHOUSE)
    assert found is not None
    return found


def janitor(on_duty: Operator, patch: pytest.MonkeyPatch | None = None) -> None:
    """The keys' schedule, when their rotation is due."""
    later(on_duty, seconds=ROTATE_SPARE_EVERY.total_seconds() + 60)
    keep(on_duty)


def keep(on_duty: Operator) -> None:
    """The keys' schedule now."""
    on_duty.deployed.invoke("keep_tokens", event("keep_tokens__schedule"))


def nobody_runs(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """For seven hours; the hourly look finds it."""
    later(on_duty, hours=7)
    on_duty.type("start notify-operators")


def ongoing_is_down(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Every call."""
    on_duty.deployed.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=503, times=None))
    run(on_duty)


def fortnox_is_down(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """The API and its token endpoint, when the stored access token is over."""
    later(on_duty, hours=2)
    on_duty.deployed.fortnox.add_faults([{"match": {}, "effect": "status", "status": 503, "times": None}])
    run(on_duty)


def garbage_comes(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """A message that nobody can read, alone in its batch: the function ends with an exception."""
    made = deepcopy(event("sync_invoices__garbage_between"))
    made["Records"] = made["Records"][:1]
    with pytest.raises(RuntimeError):
        on_duty.deployed.invoke("sync_invoices", made)


def nothing_opens(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """The function has another STAGE_NAME than what was sealed."""
    another_stage(on_duty, "staging")
    run(on_duty)


def another_stage(on_duty: Operator, name: str) -> None:
    """The function's STAGE_NAME from now on."""
    on_duty.deployed.variables["stage_name"] = name
    on_duty.deployed.restart("sync_invoices")


def gateway_gives_up(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """As the stage logs it."""
    line = properties("Api")["AccessLogSetting"]["Format"].replace("$context.status", "504")
    on_duty.deployed.logged_elsewhere("pages", line.replace(" ", ""))


def page_crashes(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    """A defect of ours in what every page reads."""

    def fails(*_: object) -> None:
        raise RuntimeError("a defect")

    with patch.context() as broken:
        broken.setattr(DynamoIntegrations, "get", fails)
        assert on_duty.browser.look().status == 500


def both_stores_refuse(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    """A rotated token is stored neither in the table nor in the journal."""

    def refuse(*_: object, **__: object) -> None:
        raise RetryLaterError("AWS does not answer")

    with patch.context() as broken:
        broken.setattr(S3TokenJournal, "record", refuse)
        broken.setattr(DynamoTokenStore, "save_rotation", refuse)
        janitor(on_duty)


def client_is_refused(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Somebody stored another secret, and the stored access token is over."""
    secret = on_duty.deployed.variables["fortnox_secret_arn"]
    on_duty.deployed.aws.secrets.put_secret_value(SecretId=secret, SecretString="another-secret")
    later(on_duty, hours=2)
    run(on_duty)


def keys_are_damaged(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """An item that nobody can open, and that is due."""
    due_at = on_duty.deployed.clock() - timedelta(days=1)
    item = replace(keys_of(on_duty), chain_id="damaged", blob=b"damaged", due_at=due_at)
    on_duty.deployed.tokens.start_chain(item)
    with pytest.raises(Exception, match="sealed"):
        keep(on_duty)


def answer_is_lost(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    """Fortnox rotated, and nobody heard it."""
    on_duty.deployed.fortnox.add_faults([{"match": TOKEN_CALLS, "effect": "after", "times": 1}])
    janitor(on_duty)


def answer_is_lost_and_found_out(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    """And the janitor comes again when it may look."""
    answer_is_lost(on_duty, patch)
    later(on_duty, minutes=30)
    keep(on_duty)


def write_is_repeated(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    """DynamoDB stored it, and the answer did not come; so it is written again."""
    original = on_duty.deployed.aws.dynamodb.update_item
    deaf = {"next": False}

    class Deaf:
        def __getattr__(self, name: str) -> Any:
            return getattr(on_duty.deployed.aws.dynamodb, name)

        def update_item(self, **asked: Any) -> Any:
            original(**asked)
            deaf["next"] = not deaf["next"]
            return original(**asked)

    function = on_duty.deployed.function("keep_tokens")
    table = on_duty.deployed.variables["tokens_table"]
    store = DynamoTokenStore(cast("Any", Deaf()), table, report=function.parts.report)
    patch.setitem(function.parts.__dict__, "tokens", store)
    janitor(on_duty)


def keys_are_refused(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """The company took its consent back."""
    on_duty.deployed.fortnox.revoke_consent(TENANT_ID)
    on_duty.deployed.fortnox.destroy_tokens(TENANT_ID)
    later(on_duty, hours=2)
    janitor(on_duty)


def keys_are_dead(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    """And Fortnox said so twice."""
    keys_are_refused(on_duty, patch)
    later(on_duty, seconds=ASK_AGAIN_AFTER.total_seconds() + 60)
    keep(on_duty)


def mail_bounces(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """As SES tells it."""
    on_duty.deployed.invoke("notify_operators", event("notify_operators__bounce"))


def password_is_guessed(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """On the start page."""
    on_duty.browser.login(password="a-guess")


def somebody_signs_in(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """With the right one."""
    on_duty.browser.login()


def somebody_disconnects(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """On its page."""
    on_duty.browser.press("/disconnect", confirm="on")


def address_is_changed(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Under Settings; the new one is asked to confirm."""
    on_duty.browser.create(problem_address="annan@nordlager.example")


def fortnox_has_new_fields(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Fortnox's answer has a name that nobody has seen."""
    fortnox = on_duty.deployed.fortnox

    def handle(asked: Request) -> Reply:
        reply = fortnox.handle(asked)
        if not asked.path.startswith("/3/invoices") or not reply.body.startswith(b"{"):
            return reply
        answer = json.loads(reply.body)
        answer.get("Invoice", {})["NewName"] = 1
        return replace(reply, body=json.dumps(answer).encode())

    on_duty.deployed.transport.lead("api.fortnox.example", InProcessTransport(handle))
    run(on_duty)


def ongoing_has_new_names(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Names and a filter without effect are told once per system."""
    on_duty.deployed.ongoing.set_options(ignore_is_exported=True, added=("CreatedDate",))
    run(on_duty)


def ongoing_is_not_understood(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """Its lists are called otherwise."""
    on_duty.deployed.ongoing.set_options(renamed={"Invoices": "Fakturor"})
    run(on_duty)


def kms_is_throttled(patch: pytest.MonkeyPatch) -> None:
    """Every call of every function, until `patch` is undone; who remembers a key needs none."""
    original = vars(BaseClient)["_make_api_call"]

    def refuses(client: Any, operation: str, arguments: Any) -> Any:
        if client.meta.service_model.service_name != "kms":
            return original(client, operation, arguments)
        busy = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
        raise ClientError({**busy, "ResponseMetadata": {"HTTPStatusCode": 400}}, operation)  # type: ignore[typeddict-item]

    patch.setattr(BaseClient, "_make_api_call", refuses)


def all_is_well(on_duty: Operator, _: pytest.MonkeyPatch) -> None:
    """A run that sends invoices."""
    run(on_duty)
