"""The event stream as a client reads it: snapshot, changes, resuming, and ends that were asked for."""

import re

from support.events import stream, until
from support.service import serving
from support.tables import create_table, fill

ID = re.compile(r"^[a-z2-7]{8,13}\.[0-9]{1,19}(\.[a-z2-7]{7}(\.[0-9a-z]{1,9}){2})?$")


def changes(events):
    return [event.json for event in events if event.kind == "message"]


def next_change(events):
    return next(event for event in events if event.kind == "message")


def test_a_new_subscriber_gets_the_items_and_then_every_change(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 30)
    with serving(logs, ministack, table) as service, stream(service) as events:
        begun = until(events, "ready")
        assert begun[0].kind == "hello"
        assert sorted(change["key"]["id"] for change in changes(begun)) == [f"item-{number:05d}" for number in range(30)]
        assert {change["op"] for change in changes(begun)} == {"put"}

        client.put_item(TableName=table, Item={"id": {"S": "new"}, "n": {"N": "1"}})
        inserted = next_change(events)
        client.put_item(TableName=table, Item={"id": {"S": "new"}, "n": {"N": "2"}})
        modified = next_change(events)
        client.delete_item(TableName=table, Key={"id": {"S": "new"}})
        removed = next_change(events)
        assert (inserted.json["op"], inserted.json["item"]) == ("put", {"id": "new", "n": 1})
        assert (modified.json["op"], modified.json["item"]["n"]) == ("put", 2)
        assert (removed.json["op"], removed.json["key"]) == ("remove", {"id": "new"})
        assert "item" not in removed.json or removed.json["item"] is None
        for event in (inserted, modified, removed):
            assert ID.match(event.id) and event.json["id"] == event.id
        numbers = [int(event.id.split(".")[1]) for event in (inserted, modified, removed)]
        assert numbers == sorted(set(numbers))


def test_a_subscriber_resumes_where_it_was(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    with serving(logs, ministack, table) as service:
        with stream(service) as events:
            until(events, "ready")
            client.put_item(TableName=table, Item={"id": {"S": "a"}})
            last = next_change(events).id
        for name in ("b", "c"):
            client.put_item(TableName=table, Item={"id": {"S": name}})
        with stream(service, headers={"Last-Event-ID": last}) as events:
            assert [next_change(events).json["key"]["id"] for _ in range(2)] == ["b", "c"]


def test_an_id_from_another_life_is_reset_and_served(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    with serving(logs, ministack, table) as service:
        for identity in ("zzzzzzzz.5", "nonsense", "zzzzzzzz.99999999999999999999999"):
            with stream(service, headers={"Last-Event-ID": identity}) as events:
                seen = until(events, "ready")
                assert "reset" in [event.kind for event in seen]
                assert len(changes(seen)) == 3


def test_a_limit_ends_the_stream(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 10)
    with serving(logs, ministack, table) as service, stream(service, "/v1/events?limit=5") as events:
        assert len(changes(list(events))) == 5


def test_a_timeout_ends_the_stream(ministack, logs):
    table = create_table(ministack.client())
    with serving(logs, ministack, table) as service, stream(service, "/v1/events?timeout=1s") as events:
        assert list(events)[0].kind == "hello"


def test_from_now_on_means_no_snapshot(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    with serving(logs, ministack, table) as service, stream(service, "/v1/events?since=now") as events:
        assert changes(until(events, "ready")) == []
        client.put_item(TableName=table, Item={"id": {"S": "late"}})
        assert next_change(events).json["key"] == {"id": "late"}


def test_a_graceful_stop_says_goodbye(ministack, logs):
    table = create_table(ministack.client())
    with serving(logs, ministack, table) as service, stream(service) as events:
        until(events, "ready")
        service.program.process.terminate()
        assert until(events, "bye")[-1].kind == "bye"
        assert service.program.process.wait(15) == 0
