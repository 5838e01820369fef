"""A table that boto3 changes, followed by the built program: what it serves is what a consistent Scan says."""

import threading
import time

import pytest
from support.following import assert_follows
from support.processes import wait_for
from support.service import serving
from support.tables import canonical, create_table, every_type, fill, truth


def change_everything(client, table, prefix="item"):
    """Every kind of write that the API knows, on items that are there and on new ones."""
    client.put_item(TableName=table, Item={"id": {"S": "new"}, "v": {"N": "1"}})
    client.put_item(TableName=table, Item={"id": {"S": f"{prefix}-00001"}, "replaced": {"BOOL": True}})
    client.update_item(
        TableName=table,
        Key={"id": {"S": f"{prefix}-00002"}},
        UpdateExpression="SET n = n + :one, added = :text",
        ExpressionAttributeValues={":one": {"N": "1"}, ":text": {"S": "x"}},
    )
    client.update_item(
        TableName=table,
        Key={"id": {"S": f"{prefix}-00003"}},
        UpdateExpression="ADD tags :tags REMOVE n",
        ExpressionAttributeValues={":tags": {"SS": ["red", "blue"]}},
    )
    client.delete_item(TableName=table, Key={"id": {"S": f"{prefix}-00004"}})
    client.batch_write_item(
        RequestItems={
            table: [
                {"PutRequest": {"Item": {"id": {"S": "batch"}, "v": {"S": "put"}}}},
                {"DeleteRequest": {"Key": {"id": {"S": f"{prefix}-00005"}}}},
            ]
        }
    )
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": {"id": {"S": "transaction"}, "v": {"N": "7"}}}},
            {
                "Update": {
                    "TableName": table,
                    "Key": {"id": {"S": f"{prefix}-00006"}},
                    "UpdateExpression": "SET v = :v",
                    "ExpressionAttributeValues": {":v": {"S": "transacted"}},
                }
            },
            {"Delete": {"TableName": table, "Key": {"id": {"S": f"{prefix}-00007"}}}},
            {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": {"id": {"S": f"{prefix}-00008"}},
                    "ConditionExpression": "attribute_exists(id)",
                }
            },
        ]
    )
    # Gone and back again, which a replica must not take for gone.
    client.delete_item(TableName=table, Key={"id": {"S": f"{prefix}-00009"}})
    client.put_item(TableName=table, Item={"id": {"S": f"{prefix}-00009"}, "back": {"BOOL": True}})


def test_what_was_there_and_what_changes_reaches_the_replica(peer, logs):
    client = peer.client()
    table = create_table(client)
    fill(client, table, 120)
    client.put_item(TableName=table, Item=every_type())
    with serving(logs, peer, table) as service:
        assert canonical(service.export()) == truth(client, table)
        change_everything(client, table)
        assert_follows(client, table, service)
        assert service.item("item-00004") is None
        assert service.item("item-00002")["added"] == "x"


def test_every_attribute_type_arrives_over_the_stream_as_it_does_by_scan(peer, logs):
    client = peer.client()
    table = create_table(client)
    client.put_item(TableName=table, Item=every_type("scanned"))
    with serving(logs, peer, table) as service:
        client.put_item(TableName=table, Item=every_type("streamed"))
        assert_follows(client, table, service)
        plain, over_stream = service.item("scanned"), service.item("streamed")
        assert {**plain, "id": None} == {**over_stream, "id": None}
        assert plain["digits"] == 12345678901234567890123456789012345678
        assert plain["null"] is None and plain["true"] is True and plain["empty"] == ""
        assert sorted(plain["strings"]) == ["a", "b", "ü"]


@pytest.mark.parametrize("view", ["KEYS_ONLY", "OLD_IMAGE"])
def test_a_stream_that_does_not_carry_the_items(peer, logs, view):
    client = peer.client()
    table = create_table(client, view=view)
    fill(client, table, 60)
    with serving(logs, peer, table, "--verify-rcu", "200", "--scan-rcu", "500") as service:
        assert canonical(service.export()) == truth(client, table)
        change_everything(client, table)
        assert_follows(client, table, service)
        assert service.item("item-00004") is None
        status = service.get("/v1/status").json()
        assert status["reason_code"] == "following" and status["rebuilds"] == 0
        assert status["scan"]["consumed_rcu"] > 0 and status["scan"]["rcu_per_second"] == 500


def test_writes_during_the_start_are_neither_lost_nor_undone(peer, logs):
    client = peer.client()
    table = create_table(client)
    fill(client, table, 400)
    stop, failures = threading.Event(), []

    def write():
        writer, count = peer.client(), 0
        try:
            while not stop.is_set():
                key = {"id": {"S": f"item-{count % 50:05d}"}}
                if count % 7 == 3:
                    writer.delete_item(TableName=table, Key=key)
                else:
                    writer.put_item(TableName=table, Item={**key, "n": {"N": str(count)}, "during": {"BOOL": True}})
                count += 1
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with serving(logs, peer, table) as service:
            stop.set()
            thread.join(30)
            assert not failures
            assert_follows(client, table, service)
    finally:
        stop.set()
        thread.join(30)


def test_a_write_is_visible_within_a_second(ministack, logs, record_property):
    client = ministack.client()
    table = create_table(client)
    with serving(logs, ministack, table) as service:
        delays = []
        for number in range(20):
            client.put_item(TableName=table, Item={"id": {"S": "watched"}, "n": {"N": str(number)}})
            written = time.monotonic()
            wait_for(lambda: (service.item("watched") or {}).get("n") == number, 5, f"write {number}")
            delays.append(time.monotonic() - written)
        delays.sort()
        record_property("visible_after_ms", [round(delay * 1000) for delay in delays])
        print(f"write to visible: median {delays[10] * 1000:.0f} ms, longest {delays[-1] * 1000:.0f} ms")
        # The longest of twenty tells of the machine as much as of the service; each has 5 s.
        assert delays[10] < 1


def test_a_killed_service_converges_when_started_again(peer, logs):
    client = peer.client()
    table = create_table(client)
    fill(client, table, 60)
    with serving(logs, peer, table) as service:
        port = service.port
        client.put_item(TableName=table, Item={"id": {"S": "before"}, "n": {"N": "1"}})
        service.program.kill()
    change_everything(client, table)
    client.delete_item(TableName=table, Key={"id": {"S": "before"}})
    with serving(logs, peer, table, port=port) as service:
        assert canonical(service.export()) == truth(client, table)
        assert service.item("before") is None
        assert_follows(client, table, service)


def test_it_stops_when_asked_and_says_so_with_its_status(ministack, logs):
    table = create_table(ministack.client())
    with serving(logs, ministack, table) as service:
        assert service.program.stop() == 0


def test_an_empty_table_becomes_ready(peer, logs):
    table = create_table(peer.client())
    with serving(logs, peer, table) as service:
        assert service.export() == []
        assert service.get("/v1/status").json()["items"] == 0


def test_a_quarrel_of_transactions_leaves_the_replica_with_the_winner(ministack, logs):
    """Only on ministack: moto orphans the iterators that it gave out before a cancelled transaction."""
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "1"}})
    with serving(logs, ministack, table) as service:
        put = {"Put": {"TableName": table, "Item": {"id": {"S": "b"}, "n": {"N": "2"}}}}
        check = {"TableName": table, "Key": {"id": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(id)"}
        try:
            client.transact_write_items(TransactItems=[put, {"ConditionCheck": check}])
        except client.exceptions.TransactionCanceledException:
            pass
        else:
            raise AssertionError("the transaction should have been cancelled")
        assert_follows(client, table, service)
        assert service.item("b") is None
