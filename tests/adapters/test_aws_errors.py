"""What the SDK raises, as errors named by the reaction they ask for."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from invoicing.adapters.aws.errors import translated
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.domain.errors import (
    ConfigurationError,
    InvoicingError,
    RetryLaterError,
    UpstreamContractError,
)


def refusal(code: str, status: int = 400) -> ClientError:
    """AWS's answer with a code."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": "the-value-of-the-request"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "r-1",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "UpdateItem",
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refusal("ProvisionedThroughputExceededException"), RetryLaterError),
        (refusal("ThrottlingException"), RetryLaterError),
        (refusal("SlowDown", 503), RetryLaterError),
        (refusal("InternalServerError", 500), RetryLaterError),
        (refusal("SomethingNew", 503), RetryLaterError),
        (refusal("SomethingNew", 429), RetryLaterError),
        (refusal("ConditionalRequestConflict", 409), RetryLaterError),
        (refusal("KMSInternalException", 500), RetryLaterError),
        (refusal("AWS.SimpleQueueService.RequestThrottled"), RetryLaterError),
        (ConnectTimeoutError(endpoint_url="https://x"), RetryLaterError),
        (ReadTimeoutError(endpoint_url="https://x"), RetryLaterError),
        (EndpointConnectionError(endpoint_url="https://x"), RetryLaterError),
        (refusal("ConditionalCheckFailedException"), ChangedMeanwhileError),
        (refusal("PreconditionFailed", 412), ChangedMeanwhileError),
        (refusal("AccessDeniedException"), ConfigurationError),
        (refusal("AccessDenied", 403), ConfigurationError),
        (refusal("ResourceNotFoundException"), ConfigurationError),
        (refusal("NoSuchBucket", 404), ConfigurationError),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), ConfigurationError),
        (refusal("MessageRejected"), ConfigurationError),
        (NoCredentialsError(), ConfigurationError),
        (refusal("ValidationException"), UpstreamContractError),
        (ParamValidationError(report="value: the-value-of-the-request"), UpstreamContractError),
    ],
)
def test_each_failure_asks_for_its_reaction(error: ClientError | BotoCoreError, expected: type[InvoicingError]) -> None:
    """The text says what was tried and never repeats the SDK's own, which can quote values."""
    with pytest.raises(InvoicingError) as caught, translated("DynamoDB UpdateItem on exports"):
        raise error

    assert type(caught.value) is expected
    assert "DynamoDB UpdateItem on exports" in str(caught.value)
    assert "the-value-of-the-request" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_refusal_can_be_looked_up() -> None:
    """AWS's code, status and request id are what its support asks for."""
    with pytest.raises(ConfigurationError, match=r"AccessDenied, HTTP 403, request r-1"), translated("S3"):
        raise refusal("AccessDenied", 403)


def test_other_errors_pass() -> None:
    """A defect of ours is not dressed up as one of AWS."""
    with pytest.raises(ZeroDivisionError), translated("S3"):
        raise ZeroDivisionError
