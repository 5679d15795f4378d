"""Rights: each role has what its function does, on exactly the things that it does it to."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.infrastructure.template import Function, functions, mentioned, properties, resources

# Statements that cannot name a resource, each with the reason.
WITHOUT_RESOURCE = {
    "FromNoOtherAddress": "refuses every other sender, whichever identity SES picks for it",
    "Trace": "X-Ray has no resources for what a function sends",
    "SendFromOneAddress": "which identity SES picks for the sender is not known; the condition names the sender",
}
# Actions with a star, each with the reason.
PATTERNS = {
    "sqs:SendMessage*": "AWS asks for SendMessage when a batch is sent, the emulator for SendMessageBatch",
    "sqs:ChangeMessageVisibility*": "AWS asks for ChangeMessageVisibility, the emulator for the batch's name",
    "sqs:DeleteMessage*": "AWS asks for DeleteMessage, the emulator for the batch's name",
}
# A variable that names a thing, and the thing.
THINGS = {
    "INTEGRATIONS_TABLE": "IntegrationsTable",
    "TOKENS_TABLE": "TokensTable",
    "EXPORTS_TABLE": "ExportsTable",
    "SESSIONS_TABLE": "SessionsTable",
    "NOTICES_TABLE": "NoticesTable",
    "SYNC_QUEUE_URL": "SyncQueue",
    "SLOW_SYNC_QUEUE_URL": "SlowSyncQueue",
    "KMS_KEY_ID": "DataKey",
    "JOURNAL_BUCKET": "JournalBucket",
    "FORTNOX_SECRET_ARN": "FortnoxSecret",
    "SIGNING_SECRET_ARN": "SigningSecret",
}
by_folder = pytest.mark.parametrize("function", functions(), ids=lambda function: function.folder)


def actions(statement: Mapping[str, Any]) -> Iterator[str]:
    """The actions of a statement, one or many."""
    found = statement["Action"]
    yield from [found] if isinstance(found, str) else found


@by_folder
def test_no_action_is_a_pattern_without_a_reason(function: Function) -> None:
    """A star in an action gives rights that nobody has thought of."""
    patterns = {action for statement in function.statements for action in actions(statement) if "*" in action}

    assert patterns <= set(PATTERNS)


@by_folder
def test_every_statement_names_its_resource_or_has_a_reason(function: Function) -> None:
    """A star for a resource is the whole account."""
    stars = {statement["Sid"] for statement in function.statements if statement["Resource"] == "*"}

    assert stars <= set(WITHOUT_RESOURCE)


@by_folder
def test_a_function_may_touch_exactly_what_its_variables_name(function: Function) -> None:
    """A right without a variable is a leftover; a variable without a right fails at run time."""
    named = {thing for variable, thing in THINGS.items() if variable in function.variables}
    allowed = {name for statement in function.statements for name in mentioned(statement["Resource"])}

    assert allowed & set(THINGS.values()) - consumed(function) == named - consumed(function)


def consumed(function: Function) -> set[str]:
    """Queues that Lambda reads for the function, which needs the right but no variable for that."""
    return (
        {"SyncQueue", "SlowSyncQueue"} if any(event["Type"] == "SQS" for event in function.events.values()) else set()
    )


def opens(function: Function) -> bool:
    """Whether it may decrypt anything directly."""
    return any(
        "kms:Decrypt" in actions(statement) and statement["Effect"] == "Allow" for statement in function.statements
    )


def test_what_comes_from_fortnox_is_sealed_by_a_function_that_opens_nothing() -> None:
    """Whoever takes over the callback, which strangers reach, reads no key and no password."""
    assert {function.folder for function in functions() if opens(function)} == {
        "landing",
        "portal",
        "sync_invoices",
        "keep_tokens",
    }


def test_the_start_page_opens_only_the_branch_key() -> None:
    """It seals passwords under it; the keys to Fortnox have another context."""
    (landing,) = [function for function in functions() if function.folder == "landing"]
    refused = [
        statement["Condition"]["StringNotEquals"]
        for statement in landing.statements
        if statement["Effect"] == "Deny" and "kms:Decrypt" in actions(statement)
    ]

    assert {"kms:EncryptionContext:secret": "branch-key"} in refused


def test_only_functions_that_open_envelopes_may_use_the_key() -> None:
    """Mails and schedules need no plaintext, so their functions cannot get any."""
    users = {
        function.folder
        for function in functions()
        if any(action.startswith("kms:") for statement in function.statements for action in actions(statement))
    }

    assert users == {"landing", "oauth_callback", "portal", "sync_invoices", "keep_tokens"}


@by_folder
def test_a_key_and_a_sender_are_used_only_as_said_and_a_call_that_says_nothing_is_refused(function: Function) -> None:
    """An Allow with ...IfExists would let pass what does not name an environment or a sender at all."""
    allowed = {
        action
        for statement in function.statements
        for action in actions(statement)
        if action.startswith(("kms:", "ses:")) and statement["Effect"] == "Allow"
    }
    refused = {
        (action, name, str(value))
        for statement in function.statements
        if statement["Effect"] == "Deny"
        for action in actions(statement)
        for name, value in statement["Condition"]["StringNotEquals"].items()
    }
    directly = {
        str(statement["Condition"]["Bool"]) for statement in function.statements if statement["Effect"] == "Deny"
    }

    only_the_branch_key = {("kms:Decrypt", "kms:EncryptionContext:secret", "branch-key")}
    assert refused - (only_the_branch_key if function.folder == "landing" else set()) == {
        (
            action,
            *(
                ("kms:EncryptionContext:environment", "{'Ref': 'StageName'}")
                if action.startswith("kms:")
                else ("ses:FromAddress", "{'Ref': 'SenderAddress'}")
            ),
        )
        for action in allowed
    }
    assert directly <= {"{'aws:ViaAWSService': 'false'}"}
    assert "IfExists" not in str(function.statements)


def test_nobody_may_delete_an_export_or_a_token() -> None:
    """What was sent and what gives access is never removed by a program."""
    deleting = [
        f"{function.folder}: {statement['Sid']}"
        for function in functions()
        for statement in function.statements
        if "dynamodb:DeleteItem" in actions(statement)
        and {"ExportsTable", "TokensTable"} & set(mentioned(statement["Resource"]))
    ]

    assert deleting == []


def test_nobody_may_change_or_remove_what_is_in_the_journal() -> None:
    """The journal is written once; a right to delete would make it worth nothing."""
    granted = {action for function in functions() for statement in function.statements for action in actions(statement)}

    assert {action for action in granted if action.startswith("s3:")} == {
        "s3:PutObject",
        "s3:GetObject",
        "s3:ListBucket",
    }


def test_every_table_survives_a_mistake() -> None:
    """Recovery to any second, no deletion by accident, a key of our own, and kept when the stack goes."""
    tables = resources("AWS::DynamoDB::Table")

    assert len(tables) == 5  # RetainExceptOnCreate would make a failed creation fail to go away: they are protected
    for name, table in tables.items():
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain", name
        assert properties(name)["DeletionProtectionEnabled"] is True, name
        assert properties(name)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties(name)["SSESpecification"]["KMSMasterKeyId"] == {
            "Fn::If": ["MakesDataKey", {"Fn::GetAtt": ["DataKey", "Arn"]}, {"Ref": "DataKeyArn"}]
        }


def test_no_secret_stands_in_a_functions_environment() -> None:
    """Everybody who may look at a function reads its environment."""
    values = [str(value) for function in functions() for value in function.variables.values()]

    assert not any(re.search(r"'FortnoxClientSecret'", value) for value in values)
