"""What a deployed stack says about itself: its parameters and the names of its resources."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from invoicing.adapters.aws.errors import code_of, translated
from invoicing.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


def describe_stack(client: "CloudFormationClient", stack_name: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Outputs and parameters of a stack. Raises ConfigurationError, RetryLaterError."""
    with translated(f"CloudFormation DescribeStacks of {stack_name}"):
        try:
            stack = client.describe_stacks(StackName=stack_name)["Stacks"][0]
        except ClientError as error:
            # CloudFormation has no code of its own for a stack that does not exist.
            if code_of(error) != "ValidationError":
                raise
            raise ConfigurationError(
                f"there is no stack {stack_name} in region {client.meta.region_name} of this account. "
                "Name another stack, or choose another region or profile."
            ) from None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}
    return outputs, parameters
