"""List prices of AWS, in USD, in one place.

Region: us-east-1, from memory of the pricing pages as of late 2026, without the free tier. Those of eu-north-1, where
this is deployed, could not be looked up from here: they are the same or some percent higher (Lambda, SQS and KMS are
the same in both as far as is known; DynamoDB and CloudWatch Logs some 2 to 10 percent higher). Compare them with the
pricing pages before relying on a sum. `SURE` says how sure each is.
"""

from collections.abc import Mapping

REGION = "us-east-1"
AS_OF = "2026-11"

LAMBDA_GB_SECOND = 0.0000166667  # x86_64; arm64 is a fifth less
LAMBDA_REQUEST = 0.20 / 1_000_000
SQS_FIFO_REQUEST = 0.50 / 1_000_000  # up to ten messages and 64 kB are one request
DYNAMODB_WRITE_UNIT = 0.625 / 1_000_000  # on demand
DYNAMODB_READ_UNIT = 0.125 / 1_000_000
DYNAMODB_GB_MONTH = 0.25  # point-in-time recovery is 0.20 more
KMS_REQUEST = 0.03 / 10_000
KMS_KEY_MONTH = 1.00
S3_PUT = 0.005 / 1_000
LOGS_GB = 0.50  # taken in; keeping is 0.03 a month
ALARM_MONTH = 0.10
METRIC_MONTH = 0.30  # a custom one, by name and dimension
TRACE = 5.00 / 1_000_000  # recorded
SECRET_MONTH = 0.40
WEB_ACL_MONTH = 5.00
WEB_ACL_RULE_MONTH = 1.00

SURE: Mapping[str, str] = {
    "Lambda": "well known, the same for years",
    "SQS": "well known",
    "DynamoDB": "halved in November 2024; as commonly told since",
    "KMS": "well known",
    "S3": "well known",
    "logs": "well known",
    "alarms and metrics": "well known",
    "traces": "well known",
    "web ACL": "well known",
}
