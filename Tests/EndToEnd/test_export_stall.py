"""A client that stops reading an export is dropped after the write stall's 30 s: no memory for it, no harm to others."""

import json
import time

from support.processes import looks, resident
from support.service import metric, serving
from support.tables import create_table
from support.wire import Wire

MIB = 1 << 20
ITEMS, TEXT = 120, "x" * 300_000
STALL = 30
# As many as are given an export at once.
READERS = 8


def test_a_reader_that_stops_is_dropped(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    for number in range(ITEMS):
        client.put_item(TableName=table, Item={"id": {"S": f"item-{number:03d}"}, "text": {"S": TEXT}})
    with serving(logs, ministack, table) as service:
        process = service.program.process
        service.get("/v1/items/item-000")
        memory_before = resident(process)

        def dropped():
            return metric(service, "tablecast_http_connections_closed_total") - closed_before

        closed_before = metric(service, "tablecast_http_connections_closed_total")
        stopped = [Wire(service.port, receive_buffer=4096) for _ in range(READERS)]
        for wire in stopped:
            wire.send(b"GET /v1/items HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n")
            wire.take_through(b"HTTP/1.1 200 OK\r\n")
        begun = time.monotonic()
        most = 0
        for _ in looks(STALL + 30, every=0.5):
            most = max(most, resident(process))
            # Others are served all along, also another export to its end.
            assert service.get("/v1/items/item-001").status_code == 200
            if dropped() >= len(stopped):
                break
        after = time.monotonic() - begun
        assert dropped() == len(stopped), f"{dropped()} of {len(stopped)} dropped after {after:.0f} s"
        assert after > STALL - 5, f"dropped after {after:.0f} s, which a slow network can take"
        # Eight answers of 36 MB each: what is held of one is a buffer.
        assert most - memory_before < 24 * MIB, f"{(most - memory_before) / MIB:.0f} MiB for the readers that stopped"
        lines = service.get("/v1/items", headers={"Accept": "application/x-ndjson"}, timeout=60).text.splitlines()
        assert len(lines) == ITEMS + 1 and "as_of" in json.loads(lines[-1])
        for wire in stopped:
            wire.close()


def test_a_client_that_half_closes_receives_all(ministack, logs):
    """FIN behind the request says that nothing more is asked for, not that nobody reads."""
    client = ministack.client()
    table = create_table(client)
    for number in range(20):
        client.put_item(TableName=table, Item={"id": {"S": f"item-{number:03d}"}, "text": {"S": TEXT}})
    with serving(logs, ministack, table) as service:
        for path, fields in (("/v1/items", "Accept: application/x-ndjson\r\n"), ("/v1/items?limit=20", "")):
            with Wire(service.port, receive_buffer=4096, patience=60) as wire:
                wire.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
                wire.finish_sending()
                # Long enough for the FIN to be seen before the rest is taken.
                assert service.get("/v1/items/item-001").status_code == 200
                response = wire.response()
                assert response.status == 200
                # A page ends at some megabytes.
                read = len(response.body.splitlines()) - 1 if fields else len(json.loads(response.body)["items"])
                assert read == 20 if fields else read > 10
                assert wire.rest() == b""
        keys = [{"id": f"item-{number:03d}"} for number in range(20)]
        body = json.dumps({"keys": keys}).encode()
        with Wire(service.port, receive_buffer=4096, patience=60) as wire:
            wire.send(b"POST /v1/items/batch-get HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n")
            wire.send(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            wire.finish_sending()
            response = wire.response()
            assert response.status == 200 and json.loads(response.body), response.body[:300]
        # A long poll ends when there is news.
        position = service.get("/v1/items/item-001").headers["Replica-Position"]
        with Wire(service.port, patience=60) as wire:
            wire.send(f"GET /v1/changes?since={position} HTTP/1.1\r\nHost: a\r\nPrefer: wait=20\r\n\r\n".encode())
            wire.finish_sending()
            assert service.get("/v1/items/item-001").status_code == 200
            client.put_item(TableName=table, Item={"id": {"S": "news"}})
            response = wire.response()
            assert response.status == 200 and b'"news"' in response.body
            assert wire.rest() == b""
