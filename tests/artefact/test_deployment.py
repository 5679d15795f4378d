"""The deployed template: it comes up whole, the front door leads to it, and each role is enforced."""

import json
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from local.ministack import REGION
from local.stack import Stack
from tests.infrastructure.template import Function, functions, template

by_folder = pytest.mark.parametrize("function", functions(), ids=lambda function: function.folder)
TABLES = {
    "IntegrationsTable": {"integration_id": {"S": "a"}},
    "TokensTable": {"integration_id": {"S": "a"}},
    "ExportsTable": {"integration_id": {"S": "a"}, "record": {"S": "invoice#000000000001"}},
    "SessionsTable": {"session_id": {"S": "a"}},
    "NoticesTable": {"notice_id": {"S": "a"}},
}


def test_every_output_has_a_value(stack: Stack) -> None:
    """An empty output is a name that nobody can use."""
    assert set(stack.outputs) == {name for name, one in template()["Outputs"].items() if "Condition" not in one}
    assert all(stack.outputs.values())


def test_the_front_door_leads_to_the_deployed_pages(stack: Stack) -> None:
    """The whole way: door, API Gateway, function, layers, settings."""
    with urllib.request.urlopen(f"{stack.base_url}/health") as answer:
        body = json.load(answer)

    assert answer.status == 200
    assert body == {"status": "ok"}


@by_folder
def test_a_role_reaches_the_tables_that_its_function_names_and_no_other(stack: Stack, function: Function) -> None:
    """Rights are enforced here as on AWS, so a right too many is seen as well as one too few."""
    client = client_of(stack, function, "dynamodb")
    reached = {table for table, key in TABLES.items() if is_allowed(client, stack.outputs[table], key)}

    reading = {
        name
        for statement in function.statements
        if "dynamodb:GetItem" in statement["Action"]
        for name in [statement["Resource"]["Fn::GetAtt"][0]]
    }
    assert reached == reading


def test_the_journal_takes_a_key_once(stack: Stack) -> None:
    """Whoever comes second with the same attempt must not replace what the first one wrote."""
    keeper = next(function for function in functions() if function.folder == "keep_tokens")
    journal = client_of(stack, keeper, "s3")
    entry = {"Bucket": stack.outputs["JournalBucket"], "Key": "journal/a/b/1/c"}
    journal.put_object(**entry, Body=b"first", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        journal.put_object(**entry, Body=b"second", IfNoneMatch="*")

    assert journal.get_object(**entry)["Body"].read() == b"first"


def client_of(stack: Stack, function: Function, service: str) -> Any:
    """An SDK client with the rights of a function's role."""
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs[function.name])
    given = stack.client("sts").assume_role(RoleArn=configuration["Role"], RoleSessionName="test")["Credentials"]
    session = Session()
    session.set_credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return session.create_client(service, region_name=REGION, endpoint_url=stack.aws.url)


def is_allowed(client: Any, table: str, key: dict[str, Any]) -> bool:
    """Whether reading one item is allowed; whether there is one does not matter."""
    try:
        client.get_item(TableName=table, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return False
        raise
    return True
