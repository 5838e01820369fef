"""moto's dialect of the protocol, where it differs from AWS and ministack: what it does is shown by boto3 first."""

import datetime

import httpx
import pytest
from support import peers
from support.events import stream, until
from support.following import assert_follows, status, wait_for_new_epoch
from support.processes import wait_for
from support.service import serving
from support.tables import canonical, create_table, fill, truth

OFTEN = ("--poll-interval", "50ms")


@pytest.fixture
def forgetful(logs):
    """A moto of the test's own, which it may make forget everything."""
    with peers.moto(logs) as peer:
        yield peer


def stream_place(peer, table):
    streams = peer.client("dynamodbstreams")
    arn = peer.client().describe_table(TableName=table)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    return streams, {"StreamArn": arn, "ShardId": shard}


def records(peer, table):
    """Every record of the table's stream."""
    streams, place = stream_place(peer, table)
    iterator = streams.get_shard_iterator(**place, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return streams.get_records(ShardIterator=iterator)["Records"]


def raw_call(peer, operation, **arguments):
    """One call of the Streams API with nothing between it and its answer."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDBStreams_20120810.{operation}",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    }
    return httpx.post(peer.url, json=arguments, headers=headers, timeout=10)


def update(client, table, key, text):
    client.update_item(
        TableName=table,
        Key={"id": {"S": key}},
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"S": text}},
    )


def test_two_inserts_for_one_update_and_a_record_for_no_change_leave_what_the_table_has(moto, logs):
    client = moto.client()
    table = create_table(client)
    with serving(logs, moto, table, *OFTEN) as service, stream(service) as events:
        until(events, "ready")
        update(client, table, "fresh", "first")
        inserts = [record["eventName"] for record in records(moto, table)]
        assert inserts == ["INSERT", "INSERT"]
        client.put_item(TableName=table, Item={"id": {"S": "same"}, "v": {"S": "unchanged"}})
        client.put_item(TableName=table, Item={"id": {"S": "same"}, "v": {"S": "unchanged"}})
        assert [record["eventName"] for record in records(moto, table)][2:] == ["INSERT", "MODIFY"]
        assert_follows(client, table, service)
        seen, last = [], {}
        for event in events:
            change = event.json
            if "key" in change:
                seen.append(event)
                last[change["key"]["id"]] = change["item"]
            if "marker" in last:
                break
        assert last["fresh"] == {"id": "fresh", "v": "first"} and last["same"] == {"id": "same", "v": "unchanged"}
        numbers = [int(event.id.split(".")[1]) for event in seen]
        assert numbers == sorted(set(numbers))
        now = status(service)
        assert (now["state"], now["last_error"], now["rebuilds"]) == ("live", None, 0)


def test_times_with_a_fraction_are_read_as_times(moto, logs):
    client = moto.client()
    table = create_table(client)
    with serving(logs, moto, table, *OFTEN) as service, stream(service) as events:
        until(events, "ready")
        for number in range(5):
            client.put_item(TableName=table, Item={"id": {"S": "timed"}, "n": {"N": str(number)}})
        created = [record["dynamodb"]["ApproximateCreationDateTime"] for record in records(moto, table)]
        assert any(moment.microsecond for moment in created)
        last = next(event.json for event in events if event.kind == "message" and event.json["item"]["n"] == 4)
        told = datetime.datetime.fromisoformat(last["at"].replace("Z", "+00:00"))
        assert abs((told - created[-1]).total_seconds()) <= 1
        assert 0 <= status(service)["lag_ms"] < 5_000


def test_a_saved_place_is_resumed_in_this_dialect_too(moto, logs, tmp_path):
    client = moto.client()
    table = create_table(client)
    fill(client, table, 20)
    with serving(logs, moto, table, *OFTEN, "--state-dir", tmp_path) as service:
        assert_follows(client, table, service)
        before = status(service)
        assert service.program.stop() == 0
    update(client, table, "while it was away", "two records")
    client.delete_item(TableName=table, Key={"id": {"S": "item-00003"}})
    with serving(logs, moto, table, *OFTEN, "--state-dir", tmp_path) as service:
        after = status(service)
        assert after["saved_state"]["resumed"] and after["scan"]["items"] == 0
        assert (after["epoch"], after["rebuilds"]) == (before["epoch"], 0)
        assert canonical(service.export()) == truth(client, table)
        assert_follows(client, table, service)


def forget_everything(peer):
    """Empties the server; every iterator that it gave out is answered with a page of HTML from then on."""
    assert httpx.post(f"{peer.url}/moto-api/reset", timeout=10).status_code == 200
    answer = raw_call(peer, "GetRecords", ShardIterator="forgotten")
    assert answer.status_code == 500 and answer.headers["Content-Type"].startswith("text/html")


def test_errors_in_html_are_said_and_survived(forgetful, logs):
    client = forgetful.client()
    table = create_table(client)
    fill(client, table, 20)
    with serving(logs, forgetful, table, *OFTEN, "--max-lag", "1s") as service:
        assert_follows(client, table, service)
        forget_everything(forgetful)
        wait_for(lambda: status(service)["state"] == "stale", 10, lambda: f"stale, not {status(service)}")
        said = status(service)
        assert said["reason_code"] == "stream-unreachable" and said["rebuilds"] == 0
        assert "answered with status 500 and an HTML" in said["reason"]
        assert service.get("/readyz").status_code == 503
        answer = service.get("/v1/items/item-00003")
        assert answer.json() == {"id": "item-00003", "n": 3} and answer.headers["Replica-State"] == "stale"


def test_a_table_made_again_is_read_anew(forgetful, logs):
    client = forgetful.client()
    table = create_table(client)
    fill(client, table, 20)
    with serving(logs, forgetful, table, *OFTEN, "--max-lag", "1s") as service:
        assert_follows(client, table, service)
        before = status(service)
        forget_everything(forgetful)
        wait_for(lambda: status(service)["state"] == "stale", 10, lambda: f"stale, not {status(service)}")
        # Back under its name, with other contents and another stream.
        fill(client, create_table(client, name=table), 5, "other")
        arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        assert arn != before["stream_arn"]
        seen = wait_for_new_epoch(service, before)
        assert any(code == "new-stream" and arn in reason for _, code, reason in seen), seen
        assert status(service)["stream_arn"] == arn
        assert service.item("item-00003") is None
        assert_follows(client, table, service)
