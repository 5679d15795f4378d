"""template.yaml as CloudFormation gets it: after SAM's transform."""

from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.ministack import REGION
from tests.infrastructure.template import ROOT


@cache
def translated() -> dict[str, Any]:
    """Resources of plain CloudFormation, with the logical ids that a stack has."""
    source = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in source["Resources"].values():
        for place in ("CodeUri", "ContentUri"):
            if place in resource.get("Properties", {}):
                resource["Properties"][place] = "s3://artefacts/one.zip"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    result: dict[str, Any] = translator.translate(source, {})
    return result
