"""The outside contract: what others rely on when they deploy, read outputs, or call pages."""

import re

import pytest

from tests.infrastructure.template import functions, properties, template

DEFAULTS = {
    "FortnoxAuthBaseUrl": "https://apps.fortnox.se",
    "FortnoxApiBaseUrl": "https://api.fortnox.se",
    "OngoingApiBaseUrl": "https://api.ongoingsystems.se",
    "PublicBaseUrl": "",
    "SyncInterval": "rate(15 minutes)",
    "StageName": "prod",
    "JournalBucketName": "",
    "DataKeyArn": "",
    "ArchiveBucketName": "",
    "DomainName": "",
    "HostedZoneId": "",
    "SenderIdentity": "address",
    "AlarmEmail": "",
    "SyncConcurrency": 4,
    "ReservedConcurrency": 0,
    "WebAcl": "none",
    "ApiAccountRole": "make",
    "Dashboard": "make",
    "GradualDeployment": "false",
    "SnapStart": "None",
}
ASKED_FOR = {"FortnoxClientId", "FortnoxClientSecret", "SenderAddress", "SupportAddress"}
PATHS = {
    ("GET", "/", "landing"),
    ("POST", "/login", "landing"),
    ("GET", "/reactivate/{token}", "landing"),
    ("GET", "/verify/{token}", "landing"),
    ("POST", "/verify/{token}", "landing"),
    ("GET", "/assets/{name}", "landing"),
    ("GET", "/health", "landing"),
    ("GET", "/help", "landing"),
    ("GET", "/help/{topic}", "landing"),
    ("GET", "/approve/{token}", "landing"),
    ("POST", "/approve/{token}", "landing"),
    ("GET", "/take-back/{token}", "landing"),
    ("POST", "/take-back/{token}", "landing"),
    ("POST", "/it-is-me", "landing"),
    ("GET", "/it-is-me/{token}", "landing"),
    ("GET", "/files/{token}", "portal"),
    ("GET", "/files/{token}/history.csv", "portal"),
    ("GET", "/files/{token}/reconciliation.csv", "portal"),
    ("GET", "/oauth/callback", "oauth_callback"),
    ("GET", "/oauth/approval", "oauth_callback"),
    ("POST", "/oauth/approval", "oauth_callback"),
    ("GET", "/integrations/{id}", "portal"),
    ("GET", "/integrations/{id}/{proxy+}", "portal"),
    ("POST", "/integrations/{id}/{proxy+}", "portal"),
    ("POST", "/logout", "portal"),
}
OUTPUTS = {
    *(
        "ApiUrl",
        "ApiId",
        "SyncQueue",
        "SlowSyncQueue",
        "SyncDeadLetters",
        "NoticeDeadLetters",
        "JournalBucket",
        "DataKeyAlias",
    ),
    *("IntegrationsTable", "TokensTable", "ExportsTable", "SessionsTable", "NoticesTable"),
    *("MailConfigurationSet", "AlarmTopic", "FortnoxSecretArn", "SealingKeyArn"),
}
# Only where a domain is the sender.
DNS_OUTPUTS = {
    *("DkimRecord1", "DkimRecord2", "DkimRecord3", "MailFromMxRecord", "MailFromSpfRecord", "DmarcRecord"),
}


def test_parameters_and_their_defaults_are_those_that_others_rely_on() -> None:
    """Whoever points the stack at another Fortnox or Ongoing does it by these names."""
    parameters = template()["Parameters"]

    assert {name: one["Default"] for name, one in parameters.items() if "Default" in one} == DEFAULTS
    assert {name for name, one in parameters.items() if "Default" not in one} == ASKED_FOR


def test_the_client_secret_is_never_shown() -> None:
    """CloudFormation shows parameters to everybody who may look at a stack."""
    assert template()["Parameters"]["FortnoxClientSecret"]["NoEcho"] is True


def test_paths_are_those_that_others_rely_on() -> None:
    """Fortnox, mails and bookmarks point at these."""
    paths = {
        (event["Properties"]["Method"], event["Properties"]["Path"], function.folder)
        for function in functions()
        for event in function.events.values()
        if event["Type"] == "Api"
    }

    assert paths == PATHS | {("HEAD", path, function) for method, path, function in PATHS if method == "GET"}


def test_outputs_name_everything_that_an_operator_needs() -> None:
    """Names are generated, so the outputs are the only way to them."""
    outputs = template()["Outputs"]

    assert {name for name, one in outputs.items() if "Condition" not in one} == OUTPUTS | {
        function.name for function in functions()
    }
    assert {name: one["Condition"] for name, one in outputs.items() if "Condition" in one} == dict.fromkeys(
        DNS_OUTPUTS, "SendsFromDomain"
    )


@pytest.mark.parametrize(
    ("interval", "allowed"),
    [
        *((f"rate({rate})", True) for rate in ("1 minute", "2 minutes", "15 minutes", "999 minutes")),
        *((f"rate({rate})", True) for rate in ("1 hour", "2 hours", "23 hours")),
        *((f"rate({rate})", False) for rate in ("1 minutes", "2 minute", "1 hours", "5 hour", "0 minutes", "24 hours")),
        *((f"rate({rate})", False) for rate in ("2000 minutes", "1 day", "01 minutes", "15  minutes", "")),
        ("cron(0/15 * * * ? *)", False),
    ],
)
def test_an_interval_that_eventbridge_refuses_is_refused_at_once(interval: str, allowed: bool) -> None:
    """It wants one in the singular and more in the plural, and says so only late in the creation of a stack."""
    pattern = template()["Parameters"]["SyncInterval"]["AllowedPattern"]

    assert bool(re.search(pattern, interval)) is allowed


def test_a_new_account_can_carry_the_defaults() -> None:
    """It may have ten executions at once: syncs leave some to the pages, and nothing is reserved."""
    parameters = template()["Parameters"]

    assert 2 <= parameters["SyncConcurrency"]["Default"] <= 5
    assert parameters["ReservedConcurrency"]["Default"] == 0
    assert properties("SyncInvoicesFunction")["Events"]["Queue"]["Properties"]["ScalingConfig"] == {
        "MaximumConcurrency": {"Ref": "SyncConcurrency"}
    }


def test_room_is_kept_for_what_nobody_waits_for_and_everybody_needs() -> None:
    """A month's first morning must not keep the janitor and the mails from running."""
    kept = {function.folder for function in functions() if "ReservedConcurrentExecutions" in function.properties}

    assert kept == {"dispatch_syncs", "keep_tokens", "notify_operators"}
    assert all(
        function.properties["ReservedConcurrentExecutions"]
        == {"Fn::If": ["ReservesConcurrency", {"Ref": "ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]}
        for function in functions()
        if function.folder in kept
    )


def test_the_web_acl_bounds_sign_ins_and_requests_of_one_address() -> None:
    """By address, because the gateway's own throttles stop everybody when one asks too much."""
    rules = {rule["Name"]: rule["Statement"]["RateBasedStatement"] for rule in properties("PagesAcl")["Rules"]}
    sign_ins, requests = rules["sign-ins-of-one-address"], rules["requests-of-one-address"]

    assert {rule["AggregateKeyType"] for rule in rules.values()} == {"IP"}
    assert sign_ins["ScopeDownStatement"]["ByteMatchStatement"]["SearchString"] == "/login"
    assert ("POST", "/login", "landing") in PATHS
    assert 10 <= sign_ins["Limit"] < requests["Limit"]
    assert properties("PagesAclAssociation")["WebACLArn"] == {"Fn::GetAtt": ["PagesAcl", "Arn"]}


def test_no_metric_is_paid_for_by_method() -> None:
    """A stage's own metrics are free; those of each method are billed one by one."""
    assert [one["MetricsEnabled"] for one in properties("Api")["MethodSettings"]] == [False] * 3


def test_a_domain_that_sends_signs_and_has_a_return_address_of_its_own() -> None:
    """Both aligned with the sender, as DMARC asks."""
    identity = properties("MailIdentity")
    domain = {"Fn::Select": [1, {"Fn::Split": ["@", {"Ref": "SenderAddress"}]}]}
    nothing = {"Ref": "AWS::NoValue"}

    assert identity["EmailIdentity"] == {"Fn::If": ["SendsFromDomain", domain, {"Ref": "SenderAddress"}]}
    assert identity["MailFromAttributes"]["Fn::If"][1]["MailFromDomain"] == {
        "Fn::Sub": ["bounce.${Domain}", {"Domain": domain}]
    }
    assert identity["MailFromAttributes"]["Fn::If"][2] == identity["DkimSigningAttributes"]["Fn::If"][2] == nothing


def test_a_continued_sync_is_no_loop_to_lambda() -> None:
    """Only there: in all other functions a loop would be a defect."""
    loops = {function.folder: function.properties.get("RecursiveLoop") for function in functions()}

    assert {folder for folder, setting in loops.items() if setting == "Allow"} == {"sync_invoices"}
    assert {folder for folder, setting in loops.items() if setting is None} == set(loops) - {"sync_invoices"}


def test_metrics_are_those_of_one_stack() -> None:
    """Two stages in one account must not be added up."""
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]

    assert shared["POWERTOOLS_METRICS_NAMESPACE"] == {"Fn::Sub": "Invoicing/${AWS::StackName}"}


def test_the_key_can_be_had_in_another_region() -> None:
    """It cannot be chosen later."""
    assert properties("DataKey")["MultiRegion"] is True


def test_every_interval_is_the_documented_one() -> None:
    """Syncs follow the parameter; tokens, reminders and digests have intervals of their own."""
    schedules = {
        function.folder: event["Properties"]["Schedule"]
        for function in functions()
        for event in function.events.values()
        if event["Type"] == "Schedule"
    }

    assert schedules == {
        "dispatch_syncs": {"Ref": "SyncInterval"},
        "keep_tokens": "rate(5 minutes)",
        "notify_operators": "rate(1 hour)",
    }


def test_what_the_gateway_answers_by_itself_carries_security_headers_too() -> None:
    """An unknown address, a throttle and an error never reach a function."""
    answers = template()["Resources"]["Api"]["Properties"]["GatewayResponses"]
    wanted = {
        *("Cache-Control", "Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security"),
        *("X-Content-Type-Options", "X-Frame-Options"),
    }

    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    assert {name: set(answer["ResponseParameters"]["Headers"]) for name, answer in answers.items()} == dict.fromkeys(
        answers, wanted
    )
    assert all('lang="sv"' in str(answer["ResponseTemplates"]) for answer in answers.values())


def test_no_log_and_no_trace_of_the_gateway_holds_an_address() -> None:
    """Links of mails and codes of Fortnox stand in addresses: a log names the route, a trace would name it all."""
    api = template()["Resources"]["Api"]["Properties"]
    log = api["AccessLogSetting"]["Format"]

    assert api["TracingEnabled"] is False
    assert "$context.resourcePath" in log
    assert "$context.path" not in log
