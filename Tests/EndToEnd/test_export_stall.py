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
