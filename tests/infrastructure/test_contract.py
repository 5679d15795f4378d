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
