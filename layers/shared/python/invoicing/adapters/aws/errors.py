"""One mapping from what the AWS SDK raises to errors named by the reaction they ask for."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as SdkConnectionError

from invoicing.application.ports import ChangedMeanwhileError
from invoicing.domain.errors import (
    ConfigurationError,
    InvoicingError,
    RetryLaterError,
    UpstreamContractError,
)

# Codes that AWS documents as worth a later try but does not always send with a 5xx or 429.
_LATER = frozenset(
    {
        "ConditionalRequestConflict",  # S3: two writes of one key at the same moment
        "DependencyTimeoutException",
        "ExpiredTokenException",  # the function's own keys are renewed by the Lambda service
        "InternalServiceError",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# Codes that only a change of this installation cures.
_CONFIGURATION = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccountSuspendedException",
        "DisabledException",
        "InvalidAccessKeyId",
        "InvalidKeyUsageException",
        "InvalidSignatureException",
        "KMSInvalidStateException",  # the key waits for its deletion
        "KmsAccessDenied",
        "KmsDisabled",
        "KmsNotFound",
        "MailFromDomainNotVerifiedException",
        "MessageRejected",  # the sender is not verified, or the account is in the SES sandbox
        "NoSuchBucket",
        "NotFoundException",
        "OptInRequired",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "SendingPausedException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns SDK errors of the block into ours. `what` names the operation and its target, nothing secret.

    Throttling, 5xx, timeouts and lost connections → RetryLaterError; a failed condition →
    ChangedMeanwhileError; missing rights or resources → ConfigurationError; the rest, which is a defect of
    ours, → UpstreamContractError. Texts of the SDK are not repeated: some quote the values of the request.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, what) from None


def translate(error: ClientError | BotoCoreError, what: str) -> InvoicingError:
    """The error that `translated` raises."""
    if isinstance(error, ClientError):
        return _refused(error, what)
    kind = type(error).__name__
    if isinstance(error, SdkConnectionError | HTTPClientError):
        return RetryLaterError(f"{what}: AWS did not answer ({kind}). It is tried again.")
    if isinstance(error, NoCredentialsError | PartialCredentialsError | NoRegionError):
        return ConfigurationError(
            f"{what}: the SDK has no credentials or region ({kind}). The service operator sets AWS_PROFILE, AWS_REGION."
        )
    return UpstreamContractError(f"{what}: the SDK refused the call ({kind}). This is a defect of ours.")


def code_of(error: ClientError) -> str:
    """AWS's code of an error, without the prefix that SQS's query protocol puts before it."""
    code = error.response.get("Error", {}).get("Code", "")
    return "QueueDoesNotExist" if code.endswith("NonExistentQueue") else code.rpartition(".")[2]


def _refused(error: ClientError, what: str) -> InvoicingError:
    code = code_of(error)
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    answer = f"{code}, HTTP {status}, request {metadata.get('RequestId', '-')}"
    if code in {"ConditionalCheckFailedException", "PreconditionFailed"}:
        return ChangedMeanwhileError(f"{what}: somebody else wrote first ({answer}).")
    if code in _LATER or status >= 500 or status == 429:
        return RetryLaterError(f"{what}: AWS is busy or out of order ({answer}). It is tried again.")
    if code in _CONFIGURATION:
        return ConfigurationError(
            f"{what}: AWS does not allow it or does not find it ({answer}). "
            "The service operator compares the function's role and variables with the template, or their own login."
        )
    return UpstreamContractError(f"{what}: AWS refused the request ({answer}). This is a defect of ours.")
