"""Items, records and keys that this version cannot read: each stays a fault of its own item, is said, and is mended when it can be."""

import json

from support.events import stream, until
from support.processes import wait_for
from support.service import metric, serving
from support.spoiling import SpoilingProxy
from support.tables import create_table, fill

OPTIONS = ("--poll-interval", "50ms")


def odd(name, value="1"):
    """An item that the proxy spoils."""
    return {"id": {"S": name}, "odd": {"S": value}}


def unreadable(service):
    return service.get("/v1/status").json()["unreadable"]


def status_of(service, name):
    return service.get(f"/v1/items/{name}").status_code


def test_an_unreadable_row_does_not_stop_the_scan_and_is_named_wherever_it_is_asked_for(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 30)
    for name in ("item-00010x", "odd"):
        client.put_item(TableName=table, Item=odd(name))
    with SpoilingProxy(ministack).running() as proxy, serving(logs, proxy, table, *OPTIONS) as service:
        assert service.item("item-00029")["n"] == 29
        problem = service.get("/v1/items/odd")
        assert problem.status_code == 502
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json()["type"] == "urn:tablecast:problem:item-unreadable"
        assert "cannot read, such as one with a value of an unknown type" in problem.json()["detail"]
        assert problem.headers["replica-state"] == "live"
        page = service.get("/v1/items", params={"limit": 1000}).json()
        assert len(page["items"]) == 30
        assert page["unreadable"] == [{"id": "item-00010x"}, {"id": "odd"}]
        first = service.get("/v1/items", params={"limit": 5}).json()
        assert "unreadable" not in first
        batch = service.http.post("/v1/items/batch-get", json={"keys": [{"id": "odd"}, {"id": "item-00001"}, {"id": "none"}]}).json()
        assert [item["id"] for item in batch["found"]] == ["item-00001"]
        assert batch["missing"] == [{"id": "none"}]
        assert batch["unreadable"] == [{"id": "odd"}]
        lines = service.get("/v1/items", headers={"accept": "application/x-ndjson"}).text.splitlines()
        assert len(lines) == 31
        assert json.loads(lines[-1])["unreadable_items"] == 2
        status = service.get("/v1/status").json()
        assert status["items"] == 30
        assert status["unreadable"]["items"] == 2
        assert status["unreadable"]["skipped_records"] == status["unreadable"]["skipped_rows"] == 0
        assert len(status["unreadable"]["recent"]) == 2
        assert all("cannot be read (unknown type)" in report["what"] for report in status["unreadable"]["recent"])
        assert metric(service, "tablecast_replica_unreadable_items") == 2
        assert 'the item {"id":' in service.program.output
        with stream(service, "/v1/events?snapshot=always") as events:
            told = [event.json for event in until(events, "ready") if event.kind == "message"]
        assert [change["key"]["id"] for change in told if change["cause"] == "unreadable"] == ["item-00010x", "odd"]
        assert sum(change["op"] == "put" for change in told) == 30


def test_an_item_that_becomes_unreadable_is_followed_until_it_can_be_read_again(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    options = (*OPTIONS, "--state-dir", tmp_path / "state")
    endpoint = SpoilingProxy(ministack)
    with endpoint.running() as proxy:
        with serving(logs, proxy, table, *options) as service:
            position = service.get("/v1/status").json()["position"]
            client.put_item(TableName=table, Item=odd("item-00001"))
            wait_for(lambda: status_of(service, "item-00001") == 502, 10, "the item to be unreadable")
            client.put_item(TableName=table, Item={"id": {"S": "behind"}})
            wait_for(lambda: service.item("behind"), 10, "a write behind it")
            assert service.get("/readyz").status_code == 200
            changes = service.get("/v1/changes", params={"since": position}).json()["changes"]
            told = next(change for change in changes if change["key"]["id"] == "item-00001")
            assert (told["op"], told["cause"]) == ("remove", "unreadable")
            wait_for(lambda: service.get("/v1/status").json()["saved_state"]["saved_seq"], 10, "a save")
            assert service.program.stop() == 0
        with serving(logs, proxy, table, *options) as service:
            assert service.get("/v1/status").json()["saved_state"]["resumed"]
            assert status_of(service, "item-00001") == 502
            assert unreadable(service)["items"] == 1
            client.put_item(TableName=table, Item={"id": {"S": "item-00001"}, "n": {"N": "7"}})
            wait_for(lambda: status_of(service, "item-00001") == 200, 10, "the item to be readable again")
            client.put_item(TableName=table, Item=odd("item-00002"))
            wait_for(lambda: status_of(service, "item-00002") == 502, 10, "the next item to be unreadable")
            client.delete_item(TableName=table, Key={"id": {"S": "item-00002"}})
            wait_for(lambda: status_of(service, "item-00002") == 404, 10, "its removal")
            assert unreadable(service)["items"] == 0


def test_verify_mends_what_can_be_read_again(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    client.put_item(TableName=table, Item=odd("odd", "later"))
    endpoint = SpoilingProxy(ministack)
    options = (*OPTIONS, "--verify-rcu", "1000")
    with endpoint.running() as proxy, serving(logs, proxy, table, *options) as service:
        assert status_of(service, "odd") == 502
        # As after an upgrade of the endpoint, or of what stands before it.
        endpoint.spoils = False
        wait_for(lambda: status_of(service, "odd") == 200, 150, "the comparison to mend the item")
        assert service.item("odd")["odd"] == "later"
        assert unreadable(service)["items"] == 0


def test_a_record_without_readable_keys_is_skipped_said_and_read_again_by_the_next_start(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    endpoint = SpoilingProxy(ministack)
    options = (*OPTIONS, "--state-dir", tmp_path / "state")
    with endpoint.running() as proxy:
        with serving(logs, proxy, table, *options) as service:
            wait_for(lambda: service.get("/v1/status").json()["saved_state"]["saved_seq"], 10, "a save")
            endpoint.nameless = {"item-00001"}
            client.put_item(TableName=table, Item={"id": {"S": "item-00001"}, "n": {"N": "100"}})
            client.put_item(TableName=table, Item={"id": {"S": "behind"}})
            wait_for(lambda: service.item("behind"), 10, "a write behind the record")
            told = unreadable(service)
            assert told["skipped_records"] == 1
            assert told["recent"][0]["what"].startswith("the keys of record ")
            assert "until the table has been compared" in told["recent"][0]["what"]
            assert service.item("item-00001")["n"] == 1
            assert metric(service, "tablecast_replica_skipped_records") == 1
            wait_for(lambda: "whose keys cannot be read" in (service.get("/v1/status").json()["saved_state"]["trouble"] or ""), 10, "why nothing is saved")
            assert "it is skipped" in service.program.output
            assert service.program.stop() == 0
        endpoint.nameless = set()
        with serving(logs, proxy, table, *options) as service:
            assert service.get("/v1/status").json()["saved_state"]["resumed"]
            wait_for(lambda: service.item("item-00001")["n"] == 100, 10, "the record to be read again")
            assert unreadable(service)["skipped_records"] == 0
