"""The product's ports on AWS: DynamoDB, S3, KMS, SQS, SES and Secrets Manager."""
