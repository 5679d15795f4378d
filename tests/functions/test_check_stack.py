"""What is true of a stack before the first customer: each line is right on a good stack, and each can be wrong."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from invoicing.adapters.aws.stack_checks import TABLES, StackChecks
from invoicing.adapters.fortnox.oauth import FortnoxAuthorization
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import UnknownOutcomeError
from invoicing.domain.finding import Finding
from invoicing.runtime.check_stack import check_outside

from local.fortnox.oauth import Client
from local.fortnox.seed import CLIENT_ID, default_company
from local.fortnox.simulator import FortnoxSimulator
from local.ongoing.in_process import InProcessTransport
from tests.infrastructure.template import properties

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
API = "https://invoicing.example"
SECRET = "the-client-key-of-9"
OUTPUTS = {
    "ApiUrl": API,
    "AlarmTopic": "arn:aws:sns:eu-north-1:1:alarms",
    "DataKeyAlias": "alias/invoicing-data",
    "FortnoxSecretArn": "arn:aws:secretsmanager:eu-north-1:1:secret:fortnox",
    "JournalBucket": "journal",
    **{name: name for name in TABLES},
}
PARAMETERS = {
    "SenderAddress": "faktura@nordlager.example",
    "StageName": "prod",
    "FortnoxClientId": CLIENT_ID,
    "SyncConcurrency": "5",
}
DKIM = {"SigningEnabled": True, "Status": "SUCCESS"}
RULE = {"Name": "syncs", "State": "ENABLED", "ScheduleExpression": "rate(15 minutes)"}
RULES = [{"ResourceType": "AWS::Events::Rule", "PhysicalResourceId": f"rule-{n}"} for n in range(4)]

# As S3 gives them back: the template's own, and what a bucket of the operator's may have.
RULES_OF_TEMPLATE = [
    {
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **({"Expiration": {"Days": rule["ExpirationInDays"]}} if "ExpirationInDays" in rule else {}),
    }
    for rule in properties("JournalBucket")["LifecycleConfiguration"]["Rules"]
]


def refused(code: str) -> ClientError:
    """AWS says no."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Any")


class Paginator:
    """Gives its one page."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def paginate(self, **_arguments: str) -> list[Mapping[str, Any]]:
        return [self._page]


class FakeAws:
    """Every service as one client. `answers` are by operation: a value, an error, or what makes either."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "get_account": {"ProductionAccessEnabled": True, "SendingEnabled": True},
            "get_email_identity": {"VerifiedForSendingStatus": True, "DkimAttributes": DKIM},
            "list_subscriptions_by_topic": {"Subscriptions": [{"SubscriptionArn": "arn:aws:sns:1"}]},
            "list_stack_resources": {"StackResourceSummaries": [*RULES, {"ResourceType": "AWS::SQS::Queue"}]},
            "describe_rule": RULE,
            "get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
            "get_secret_value": {"SecretString": SECRET},
            "describe_table": {"Table": {"TableStatus": "ACTIVE"}},
            "head_bucket": {},
            "get_bucket_lifecycle_configuration": {"Rules": RULES_OF_TEMPLATE},
            "generate_data_key": {"CiphertextBlob": b"sealed-key", "Plaintext": b"k" * 32},
            "decrypt": {"Plaintext": b"k" * 32},
            **answers,
        }

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator(self._answer(operation, {}))

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **arguments: self._answer(operation, arguments)

    def _answer(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        answer = self.answers[operation]
        answer = answer(arguments) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer


def checks_of(fake: FakeAws, outputs: Mapping[str, str] = OUTPUTS) -> StackChecks:
    """The checks of a stack of this AWS."""
    return StackChecks(lambda _service: fake, "invoicing", outputs, PARAMETERS)


def aws_findings(outputs: Mapping[str, str] = OUTPUTS, **answers: Any) -> list[Finding]:
    """What the checks say of a good stack, but for these answers."""
    return checks_of(FakeAws(**answers), outputs).all()


def test_a_good_stack_is_right_in_every_line() -> None:
    """The exit code says so."""
    findings = aws_findings()

    assert [one for one in findings if not one.good] == []
    assert {one.mend for one in findings} == {""}


def identity(**only: Any) -> Callable[[Mapping[str, Any]], Any]:
    """An address that SES knows like this, and a domain that it does not know."""

    def answer(arguments: Mapping[str, Any]) -> Any:
        return only if "@" in arguments["EmailIdentity"] else refused("NotFoundException")

    return answer


def one_table(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda arguments: (
        refused("ResourceNotFoundException") if arguments["TableName"] == name else {"Table": {"TableStatus": "ACTIVE"}}
    )


@pytest.mark.parametrize(
    ("subject", "answers"),
    [
        ("SES sends to everybody", {"get_account": {"ProductionAccessEnabled": False, "SendingEnabled": True}}),
        ("SES sends to everybody", {"get_account": {"ProductionAccessEnabled": True, "SendingEnabled": False}}),
        ("The sender is verified", {"get_email_identity": {"VerifiedForSendingStatus": False, "DkimAttributes": DKIM}}),
        (
            "Mails are signed (DKIM)",
            {"get_email_identity": {"VerifiedForSendingStatus": True, "DkimAttributes": {**DKIM, "Status": "PENDING"}}},
        ),
        (
            "Mails are signed (DKIM)",
            {"get_email_identity": identity(VerifiedForSendingStatus=True, DkimAttributes={"SigningEnabled": False})},
        ),
        ("Somebody gets the alarms", {"list_subscriptions_by_topic": {"Subscriptions": []}}),
        (
            "Somebody gets the alarms",
            {"list_subscriptions_by_topic": {"Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]}},
        ),
        ("The schedules are on", {"describe_rule": {**RULE, "State": "DISABLED"}}),
        ("The schedules are on", {"list_stack_resources": {"StackResourceSummaries": RULES[:2]}}),
        ("Enough functions may run at once", {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 10}}}),
        ("The Fortnox secret is a real one", {"get_secret_value": {"SecretString": "CHANGE-ME-PLEASE"}}),
        ("The Fortnox secret is a real one", {"get_secret_value": {"SecretString": "****"}}),
        ("The Fortnox secret is a real one", {"get_secret_value": {"SecretString": f"{SECRET}\n"}}),
        ("The Fortnox secret is a real one", {"get_secret_value": {"SecretString": CLIENT_ID}}),
        ("The token journal is reachable", {"head_bucket": refused("404")}),
        ("Anchors of histories are kept", {"get_bucket_lifecycle_configuration": refused("AccessDenied")}),
        ("A sealed value opens", {"decrypt": refused("KMSInvalidStateException")}),
        ("A sealed value opens", {"decrypt": {"Plaintext": b"x" * 32}}),
        ("A sealed value opens", {"generate_data_key": refused("AccessDeniedException")}),
        *((f"{name} is reachable", {"describe_table": one_table(name)}) for name in TABLES),
        ("SES sends to everybody", {"get_account": EndpointConnectionError(endpoint_url="https://email")}),
    ],
)
def test_each_line_can_be_wrong_and_says_how_to_mend_it(subject: str, answers: dict[str, Any]) -> None:
    """Only that line, and the exit code."""
    findings = aws_findings(**answers)
    wrong = [one for one in findings if not one.good]

    assert [one.subject for one in wrong] == [subject]
    assert wrong[0].seen
    assert wrong[0].mend


def lifecycle(*, days: int | None = 60, status: str = "Enabled", **rest: Any) -> dict[str, Any]:
    """A rule of a bucket."""
    expiration = {} if days is None else {"Expiration": {"Days": days}}
    return {"ID": "mine", "Status": status, **expiration, **rest}


@pytest.mark.parametrize(
    "rule",
    [
        lifecycle(Filter={}),
        lifecycle(Filter={"Prefix": ""}),
        lifecycle(Prefix=""),  # as rules were written before filters
        lifecycle(Filter={"Prefix": "a"}),
        lifecycle(Filter={"Prefix": "anchors/"}),
        lifecycle(Filter={"Prefix": "anchors/nordlager/"}),
        lifecycle(Filter={"ObjectSizeLessThan": 1000}),
        lifecycle(Filter={"And": {"Prefix": "anchors", "ObjectSizeLessThan": 1000}}),
        lifecycle(Filter={}, days=2921),
        lifecycle(Filter={}, days=None, Expiration={"Date": NOW}),
    ],
)
def test_a_rule_that_ends_anchors_is_named(rule: dict[str, Any]) -> None:
    """The chain of histories would break; beside a rule that does no harm."""
    rules = {"Rules": [*RULES_OF_TEMPLATE, rule]}
    (wrong,) = [one for one in aws_findings(get_bucket_lifecycle_configuration=rules) if not one.good]

    assert wrong.subject == "Anchors of histories are kept"
    assert "rule mine of journal" in wrong.seen
    assert "history-not-whole.md" in wrong.mend


@pytest.mark.parametrize(
    "answer",
    [
        refused("NoSuchLifecycleConfiguration"),
        {"Rules": RULES_OF_TEMPLATE},
        {"Rules": [lifecycle(Filter={}, status="Disabled")]},
        {"Rules": [lifecycle(Filter={"Prefix": "journal/"})]},
        {"Rules": [lifecycle(Filter={"Prefix": "anchored/"})]},
        {"Rules": [lifecycle(Filter={}, days=2922)]},
        {"Rules": [lifecycle(Filter={}, days=None, NoncurrentVersionExpiration={"NoncurrentDays": 1})]},
        {"Rules": [lifecycle(Filter={}, days=None, Expiration={"ExpiredObjectDeleteMarker": True})]},
        {"Rules": [lifecycle(Filter={"Tag": {"Key": "a", "Value": "b"}})]},
        {"Rules": [lifecycle(Filter={"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}})]},
        {"Rules": [lifecycle(Filter={"ObjectSizeGreaterThan": 1})]},
    ],
)
def test_a_rule_that_spares_anchors_is_right(answer: Any) -> None:
    """They are empty, have no tags, and are never written anew."""
    assert all(one.good for one in aws_findings(get_bucket_lifecycle_configuration=answer))


@pytest.mark.parametrize(("limit", "good"), [(10, False), (11, True)])
def test_as_many_functions_as_there_are_runs_and_people_who_wait(limit: int, good: bool) -> None:
    """Five runs, three that work by themselves, three pages."""
    findings = aws_findings(get_account_settings={"AccountLimit": {"ConcurrentExecutions": limit}})

    assert all(one.good for one in findings) is good


def test_a_domain_that_is_verified_and_signed_is_enough() -> None:
    """SES knows the address by its domain only."""

    def of_domain(arguments: Mapping[str, Any]) -> Any:
        known = {"VerifiedForSendingStatus": True, "DkimAttributes": DKIM}
        return refused("NotFoundException") if "@" in arguments["EmailIdentity"] else known

    assert all(one.good for one in aws_findings(get_email_identity=of_domain))


def test_an_older_stack_without_an_output_is_said_to_be_so() -> None:
    """Not a crash."""
    outputs = {name: value for name, value in OUTPUTS.items() if name != "FortnoxSecretArn"}
    (wrong,) = [one for one in aws_findings(outputs) if not one.good]

    assert "FortnoxSecretArn" in wrong.seen


# The web and Fortnox.


class Outside:
    """Our pages and Fortnox behind one transport."""

    def __init__(self, *, secret: str = SECRET, redirect_uri: str = f"{API}/oauth/callback", health: int = 200) -> None:
        client = Client(client_id=CLIENT_ID, secret=SECRET, redirect_uris=(redirect_uri,))
        self._fortnox = InProcessTransport(
            FortnoxSimulator(clock=lambda: NOW, clients=[client], companies=[default_company()]).handle
        )
        self._secret = secret
        self._health = health
        self.date: datetime | None = NOW
        self.broken = False
        self.client_id = CLIENT_ID

    def send(self, request: HttpRequest) -> HttpAnswer:
        if self.broken:
            raise UnknownOutcomeError("no route")
        date = {"date": format_datetime(self.date, usegmt=True)} if self.date else {}
        if request.url == f"{API}/health":
            return HttpAnswer(status=self._health, headers=date, body=b"{}")
        answer = self._fortnox.send(request)
        return replace(answer, headers={**{k: v for k, v in answer.headers.items() if k != "date"}, **date})

    def findings(self) -> dict[str, Finding]:
        oauth = FortnoxAuthorization(
            base_url="https://apps.fortnox.example",
            client_id=self.client_id,
            client_secret=lambda: self._secret,
            forget_secret=lambda: None,
            redirect_uri=f"{API}/oauth/callback",
            transport=self,
        )
        found = check_outside(API, transport=self, oauth=oauth, clock=lambda: NOW)
        return {one.subject: one for one in found}


def wrong(outside: Outside) -> list[str]:
    """Lines that are wrong; each says how to mend it."""
    findings = outside.findings().values()
    assert all(one.mend for one in findings if not one.good)
    return [one.subject for one in findings if not one.good]


def test_a_good_app_is_right_in_every_line() -> None:
    """Fortnox refuses the token that never was, and so accepts id and secret."""
    outside = Outside()

    assert wrong(outside) == []
    assert outside.findings()["Fortnox knows our app"].seen == "invalid_grant"


def test_a_wrong_secret_is_an_invalid_client() -> None:
    """The word that Fortnox uses."""
    outside = Outside(secret="another-one")

    assert wrong(outside) == ["Fortnox knows our app"]
    assert outside.findings()["Fortnox knows our app"].seen == "invalid_client"


def test_an_unknown_client_id_is_wrong_on_both_sides() -> None:
    """The token endpoint and the consent page."""
    outside = Outside()
    outside.client_id = "somebody"

    assert wrong(outside) == ["Fortnox knows our app", "The redirect URI is registered"]


def test_a_redirect_uri_that_is_not_registered_is_wrong() -> None:
    """Fortnox shows a page of its own instead of its login."""
    assert wrong(Outside(redirect_uri=f"{API}/callback")) == ["The redirect URI is registered"]


@pytest.mark.parametrize("status", [403, 500, 502])
def test_pages_that_do_not_answer_are_wrong(status: int) -> None:
    """/health is what says so."""
    assert wrong(Outside(health=status)) == ["The pages answer"]


@pytest.mark.parametrize("off", [timedelta(minutes=2), timedelta(minutes=-2), None])
def test_clocks_that_differ_or_are_not_told_are_wrong(off: timedelta | None) -> None:
    """Tokens and consents have times in them."""
    outside = Outside()
    outside.date = None if off is None else NOW + off

    assert wrong(outside) == ["The clocks agree"]


def test_a_network_that_is_down_is_wrong_in_every_line_and_no_crash() -> None:
    """Each says that there was no answer."""
    outside = Outside()
    outside.broken = True

    assert len(wrong(outside)) == 4
    assert "no route" in json.dumps([one.seen for one in outside.findings().values()])
