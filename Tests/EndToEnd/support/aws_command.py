"""The few forms of the AWS CLI's commands that deploy uses, over boto3: the CLI itself would need another boto3 beside ours.

    aws SERVICE OPERATION [--parameter VALUE|file://PATH]… [--cli-input-json file://PATH]
    aws SERVICE wait WAITER [--parameter VALUE]…
"""

import json
import os
import pathlib
import re
import sys

import boto3


def pascal(name):
    return "".join(word.capitalize() for word in name.split("-"))


def option_of(parameter):
    """The name of a parameter as the CLI has it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", parameter[0].upper() + parameter[1:]).lower()


def value_of(text):
    return json.loads(pathlib.Path(text.removeprefix("file://")).read_text()) if text.startswith("file://") else text


def main(service, operation, *words):
    # The CLI reads this variable, and boto3 another one.
    client = boto3.client(service, region_name=os.environ["AWS_REGION"])
    if operation == "wait":
        waiter, *words = words
        call, operation = client.get_waiter(waiter.replace("-", "_")).wait, waiter.replace("table-exists", "describe-table")
    else:
        call = getattr(client, operation.replace("-", "_"))
    members = client.meta.service_model.operation_model(pascal(operation)).input_shape.members
    names = {option_of(member): member for member in members}
    arguments = {}
    for option, text in zip(words[::2], words[1::2], strict=True):
        name, value = option.removeprefix("--"), value_of(text)
        # An option that the CLI does not have is a KeyError here.
        arguments.update(value if name == "cli-input-json" else {names[name]: value})
    print(json.dumps(call(**arguments), default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
