"""The built program's access log: one JSON object a request on standard error, complete also when the program is asked to stop."""

import signal

from support import service
from support.tables import create_table

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def entries(running):
    records = [service.parsed(line) for line in running.program.output.splitlines()]
    return [record["metadata"] for record in records if record and record.get("logger") == "tablecast.access"]


def test_every_request_is_one_line_and_a_stream_ends_with_its_life(ministack, tmp_path):
    table = create_table(ministack.client())
    ministack.client().put_item(TableName=table, Item={"id": {"S": "a"}})
    with service.serving(tmp_path, ministack, table, "--access-log", "--server-timing") as running:
        fields = {"X-Request-Id": "order-7", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        answer = running.get("/v1/items/a", headers=fields)
        assert answer.headers["X-Request-Id"] == "order-7"
        assert answer.headers["Server-Timing"].startswith("app;dur=")
        refused = running.get("/v1/items", params={"colour": "red", "ticket": "s3cret"})
        assert refused.json()["request_id"] == refused.headers["X-Request-Id"]
        with running.http.stream("GET", "/v1/events", headers={"X-Request-Id": "watch-7"}) as stream:
            pieces = stream.iter_bytes()
            next(pieces)
            running.program.process.send_signal(signal.SIGTERM)
            assert b"event: bye" in b"".join(pieces)
        assert running.program.wait(20) == 0, running.program.output
        by_id = {entry["request_id"]: entry for entry in entries(running)}
        item = by_id["order-7"]
        assert (item["status"], item["route"], item["path"], item["trace_id"]) == (200, "/v1/items/{pk}", "/v1/items/a", TRACE)
        assert by_id[refused.headers["X-Request-Id"]]["query"] == "colour=red&ticket=***"
        assert "s3cret" not in running.program.output
        assert by_id["watch-7"]["end"] == "completed"
        assert by_id["watch-7"]["duration_ms"] > 0


def test_the_access_log_is_off_unless_asked_for(ministack, tmp_path):
    table = create_table(ministack.client())
    with service.serving(tmp_path, ministack, table) as running:
        assert running.get("/v1/items").headers["X-Request-Id"]
        assert "Server-Timing" not in running.get("/v1/items").headers
        assert entries(running) == []
