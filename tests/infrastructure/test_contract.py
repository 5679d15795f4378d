"""The outside contract: what others rely on when they deploy, read outputs, or call pages."""

from tests.infrastructure.template import functions, template

DEFAULTS = {
    "FortnoxAuthBaseUrl": "https://apps.fortnox.se",
    "FortnoxApiBaseUrl": "https://api.fortnox.se",
    "OngoingApiBaseUrl": "https://api.ongoingsystems.se",
    "PublicBaseUrl": "",
    "SyncInterval": "rate(15 minutes)",
    "StageName": "prod",
    "JournalBucketName": "",
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
    ("GET", "/oauth/callback", "oauth_callback"),
    ("GET", "/integrations/{id}", "portal"),
    ("GET", "/integrations/{id}/{proxy+}", "portal"),
    ("POST", "/integrations/{id}/{proxy+}", "portal"),
    ("POST", "/logout", "portal"),
}
OUTPUTS = {
    *("ApiUrl", "ApiId", "SyncQueue", "SyncDeadLetters", "NoticeDeadLetters", "JournalBucket", "DataKeyAlias"),
    *("IntegrationsTable", "TokensTable", "ExportsTable", "SessionsTable", "NoticesTable"),
    *("MailConfigurationSet", "AlarmTopic"),
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

    assert paths == PATHS


def test_outputs_name_everything_that_an_operator_needs() -> None:
    """Names are generated, so the outputs are the only way to them."""
    assert set(template()["Outputs"]) == OUTPUTS | {function.name for function in functions()}


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
