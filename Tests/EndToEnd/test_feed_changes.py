"""The feed beyond the event stream: pages, long polls, NDJSON, filters, every step, histories, compression."""

import gzip
import http.client
import json
import threading
import zlib

from support.events import blocks, stream, until
from support.following import status, writing
from support.processes import wait_for
from support.service import serving
from support.tables import create_table, fill


def page(service, since, wait=None, **parameters):
    headers = {"Prefer": f"wait={wait}"} if wait else {}
    response = service.get("/v1/changes", params={"since": since, **parameters}, headers=headers, timeout=30)
    assert response.status_code == 200, response.text
    return response.json()


def apply(mirror, changes):
    for change in changes:
        identity = change["key"]["id"]
        if change["op"] == "remove":
            mirror.pop(identity, None)
        else:
            mirror[identity] = change["item"]


def items(service, **parameters):
    listed, parameters = [], {"limit": "1000", **parameters}
    while True:
        answer = service.get("/v1/items", params=parameters).json()
        listed += answer["items"]
        if answer["next"] is None:
            return {item["id"]: item for item in listed}
        parameters["cursor"] = answer["next"]


def test_a_mirror_kept_by_pages_equals_the_table(ministack, logs):
    """Pages of any size, while the table changes, with and without a filter."""
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 60)
    with serving(logs, ministack, table) as service:
        mirrors = {"": {}, "n < 1030": {}}
        sinces = {where: "0" for where in mirrors}

        def read(where, limit):
            answer = page(service, sinces[where], limit=limit, **({"where": where} if where else {}))
            apply(mirrors[where], answer["changes"])
            sinces[where] = answer["next"]
            return answer

        with writing(ministack, table) as made:
            for turn in range(60):
                for where in mirrors:
                    read(where, 1 + turn % 9)
            assert made() > 0
        client.put_item(TableName=table, Item={"id": {"S": "last"}, "n": {"N": "5"}})
        for where, mirror in mirrors.items():
            wait_for(lambda: not read(where, 1000)["more"] and "last" in mirror, 20, "the last write to arrive")
            assert mirror == items(service, **({"where": where} if where else {}))


def test_a_long_poll_waits_for_the_next_change(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    with serving(logs, ministack, table) as service:
        since = page(service, "now")["next"]
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(page(service, since, wait=20, where="n > 1")))
        waiting.start()
        wait_for(lambda: status(service)["subscribers"] == 1, 10, "the poll to wait")
        client.put_item(TableName=table, Item={"id": {"S": "other"}, "n": {"N": "1"}})
        client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "2"}})
        waiting.join(20)
        assert [change["key"]["id"] for change in answers[0]["changes"]] == ["a"]


def test_ndjson_goes_on_after_a_snapshot(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    with serving(logs, ministack, table) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=15)
        connection.request("GET", "/v1/changes?limit=4", headers={"Accept": "application/x-ndjson", "Accept-Encoding": "gzip"})
        response = connection.getresponse()
        assert response.headers["Content-Encoding"] == "gzip"
        reader, text = zlib.decompressobj(wbits=31), b""
        while b'"event":"ready"' not in text:
            text += reader.decompress(response.read1(65536))
        client.put_item(TableName=table, Item={"id": {"S": "late"}})
        # The batch can be read as soon as it has come, and the file ends whole.
        text += reader.decompress(response.read())
        assert reader.eof
        lines = [json.loads(line) for line in text.decode().splitlines()]
        assert [line.get("event", line.get("op")) for line in lines] == ["hello", "put", "put", "put", "ready", "put", "bye"]
        connection.close()


def test_a_compressed_event_stream_is_one_gzip_file(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 200)
    with serving(logs, ministack, table) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=15)
        connection.request("GET", "/v1/events?limit=200", headers={"Accept-Encoding": "gzip"})
        body = connection.getresponse().read()
        plain = gzip.decompress(body)
        assert len(body) < len(plain) / 3
        assert [event.kind for event in blocks(iter(plain.splitlines(keepends=True)))].count("message") == 200
        assert "tablecast_feed_saved_bytes_total" in service.get("/metrics").text
        connection.close()


def test_an_item_that_leaves_a_filter_is_told(ministack, logs):
    client = ministack.client()
    table = create_table(client, view="NEW_IMAGE")
    with serving(logs, ministack, table) as service:
        with stream(service, "/v1/events?where=n%20%3C%2010") as events:
            until(events, "ready")
            for value in (1, 50, 2):
                client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": str(value)}})
                seen = next(event.json for event in events if event.kind == "message")
                assert (seen["op"], seen["cause"]) == (("remove", "filter") if value == 50 else ("put", "stream"))
            client.put_item(TableName=table, Item={"id": {"S": "b"}, "n": {"N": "70"}})
            client.delete_item(TableName=table, Key={"id": {"S": "b"}})
            client.delete_item(TableName=table, Key={"id": {"S": "a"}})
            seen = next(event.json for event in events if event.kind == "message")
            assert (seen["op"], seen["key"], seen["cause"]) == ("remove", {"id": "a"}, "stream")


def test_every_step_is_told_with_what_it_changed(ministack, logs):
    """The stream carries new images only: what was there before is the replica's own knowledge."""
    client = ministack.client()
    table = create_table(client, view="NEW_IMAGE")
    with serving(logs, ministack, table) as service:
        since = page(service, "now")["next"]
        for value in range(5):
            item = {"id": {"S": "a"}, "n": {"N": str(value)}, "kept": {"L": [{"N": "1"}, {"N": str(value)}]}}
            client.put_item(TableName=table, Item=item)
        client.delete_item(TableName=table, Key={"id": {"S": "a"}})
        steps = []

        def read():
            nonlocal since
            answer = page(service, since, mode="all", diff="patch")
            steps.extend(answer["changes"])
            since = answer["next"]
            return len(steps) == 6

        wait_for(read, 20, lambda: f"six steps, not {steps}")
        numbers = [int(step["id"].split(".")[1]) for step in steps]
        assert numbers == list(range(numbers[0], numbers[0] + 6))
        assert [step["op"] for step in steps] == ["put"] * 5 + ["remove"]
        assert "patch" not in steps[0] and sorted(steps[0]["changed"]) == ["id", "kept", "n"]
        for value, step in enumerate(steps[1:5], 1):
            assert sorted(step["changed"]) == ["kept", "n"]
            assert step["patch"] == [
                {"op": "replace", "path": "/kept/1", "value": value},
                {"op": "replace", "path": "/n", "value": value},
            ]
        history = service.get("/v1/items/a/history", params={"diff": "old"}).json()
        assert history["complete"]
        assert [version["op"] for version in history["versions"]] == ["remove"] + ["put"] * 5
        assert history["versions"][0]["old"]["n"] == 4
        assert history["versions"][-1]["old"] is None


def test_a_history_that_is_too_short_is_overrun(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    with serving(logs, ministack, table, "--history-bytes", "500") as service:
        since = page(service, "now")["next"]
        fill(client, table, 100)
        wait_for(lambda: status(service)["items"] == 100, 20, "the items to arrive")
        answer = service.get("/v1/changes", params={"since": since, "mode": "all"})
        assert answer.status_code == 410
        assert answer.json()["reason_code"] == "overrun"
        assert page(service, since)["changes"]


def test_a_page_for_another_life_names_the_way_back(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 2)
    with serving(logs, ministack, table) as service:
        answer = service.get("/v1/changes", params={"since": "zzzzzzzz.1", "where": "n < 5"})
        assert answer.status_code == 410
        assert answer.links["restart"]["url"] == answer.json()["restart"]
        assert len(service.follow(answer, answer.json()["restart"]).json()["changes"]) == 2


def patched(value, operations):
    """A JSON value after a patch, by the letter of RFC 6902."""
    for operation in operations:
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in operation["path"].split("/")[1:]]
        if not tokens:
            assert operation["op"] == "replace"
            value = operation["value"]
            continue
        inner = value
        for token in tokens[:-1]:
            inner = inner[int(token) if isinstance(inner, list) else token]
        last = int(tokens[-1]) if isinstance(inner, list) else tokens[-1]
        match operation["op"]:
            case "remove":
                del inner[last]
            case "add" if isinstance(inner, list):
                inner.insert(last, operation["value"])
            case _:
                inner[last] = operation["value"]
    return value


def test_a_patch_is_no_longer_than_its_item(ministack, logs):
    """100,000 numbers under a name of 60 KB, all changed by one write: each operation of a patch would repeat the name."""
    client = ministack.client()
    table = create_table(client)
    name = "n" * 60_000
    with serving(logs, ministack, table) as service:
        since = page(service, "now")["next"]
        for digit in ("1", "2"):
            client.put_item(TableName=table, Item={"id": {"S": "a"}, name: {"L": [{"N": digit}] * 100_000}})
        wait_for(lambda: (service.item("a", timeout=30) or {}).get(name, [0])[0] == 2, 60, "the second write to arrive")
        item = service.item("a", timeout=30)
        size = len(json.dumps(item, separators=(",", ":")))

        history = service.get("/v1/items/a/history?diff=patch&limit=1", timeout=60)
        assert history.status_code == 200 and len(history.content) < 3 * size
        (version,) = history.json()["versions"]
        assert len(json.dumps(version["patch"], separators=(",", ":"))) <= size + 1024
        old = {"id": "a", name: [1] * 100_000}
        assert patched(old, version["patch"]) == item

        response = service.get("/v1/changes", params={"since": since, "mode": "all", "diff": "patch"}, timeout=60)
        assert response.status_code == 200 and len(response.content) < 5 * size
        assert [len(change.get("patch", [])) for change in response.json()["changes"]] == [0, 1]

        with stream(service, "/v1/events?mode=all&diff=patch&limit=2", {"Last-Event-ID": since}, seconds=60) as events:
            told = [event.json for event in events if event.kind == "message"]
        assert [len(change.get("patch", [])) for change in told] == [0, 1]
        assert patched(old, told[1]["patch"]) == item
        assert service.get("/livez", timeout=30).status_code == 200
