"""Makes the answers of two DynamoDB endpoints comparable: what may differ is replaced, what must not stays."""

import base64
import datetime
import json
import re

SETS = ("SS", "NS", "BS")
# Values that every endpoint makes up for itself. They must be there; what they are is theirs.
MADE_UP = {
    "TableId": "<id>", "eventID": "<id>", "SequenceNumber": "<sequence>", "StartingSequenceNumber": "<sequence>",
    "EndingSequenceNumber": "<sequence>", "ShardIterator": "<iterator>", "NextShardIterator": "<iterator>",
    "ShardId": "<shard>", "LatestStreamLabel": "<label>", "StreamLabel": "<label>",
}
# What one of the endpoints leaves out or fills in, and no client should rely on.
DROPPED = {
    "ResponseMetadata", "SizeBytes", "TableSizeBytes", "ItemCount", "ProvisionedThroughput", "BillingModeSummary",
    "DeletionProtectionEnabled", "WarmThroughput", "TableClassSummary", "TableThroughputModeSummary",
    "GlobalTableVersion", "OnDemandThroughput", "VectorIndexes",
}


def canonical(value):
    """`value` with everything replaced that may differ, and sets in order."""
    if isinstance(value, dict):
        result = {}
        for name, member in value.items():
            if name in DROPPED:
                continue
            if name in MADE_UP and isinstance(member, str):
                result[name] = MADE_UP[name]
            elif name in SETS and isinstance(member, list):
                result[name] = sorted(canonical(element) for element in member)
            else:
                result[name] = canonical(member)
        return result
    if isinstance(value, list):
        return [canonical(element) for element in value]
    if isinstance(value, datetime.datetime):
        return "<time>"
    if isinstance(value, bytes):
        return "base64:" + base64.b64encode(value).decode()
    if isinstance(value, str):
        return re.sub(r"/stream/\S+", "/stream/<label>", value)
    return value


def words(message):
    """An error's sentence without the frame that the service put around it at one time and not at another."""
    return message.removeprefix("1 validation error detected: ")


def line(step, result):
    """One JSON line: keys sorted, so that equal answers are equal text."""
    return json.dumps({"step": step, "result": canonical(result)}, sort_keys=True)
