"""template.yaml as CloudFormation gets it: after SAM's transform."""

import re
from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.ministack import ACCOUNT, REGION
from tests.infrastructure.template import ROOT

# The ARN of a resource of some type, by its logical id.
_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{}}-abcdef",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
}


@cache
def translated(*, layers_at: str = "s3://artefacts/one.zip", **parameters: str) -> dict[str, Any]:
    """Resources of plain CloudFormation, with the logical ids that a stack with these parameters has."""
    source = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in source["Resources"].values():
        for place, artefact in (("CodeUri", "s3://artefacts/one.zip"), ("ContentUri", layers_at)):
            if place in resource.get("Properties", {}):
                resource["Properties"][place] = artefact
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    result: dict[str, Any] = translator.translate(source, parameters)
    return result


def policies() -> dict[str, Any]:
    """By role, what it may do, with ARNs as a stack would have them."""
    return {
        name: _plain(one["Properties"]["Policies"][0]["PolicyDocument"])
        for name, one in translated()["Resources"].items()
        if one["Type"] == "AWS::IAM::Role" and "Policies" in one["Properties"]
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::If": [_, chosen, _]}:
            return _plain(chosen)
        case {"Fn::GetAtt": [str(name), _]}:
            return _ARNS[translated()["Resources"][name]["Type"]].format(name.lower())
        case {"Fn::Sub": str(text)}:
            known = re.sub(r"\$\{(\w+)\.Arn\}", lambda found: str(_plain({"Fn::GetAtt": [found[1], "Arn"]})), text)
            return re.sub(r"\$\{(\w+)\}", "x", known.replace("${AWS::Partition}", "aws"))
        case {"Ref": str(name)}:
            return name.lower()
    return {name: _plain(one) for name, one in value.items()}
