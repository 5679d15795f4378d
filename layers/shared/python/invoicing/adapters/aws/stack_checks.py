"""What is true of a deployed stack before the first customer, as far as AWS can tell."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from invoicing.adapters.aws.anchors import ANCHORS
from invoicing.adapters.aws.errors import code_of
from invoicing.adapters.aws.sealing import KmsSealer
from invoicing.application.ports import CannotOpenError
from invoicing.domain.errors import InvoicingError
from invoicing.domain.finding import Finding

TABLES: Final = ("IntegrationsTable", "TokensTable", "ExportsTable", "SessionsTable", "NoticesTable")
# Beside the runs: the other three that work by themselves, and three people who wait for a page.
_BESIDE_RUNS: Final = 6
_BOOKS_ARE_KEPT: Final = 2922  # days: seven years after the end of a year
_SCHEDULES: Final = 3  # syncs, keys, reminders
_PLACEHOLDER: Final = re.compile(
    r"(change|replace|fill|enter|your|insert|todo|x+|placeholder|example|dummy|secret|test|\*+|<.*>)([ _.-].*)?",
    re.IGNORECASE,
)


class _WrongError(Exception):
    """What was seen that must not be. `mend` is better than what the check says of itself, where it is known."""

    def __init__(self, seen: str, *, mend: str = "") -> None:
        super().__init__(seen)
        self.mend = mend


class StackChecks:
    """Asks AWS about one stack. `client` gives the SDK's client of a service."""

    def __init__(
        self, client: Callable[[str], Any], stack_name: str, outputs: Mapping[str, str], parameters: Mapping[str, str]
    ) -> None:
        self._client = client
        self._stack_name = stack_name
        self._outputs = outputs
        self._parameters = parameters

    def all(self) -> list[Finding]:
        """Every line; a question that AWS does not answer is a wrong one."""
        sender = self._parameters.get("SenderAddress", "")
        checks: list[tuple[str, Callable[[], str], str]] = [
            (
                "SES sends to everybody",
                self._out_of_the_sandbox,
                "SES console → Account dashboard → Request production access; it takes about a day.",
            ),
            (
                "The sender is verified",
                lambda: self._sender_is_verified(sender),
                f"Open the mail that SES sent to {sender} and follow its link, or verify its domain in SES.",
            ),
            (
                "Mails are signed (DKIM)",
                lambda: self._is_signed(sender),
                f"SES console → Identities → {sender.rpartition('@')[2]} → DKIM; three CNAME records go into DNS.",
            ),
            (
                "Somebody gets the alarms",
                self._alarms_are_heard,
                "Deploy with an AlarmEmail and follow the link in the mail of SNS; or aws sns subscribe --topic-arn "
                f"{self._outputs.get('AlarmTopic', '…')} --protocol email --notification-endpoint YOU@EXAMPLE",
            ),
            (
                "The schedules are on",
                self._schedules_are_on,
                "EventBridge console → Rules: enable those of this stack; or deploy again.",
            ),
            (
                "Enough functions may run at once",
                self._concurrency,
                f"Service Quotas → AWS Lambda → Concurrent executions: ask for {self._least_concurrency()} at least; "
                "or deploy with a lower SyncConcurrency.",
            ),
            (
                "The Fortnox secret is a real one",
                self._secret_is_real,
                "Copy the client secret from Fortnox's developer portal: docs/runbooks/client-refused.md",
            ),
            *(
                (
                    f"{name} is reachable",
                    lambda name=name: self._table(name),
                    "Give this login dynamodb:DescribeTable, or restore the table: docs/runbooks/restore-backup.md",
                )
                for name in TABLES
            ),
            ("The token journal is reachable", self._journal, "Give this login s3:ListBucket on the bucket."),
            (
                "Anchors of histories are kept",
                self._anchors_stay,
                "Give this login s3:GetLifecycleConfiguration on the journal's bucket.",
            ),
            (
                "A sealed value opens",
                self._seals,
                "Give this login kms:GenerateDataKey and kms:Decrypt on the stack's key, and enable the key.",
            ),
        ]
        return [_found(subject, check, mend) for subject, check, mend in checks]

    def running(self) -> list[Finding]:
        """What must be on all the time, and may have been switched off by somebody."""
        return [
            _found("Schedules stand still", self._schedules_are_on, "deploy the same version again"),
            _found("Queues stand still", self._queues_are_read, "deploy the same version again"),
            _found(
                "Nobody gets the alarms",
                self._alarms_are_heard,
                f"aws sns subscribe --topic-arn {self._outputs.get('AlarmTopic', '…')} --protocol email "
                "--notification-endpoint YOU@EXAMPLE, then the link in its mail",
            ),
            _found(
                "No mail goes out", self._mails_go_out, "SES console, Account dashboard: it says why sending stopped"
            ),
        ]

    def alarms(self) -> Iterator[tuple[datetime, str, str]]:
        """Those that ring: since when, name, and what it says, which names its runbook."""
        pages = self._client("cloudwatch").get_paginator("describe_alarms")
        for page in pages.paginate(StateValue="ALARM", AlarmNamePrefix=f"{self._stack_name}-"):
            for one in page["MetricAlarms"]:
                yield one["StateUpdatedTimestamp"], one["AlarmName"], one.get("AlarmDescription", "")

    def _out_of_the_sandbox(self) -> str:
        account = self._client("sesv2").get_account()
        if not account.get("ProductionAccessEnabled"):
            raise _WrongError("in the sandbox: only verified addresses get mail")
        self._mails_go_out()
        return "production access"

    def _mails_go_out(self) -> str:
        if not self._client("sesv2").get_account().get("SendingEnabled"):
            raise _WrongError("sending is switched off for the whole account")
        return "on"

    def _sender_is_verified(self, sender: str) -> str:
        if not any(identity.get("VerifiedForSendingStatus") for identity in self._identities(sender)):
            raise _WrongError(f"{sender} waits to be confirmed")
        return sender

    def _is_signed(self, sender: str) -> str:
        signing = [identity.get("DkimAttributes", {}) for identity in self._identities(sender)]
        if not any(dkim.get("SigningEnabled") and dkim.get("Status") == "SUCCESS" for dkim in signing):
            raise _WrongError("not signed: many receivers will treat the mails as spam")
        return "signed"

    def _identities(self, sender: str) -> list[Mapping[str, Any]]:
        """The address and its domain, as far as SES knows them."""
        found: list[Mapping[str, Any]] = []
        for identity in (sender, sender.rpartition("@")[2]):
            try:
                found.append(self._client("sesv2").get_email_identity(EmailIdentity=identity))
            except ClientError as error:
                if code_of(error) != "NotFoundException":
                    raise
        return found

    def _alarms_are_heard(self) -> str:
        pages = self._client("sns").get_paginator("list_subscriptions_by_topic")
        answers = pages.paginate(TopicArn=self._outputs["AlarmTopic"])
        arns = [one["SubscriptionArn"] for answer in answers for one in answer["Subscriptions"]]
        confirmed = [arn for arn in arns if arn.startswith("arn:")]
        if not confirmed:
            raise _WrongError("not confirmed yet" if arns else "nobody subscribes to the alarm topic")
        return f"{len(confirmed)} confirmed"

    def _schedules_are_on(self) -> str:
        rules = [self._client("events").describe_rule(Name=name) for name in self._resources("AWS::Events::Rule")]
        scheduled = [rule for rule in rules if rule.get("ScheduleExpression")]
        off = [rule["Name"] for rule in scheduled if rule.get("State") != "ENABLED"]
        if off or len(scheduled) < _SCHEDULES:
            raise _WrongError(
                f"off: {', '.join(off)}" if off else f"{len(scheduled)} of {_SCHEDULES} are there",
                mend="; ".join(f"aws events enable-rule --name {name}" for name in off),
            )
        return f"{len(scheduled)} on"

    def _queues_are_read(self) -> str:
        mappings = [
            self._client("lambda").get_event_source_mapping(UUID=name)
            for name in self._resources("AWS::Lambda::EventSourceMapping")
        ]
        off = [one["UUID"] for one in mappings if one.get("State") not in {"Enabled", "Enabling", "Updating"}]
        if off or not mappings:
            raise _WrongError(
                f"off: {', '.join(off)}" if off else "none is there",
                mend="; ".join(f"aws lambda update-event-source-mapping --enabled --uuid {uuid}" for uuid in off),
            )
        return f"{len(mappings)} on"

    def _resources(self, kind: str) -> list[str]:
        """Names of the stack's resources of a kind."""
        pages = self._client("cloudformation").get_paginator("list_stack_resources")
        return [
            one["PhysicalResourceId"].rpartition("/")[2].rpartition("|")[2]
            for answer in pages.paginate(StackName=self._stack_name)
            for one in answer["StackResourceSummaries"]
            if one["ResourceType"] == kind
        ]

    def _concurrency(self) -> str:
        limit = int(self._client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])
        if limit < self._least_concurrency():
            raise _WrongError(f"{limit} in this region")
        return str(limit)

    def _least_concurrency(self) -> int:
        return int(self._parameters.get("SyncConcurrency", "4")) + _BESIDE_RUNS

    def _secret_is_real(self) -> str:
        answer = self._client("secretsmanager").get_secret_value(SecretId=self._outputs["FortnoxSecretArn"])
        secret = str(answer.get("SecretString", ""))
        if len(secret) < 6 or secret != secret.strip() or _PLACEHOLDER.fullmatch(secret):
            raise _WrongError("it looks like a placeholder")
        if secret == self._parameters.get("FortnoxClientId"):
            raise _WrongError("it is the client id")
        return f"{len(secret)} characters"

    def _table(self, name: str) -> str:
        status = self._client("dynamodb").describe_table(TableName=self._outputs[name])["Table"]["TableStatus"]
        if status not in {"ACTIVE", "UPDATING"}:
            raise _WrongError(str(status))
        return "there"

    def _journal(self) -> str:
        self._client("s3").head_bucket(Bucket=self._outputs["JournalBucket"])
        return "there"

    def _anchors_stay(self) -> str:
        """No rule of the bucket, which may be the operator's own, ends what proves histories."""
        bucket = self._outputs["JournalBucket"]
        try:
            rules = self._client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        except ClientError as error:
            if code_of(error) != "NoSuchLifecycleConfiguration":
                raise
            rules = []
        ending = [rule.get("ID", "without a name") for rule in rules if _ends_anchors(rule)]
        if ending:
            raise _WrongError(
                f"rule {', '.join(ending)} of {bucket} ends what begins with {ANCHORS}/",
                mend=f"S3 console → {bucket} → Management: give the rule a prefix that spares {ANCHORS}/, such as "
                "journal/ and intents/, or eight years. What it has ended already: docs/runbooks/history-not-whole.md",
            )
        return "no rule ends them"

    def _seals(self) -> str:
        key, stage = self._outputs["DataKeyAlias"], self._parameters.get("StageName", "")
        context = {"purpose": "check"}
        seal = KmsSealer(self._client("kms"), key, environment=stage).prepare(context)
        # Another sealer, which remembers nothing: KMS itself must open the data key.
        if KmsSealer(self._client("kms"), key, environment=stage).open(seal(b"open me"), context) != b"open me":
            raise _WrongError("it opens to something else")
        return "sealed and opened"


def _ends_anchors(rule: Mapping[str, Any]) -> bool:
    """Whether it removes an empty object without tags that begins with the anchors' prefix, before books may go."""
    expiration, chosen = rule.get("Expiration", {}), rule.get("Filter", {})
    chosen = {**chosen, **chosen.get("And", {})}
    prefix, own = chosen.get("Prefix", rule.get("Prefix", "")), f"{ANCHORS}/"
    return (
        rule.get("Status") == "Enabled"
        and ("Date" in expiration or 0 < expiration.get("Days", 0) < _BOOKS_ARE_KEPT)
        and (own.startswith(prefix) or prefix.startswith(own))
        and not chosen.keys() & {"Tag", "Tags", "ObjectSizeGreaterThan"}
    )


def _found(subject: str, check: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(subject=subject, good=True, seen=check())
    except _WrongError as wrong:
        seen, mend = str(wrong), wrong.mend or mend
    except ClientError as error:
        seen = f"AWS refused to tell: {code_of(error)}"
    except BotoCoreError as error:
        seen = f"AWS did not answer: {type(error).__name__}"
    except CannotOpenError:
        seen = "it does not open"
    except (InvoicingError, KeyError) as error:
        seen = f"could not be asked: {error}"
    return Finding(subject=subject, good=False, seen=seen, mend=mend)
