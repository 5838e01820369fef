"""`dynamo-sandbox` as its users have it: boto3 for the data, `POST /_sandbox/…` for what DynamoDB only does by itself."""

import re
import subprocess
import sys

import botocore.exceptions
import httpx
import pytest
from support import peers
from support.processes import PROJECT, Program, environment_without_aws, free_port
from support.tables import create_table


@pytest.fixture(scope="module")
def sandbox(logs):
    with peers.sandbox(logs, "--shards", "2", "--region", "eu-central-1", "--account-id", "123456789012") as peer:
        yield peer


@pytest.fixture
def client(sandbox):
    yield sandbox.client()
    for action in ("clear-faults", "reset-listing"):
        act(sandbox, action)


def act(sandbox, action, expect=200, **members):
    response = httpx.post(f"{sandbox.url}/_sandbox/{action}", json=members, timeout=10)
    assert response.status_code == expect, response.text
    return response.json()


def shards(sandbox, table):
    return act(sandbox, "shards", table=table)["shards"]


def listed(sandbox, table):
    """The shards as DescribeStream lists them."""
    arn = sandbox.client().describe_table(TableName=table)["Table"]["LatestStreamArn"]
    streams = sandbox.client("dynamodbstreams")
    return streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]


def records(sandbox, table, shard):
    """The records of a shard from its beginning, and whether it has been read to its end."""
    streams = sandbox.client("dynamodbstreams")
    arn = sandbox.client().describe_table(TableName=table)["Table"]["LatestStreamArn"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    page = streams.get_records(ShardIterator=iterator)
    return page["Records"], "NextShardIterator" not in page


def put(client, table, count):
    for number in range(count):
        client.put_item(TableName=table, Item={"id": {"S": f"item-{number}"}})


def test_the_options_are_seen_in_arns_and_shards(sandbox, client):
    table = create_table(client)
    assert client.describe_table(TableName=table)["Table"]["TableArn"] == f"arn:aws:dynamodb:eu-central-1:123456789012:table/{table}"
    assert len(listed(sandbox, table)) == 2


def test_the_number_of_shards_of_new_streams_changes_at_run_time(sandbox, client):
    act(sandbox, "configure", shardsPerStream=8)
    assert len(listed(sandbox, create_table(client))) == 8
    act(sandbox, "configure", shardsPerStream=2)
    assert len(listed(sandbox, create_table(client))) == 2


def test_a_split_closes_a_shard_and_opens_two_that_share_its_keys(sandbox, client):
    table = create_table(client)
    put(client, table, 40)
    parent = shards(sandbox, table)[0]
    children = act(sandbox, "split", table=table, shard=parent["id"])["children"]
    assert len(children) == 2
    for number in range(40):
        client.put_item(TableName=table, Item={"id": {"S": f"item-{number}"}, "n": {"N": "2"}})
    by_id = {shard["ShardId"]: shard for shard in listed(sandbox, table)}
    assert all(by_id[child]["ParentShardId"] == parent["id"] for child in children)
    assert "EndingSequenceNumber" in by_id[parent["id"]]["SequenceNumberRange"]
    before, ended = records(sandbox, table, parent["id"])
    assert ended
    after = [record for child in children for record in records(sandbox, table, child)[0]]
    keys = lambda found: sorted(record["dynamodb"]["Keys"]["id"]["S"] for record in found)  # noqa: E731
    assert keys(before) == keys(after) and len(before) > 5


def test_rotating_without_a_shard_rotates_every_open_one(sandbox, client):
    table = create_table(client)
    before = [shard["id"] for shard in shards(sandbox, table)]
    children = act(sandbox, "rotate", table=table)["children"]
    assert [shard["id"] for shard in shards(sandbox, table) if shard["open"]] == children
    assert [shard.get("parent") for shard in shards(sandbox, table) if shard["open"]] == before


def test_children_can_be_listed_late(sandbox, client):
    table = create_table(client)
    parent = shards(sandbox, table)[0]["id"]
    (child,) = act(sandbox, "rotate", table=table, shard=parent, hiddenListings=2)["children"]
    seen = [child in [shard["ShardId"] for shard in listed(sandbox, table)] for _ in range(3)]
    assert seen == [False, False, True]


def test_trimmed_records_cannot_be_read(sandbox, client):
    table = create_table(client)
    put(client, table, 20)
    shard = max(shards(sandbox, table), key=lambda shard: len(shard["records"]))
    number = shard["records"][2]
    act(sandbox, "trim", table=table, shard=shard["id"], through=number)
    assert len(records(sandbox, table, shard["id"])[0]) == len(shard["records"]) - 3
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    with pytest.raises(botocore.exceptions.ClientError, match="TrimmedDataAccessException"):
        sandbox.client("dynamodbstreams").get_shard_iterator(
            StreamArn=arn, ShardId=shard["id"], ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=number
        )
    act(sandbox, "trim", table=table)
    assert all(not shard["records"] for shard in shards(sandbox, table))


def test_a_closed_or_removed_shard(sandbox, client):
    table = create_table(client)
    first, second = shards(sandbox, table)
    act(sandbox, "close", table=table, shard=first["id"])
    act(sandbox, "remove", table=table, shard=second["id"])
    assert [(shard["id"], shard["open"]) for shard in shards(sandbox, table)] == [(first["id"], False)]
    assert "closed" in act(sandbox, "split", expect=400, table=table, shard=first["id"])["error"]


def test_a_closed_shard_can_keep_looking_open(sandbox, client):
    table = create_table(client)
    first = shards(sandbox, table)[0]["id"]
    act(sandbox, "look-open", table=table, shard=first)
    act(sandbox, "close", table=table, shard=first)
    assert "EndingSequenceNumber" not in listed(sandbox, table)[0]["SequenceNumberRange"]
    act(sandbox, "reset-listing")
    assert "EndingSequenceNumber" in listed(sandbox, table)[0]["SequenceNumberRange"]


def test_time_to_live_removes_an_item_and_says_so_in_the_record(sandbox, client):
    table = create_table(client)
    put(client, table, 1)
    act(sandbox, "expire", table=table, key={"id": {"S": "item-0"}})
    assert "Item" not in client.get_item(TableName=table, Key={"id": {"S": "item-0"}})
    found = [record for shard in shards(sandbox, table) for record in records(sandbox, table, shard["id"])[0]]
    assert [record["eventName"] for record in found] == ["INSERT", "REMOVE"]
    assert found[1]["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def test_a_record_of_a_name_that_nobody_knows(sandbox, client):
    table = create_table(client)
    put(client, table, 1)
    act(sandbox, "append-record", table=table, key={"id": {"S": "item-0"}}, eventName="REPLACE", eventVersion="2.0")
    found = [record for shard in shards(sandbox, table) for record in records(sandbox, table, shard["id"])[0]]
    assert [(record["eventName"], record["eventVersion"]) for record in found] == [("INSERT", "1.1"), ("REPLACE", "2.0")]


def test_faults_meet_the_calls_that_they_are_for(sandbox, client):
    table, other = create_table(client), create_table(client)
    fault = {"fault": "error", "code": "ProvisionedThroughputExceededException", "message": "Slow down."}
    act(sandbox, "fault", operation="GetItem", table=table, times=3, **fault)
    assert client.get_item(TableName=other, Key={"id": {"S": "a"}})["ResponseMetadata"]["RetryAttempts"] == 0
    with pytest.raises(botocore.exceptions.ClientError, match="Slow down"):
        client.get_item(TableName=table, Key={"id": {"S": "a"}})
    assert client.get_item(TableName=table, Key={"id": {"S": "a"}})["ResponseMetadata"]["RetryAttempts"] == 0
    act(sandbox, "fault", operation="GetItem", fault="html", status=503)
    assert client.get_item(TableName=table, Key={"id": {"S": "a"}})["ResponseMetadata"]["RetryAttempts"] == 1


FAULTS = {
    "empty-object": {}, "truncated": {}, "bad-checksum": {}, "drop-connection": {}, "delay": {"seconds": 0.01},
    "trickle": {"bytes": 50, "seconds": 0.001}, "empty-page": {}, "repeated-cursor": {}, "garbled-compression": {},
    "repeat-records": {"count": 2},
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_a_name(sandbox, client, name):
    act(sandbox, "fault", operation="ListTables", fault=name, **FAULTS[name])
    answer = None
    try:
        answer = httpx.post(f"{sandbox.url}/", headers={"X-Amz-Target": "DynamoDB_20120810.ListTables"}, content="{}", timeout=10)
        broken = "TableNames" not in answer.text or not answer.json()
    except (httpx.HTTPError, ValueError):
        broken = True
    assert broken or name in ("bad-checksum", "delay", "trickle", "empty-page", "repeated-cursor", "repeat-records")
    # It was for one call.
    assert client.list_tables()["ResponseMetadata"]["RetryAttempts"] == 0


def test_the_clock_moves_and_iterators_expire(sandbox, client):
    table = create_table(client)
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    streams = sandbox.client("dynamodbstreams")
    shard = shards(sandbox, table)[0]["id"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    assert act(sandbox, "advance-clock", seconds=901)["now"] > 0
    with pytest.raises(botocore.exceptions.ClientError, match="ExpiredIteratorException"):
        streams.get_records(ShardIterator=iterator)
    act(sandbox, "advance-clock", seconds=-901)
    assert streams.get_records(ShardIterator=iterator)["Records"] == []


def test_tables_and_streams_wait_on_their_way(sandbox, client):
    act(sandbox, "configure", holdsTransitions=True)
    try:
        client.create_table(
            TableName="slow", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        assert client.describe_table(TableName="slow")["Table"]["TableStatus"] == "CREATING"
        act(sandbox, "complete-transitions")
        assert client.describe_table(TableName="slow")["Table"]["TableStatus"] == "ACTIVE"
    finally:
        act(sandbox, "configure", holdsTransitions=False)


def test_reads_can_be_stale_and_pages_small(sandbox, client):
    table = create_table(client)
    act(sandbox, "configure", replicaLagSeconds=60, scanPageItems=3)
    try:
        put(client, table, 10)
        assert client.scan(TableName=table)["Count"] == 0
        page = client.scan(TableName=table, ConsistentRead=True)
        assert page["Count"] == 3 and "LastEvaluatedKey" in page
    finally:
        act(sandbox, "configure", replicaLagSeconds=None, scanPageItems=None)
    assert client.scan(TableName=table)["Count"] == 10


def test_the_calls_are_logged(sandbox, client):
    table = create_table(client)
    act(sandbox, "forget-calls")
    client.scan(TableName=table, ConsistentRead=True, Segment=1, TotalSegments=2)
    assert [call["operation"] for call in act(sandbox, "calls")["calls"]] == ["Scan"]
    (call,) = act(sandbox, "calls", operation="Scan")["calls"]
    assert (call["table"], call["segment"], call["consistent"], call["continuesPage"]) == (table, 1, True, False)
    assert act(sandbox, "calls", operation="Query")["calls"] == []


MISTAKES = [
    ("reshard", {}, 404, "no action 'reshard'; there are shards, split, "),
    ("split", {}, 400, "the member 'table' is missing"),
    ("split", {"table": "none"}, 404, "there is no table 'none'"),
    ("split", {"tabel": "none"}, 400, "split takes no member 'tabel'; it takes table, shard, hiddenListings"),
    ("fault", {"operation": "Scna"}, 400, "no operation 'Scna'; there are CreateTable, "),
    ("fault", {"operation": "Scan", "fault": "slow"}, 400, "no fault 'slow'; there are error, html, "),
    ("advance-clock", {"seconds": "1"}, 400, "'seconds' must be a number of seconds"),
    ("advance-clock", {"seconds": 1e300}, 400, "'seconds' must be a number of seconds, at most ten years"),
    ("configure", {"retentionSeconds": -1}, 400, "'retentionSeconds' must be a number of seconds, at most ten years"),
    ("configure", {"shardsPerStream": 0}, 400, "shardsPerStream"),
    ("configure", {"holdsTransitions": 1}, 400, "Boolean"),
]


@pytest.mark.parametrize("action, members, status, words", MISTAKES)
def test_a_mistake_is_named(sandbox, action, members, status, words):
    assert words in act(sandbox, action, expect=status, **members)["error"]


def test_a_body_must_be_an_object_and_a_shard_must_exist(sandbox, client):
    response = httpx.post(f"{sandbox.url}/_sandbox/shards", content="[1]", timeout=10)
    assert (response.status_code, response.json()) == (400, {"error": "the body must be a JSON object"})
    error = act(sandbox, "trim", expect=404, table=create_table(client), shard="shardId-1")["error"]
    assert error == "the table's newest stream has no shard 'shardId-1'"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_action_is_a_post(sandbox, method):
    response = httpx.request(method, f"{sandbox.url}/_sandbox/clear-faults", timeout=10)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json() == {"error": "an action is a POST with a JSON object"}


def test_it_says_where_it_is_and_stops_when_asked(logs):
    port = free_port()
    program = Program([peers.SANDBOX, "--port", port], logs / "sandbox-alone.log", environment_without_aws())
    try:
        program.wait_until_accepting(port)
    finally:
        status = program.stop()
    assert (status, program.output) == (0, f"http://127.0.0.1:{port}\n")


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (["--prot", "1"], 2, "dynamo-sandbox: Unknown option '--prot'"),
        (["--shards", "0"], 2, "dynamo-sandbox: --shards 0: give a number from 1 to 10000; see dynamo-sandbox --help"),
        (["--account-id", "me"], 2, "dynamo-sandbox: --account-id 'me': give 12 digits, such as 123456789012"),
        (["--region", ""], 2, "dynamo-sandbox: --region '': give the name of a Region"),
    ],
)
def test_wrong_usage_is_one_line(logs, arguments, status, words):
    program = Program([peers.SANDBOX, *arguments], logs / f"sandbox-{free_port()}.log", environment_without_aws())
    assert program.wait(10) == status
    assert program.output.startswith(words) and program.output.count("\n") == 1


def test_a_port_that_is_taken_is_one_line_and_a_failure(sandbox, logs):
    program = Program([peers.SANDBOX, "--port", sandbox.port], logs / "sandbox-taken.log", environment_without_aws())
    assert program.wait(10) == 1
    assert str(sandbox.port) in program.output and program.output.count("\n") == 1


def test_the_example_of_the_readme_prints_what_it_says(logs):
    readme = (PROJECT / "Sandbox/README.md").read_text()
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    promised = re.search(r"It prints `(.*?)` and `(.*?)`", readme).groups()
    with peers.sandbox(logs) as peer:
        ran = subprocess.run(
            [sys.executable, "-c", example.replace("http://127.0.0.1:8000", peer.url)], capture_output=True, text=True, timeout=60
        )
        assert (ran.stdout.splitlines(), ran.stderr) == (list(promised), "")
        for line in re.findall(r"^curl localhost:8000/_sandbox/(\S+) -d '(.*)'", readme, re.MULTILINE):
            assert httpx.post(f"{peer.url}/_sandbox/{line[0]}", content=line[1], timeout=10).status_code == 200, line


def test_the_readme_lists_every_action_and_setting(sandbox):
    readme = (PROJECT / "Sandbox/README.md").read_text()
    actions = act(sandbox, "none", expect=404)["error"].split("there are ")[1].split(", ")
    assert re.findall(r"^\| `([a-z-]+)` \|", readme, re.MULTILINE) == actions
    settings = act(sandbox, "configure", expect=400, none=1)["error"].split("it takes ")[1].split(", ")
    assert [name for name in settings if f"`{name}`" not in readme] == []
    faults = act(sandbox, "fault", expect=400, operation="Scan")["error"].split("there are ")[1].split(", ")
    assert [name for name in faults if f"`{name}`" not in readme] == []
