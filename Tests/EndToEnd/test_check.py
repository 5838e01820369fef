"""`tablecast check` and `tablecast iam-policy`: whether a table can be followed from here, and what to change."""

import json
import re
import time

import pytest
from support.denying import denying
from support.processes import PROJECT, free_port
from support.service import run
from support.tables import create_table

CALLS = ["DescribeTable", "Scan", "BatchGetItem", "DescribeStream", "GetShardIterator", "GetRecords"]
ARN = "arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"


def check(peer, table, *options, **more):
    """The exit status, and the findings by the names of their checks."""
    status, output, errors = run(["check", "--table", table, "--json", *options], peer.settings(**more), seconds=60)
    assert errors == "", errors
    report = json.loads(output)
    assert report["table"] == table and report["ok"] == (status == 0)
    return status, {finding["check"]: finding for finding in report["findings"]}


def filled(peer, **options):
    client = peer.client()
    table = create_table(client, **options)
    client.put_item(TableName=table, Item={"id": {"S": "a"}})
    return table


def test_a_table_that_can_be_followed_has_nothing_to_change(peer):
    table = filled(peer)
    status, found = check(peer, table)
    assert status == 0
    for call in CALLS:
        assert found[call]["verdict"] == "ok" and found[call]["seen"].startswith("granted"), found[call]
    assert found["credentials"]["seen"].startswith("keys of environment")
    assert found["region"]["seen"] == "us-east-1"
    assert peer.url in found["endpoint"]["seen"]
    assert found["table"]["seen"].endswith(f":table/{table}, ACTIVE, key id (S)")
    assert found["stream"]["seen"].startswith("enabled, NEW_AND_OLD_IMAGES, ")
    assert found["shards"]["verdict"] == "ok" and found["readers"]["seen"].startswith("0 of 5 reads")
    # Not every endpoint counts a table's bytes.
    assert re.match(r"1 items of .* take about .* of memory; the limit is .*|nothing tells the size yet", found["memory"]["seen"])
    assert re.search(r"about \d+ read capacity units, as fast as DynamoDB allows$", found["scan"]["seen"])


def test_the_report_for_eyes_has_a_line_a_check_and_a_summary(ministack):
    table = filled(ministack, view="KEYS_ONLY")
    status, output, errors = run(["check", "--table", table], ministack.settings(), seconds=60)
    lines = output.splitlines()
    assert (status, errors) == (0, "")
    assert "\x1b" not in output
    assert any(line.split() == ["ok", "Scan", "granted,", "1", "items", "read"] for line in lines), output
    at = next(number for number, line in enumerate(lines) if line.startswith("warn  stream "))
    assert "each change costs one more consistent read" in lines[at]
    assert lines[at + 1].strip().startswith("a stream with NEW_IMAGE or NEW_AND_OLD_IMAGES needs no such reads")
    assert lines[-1] == "0 to mend, 1 to know."


@pytest.mark.parametrize("denied", CALLS)
def test_an_action_that_is_denied_is_named_with_the_remedy(ministack, denied):
    table = filled(ministack)
    with denying(ministack, **{denied: "AccessDeniedException"}).running() as peer:
        status, found = check(peer, table)
    assert status == 1
    assert found[denied]["verdict"] == "fail" and "not authorized to perform" in found[denied]["seen"]
    assert f"Allow dynamodb:{denied} to this identity" in found[denied]["change"]
    failed = [name for name, finding in found.items() if finding["verdict"] == "fail"]
    assert failed == [denied]


def test_reads_that_are_throttled_tell_of_other_readers(ministack):
    table = filled(ministack)
    with denying(ministack, GetRecords="ProvisionedThroughputExceededException").running() as peer:
        status, found = check(peer, table)
    assert status == 0
    assert found["readers"]["seen"] == "5 of 5 reads of one shard were throttled: others read this stream too"
    assert "two readers of a shard" in found["readers"]["change"]


def test_a_table_without_a_stream_and_one_that_is_not_there_fail_with_the_command_to_run(ministack):
    status, found = check(ministack, filled(ministack, view=None))
    assert status == 1 and "aws dynamodb update-table" in found["stream"]["change"]
    status, found = check(ministack, "nowhere")
    assert status == 1 and "aws dynamodb list-tables" in found["DescribeTable"]["change"]
    assert found["Scan"]["seen"] == "not tried: DescribeTable failed"


def test_an_endpoint_that_is_away_is_told_within_its_deadline(ministack):
    began = time.monotonic()
    status, found = check(ministack, "orders", AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    assert status == 1 and time.monotonic() - began < 30
    assert found["endpoint"]["verdict"] == "fail" and "VPC endpoint" in found["endpoint"]["change"]


def test_settings_that_cannot_work_end_with_78_and_wrong_ones_with_2(ministack):
    status, output, errors = run(["check", "--table", "orders"], {**ministack.settings(), "AWS_REGION": ""})
    assert (status, output) == (78, "") and errors.count("\n") == 1 and "Region" in errors
    assert run(["check"], ministack.settings())[0] == 2
    assert run(["check", "--table", "a", "--poll-interval", "x"], ministack.settings())[0] == 2


def test_the_policy_is_the_one_of_the_files_to_deploy():
    documented = json.loads((PROJECT / "deploy/iam/policy.json").read_text())
    status, output, errors = run(["iam-policy", "--table", documented["Statement"][0]["Resource"]])
    assert (status, errors) == (0, "")
    policy = json.loads(output)
    assert [(item["Action"], item["Resource"]) for item in policy["Statement"]] == [
        (item["Action"], item["Resource"]) for item in documented["Statement"]
    ]
    assert [action for statement in policy["Statement"] for action in statement["Action"]] == [f"dynamodb:{call}" for call in CALLS]
    key = "arn:aws:kms:eu-central-1:1:key/ab"
    keyed = json.loads(run(["iam-policy", "--table", "arn:aws:dynamodb:eu-central-1:1:table/t", "--kms-key", key])[1])
    assert keyed["Statement"][2]["Resource"] == key
    assert keyed["Statement"][2]["Condition"] == {"StringEquals": {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}}


@pytest.mark.parametrize("arguments", [["--table", "orders"], ["--table", ARN, "--kms-key", "alias/aws/dynamodb"], []])
def test_a_policy_for_something_else_is_wrong_usage(arguments):
    status, output, errors = run(["iam-policy", *arguments])
    assert (status, output) == (2, "") and errors.count("\n") == 1
