#!/usr/bin/env python3
"""Does to a SAM template what `sam package` and CloudFormation's transform do.

usage: transform.py TEMPLATE [PARAMETER=VALUE ...]

Prints one JSON object: the template as it was written (source), and what the SAM
translator makes of it (transformed). Code and definitions on this disk are named as
if they had been uploaded, which is all that the translator asks of them.
"""

import json
import os
import sys

# The translator asks an SDK for the region, whose partition it writes into the ARNs
# of AWS's own policies.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class OnlyByARN:
    """The names of managed policies are asked for here. The template has ARNs."""

    def load(self):
        return {}


def uploaded(template):
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and "CodeUri" in properties:
            properties["CodeUri"] = "s3://uploads/code"
        if resource["Type"] == "AWS::Serverless::StateMachine" and "DefinitionUri" in properties:
            properties["DefinitionUri"] = "s3://uploads/definition"
    return template


def main(path, *parameters):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    values = dict(p.split("=", 1) for p in parameters)
    try:
        transformed = transform(uploaded(yaml_parse(text)), values, OnlyByARN())
    except InvalidDocumentException as e:
        sys.exit("\n".join([f"{path}: {e.message}"] + [c.message for c in e.causes]))
    json.dump({"source": yaml_parse(text), "transformed": transformed}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
