"""Tables, items of every attribute type, and the truth about a table as boto3 reads it."""

import itertools

from .peers import wait_for_table

NUMBERS = itertools.count(1)


def create_table(client, sort_key=None, view="NEW_AND_OLD_IMAGES", types="SS", name=None):
    """A table with its stream on, under a name that no other test uses. Keys are `id` and, if asked for, `sort_key`."""
    name = name or f"table-{next(NUMBERS)}"
    keys = [("id", "HASH", types[0])] + ([(sort_key, "RANGE", types[1])] if sort_key else [])
    arguments = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}} if view else {}
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind, _ in keys],
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": type_} for attribute, _, type_ in keys],
        **arguments,
    )
    wait_for_table(client, name)
    return name


def truth(client, table):
    """Every item of the table in DynamoDB's typed form, by a consistent scan, as a sorted list that can be compared."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return canonical(item for page in pages for item in page["Items"])


def canonical(items):
    """Items in one order and one spelling: sets have no order, and 1E+2 is 100."""
    return sorted((spelled(item) for item in items), key=repr)


def spelled(item):
    return {name: value_spelled(value) for name, value in sorted(item.items())}


def value_spelled(value):
    ((kind, content),) = value.items()
    if kind == "N":
        content = number_spelled(content)
    elif kind == "NS":
        content = sorted(number_spelled(number) for number in content)
    elif kind == "SS":
        content = sorted(content)
    elif kind == "BS":
        content = sorted(binary_spelled(part) for part in content)
    elif kind == "B":
        content = binary_spelled(content)
    elif kind == "L":
        content = [value_spelled(part) for part in content]
    elif kind == "M":
        content = spelled(content)
    return {kind: content}


def number_spelled(text):
    import decimal

    with decimal.localcontext() as context:
        context.prec = 60
        value = decimal.Decimal(text)
        return str(value.normalize() if value else decimal.Decimal(0))


def binary_spelled(content):
    """boto3 gives bytes, JSON gives base64 text."""
    import base64

    return base64.b64encode(content).decode() if isinstance(content, (bytes, bytearray)) else content


def every_type(identity="types"):
    """An item with every attribute type and the values that replicas tend to mangle."""
    return {
        "id": {"S": identity},
        "string": {"S": 'quotes " backslash \\ control \x01 newline \n snow ☃ face 😀 separator \u2028'},
        "empty": {"S": ""},
        "integer": {"N": "42"},
        "negative": {"N": "-0.5"},
        "digits": {"N": "12345678901234567890123456789012345678"},
        "tiny": {"N": "1.2345678901234567890123456789012345678E-100"},
        "huge": {"N": "1E+125"},
        "binary": {"B": bytes(range(256))},
        "empty_binary": {"B": b""},
        "true": {"BOOL": True},
        "false": {"BOOL": False},
        "null": {"NULL": True},
        "strings": {"SS": ["b", "a", "ü"]},
        "numbers": {"NS": ["1", "-2.5", "1E+20"]},
        "binaries": {"BS": [b"\x00\xff", b"a"]},
        "list": {"L": [{"S": "a"}, {"N": "1"}, {"L": []}, {"M": {}}, {"NULL": True}]},
        "map": {"M": {"nested": {"M": {"deep": {"L": [{"M": {"er": {"BOOL": True}}}]}}}, "with.dot": {"S": "x"}, "ключ": {"S": "y"}}},
    }


def fill(client, table, count, prefix="item"):
    """Writes `count` items in batches."""
    for start in range(0, count, 25):
        requests = [
            {"PutRequest": {"Item": {"id": {"S": f"{prefix}-{number:05d}"}, "n": {"N": str(number)}}}}
            for number in range(start, min(start + 25, count))
        ]
        left = {table: requests}
        while left:
            left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")
