"""A replica whose connection to DynamoDB stands still inside the process: what clients are told, and that it ends when asked to.

Without --crash-dumps only root may stop a thread of it."""

import signal
import time

from support.freezing import frozen, transport_thread
from support.processes import wait_for
from support.service import metric, serving
from support.tables import create_table


def test_a_transport_that_stands_still_is_said_on_every_answer_and_passes(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "1"}})
    with serving(logs, ministack, table, "--max-lag", "3s", "--crash-dumps") as service:
        with frozen(transport_thread(service.program.process.pid)):
            client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "2"}})
            wait_for(lambda: service.get("/readyz").status_code == 503, 20, "the replica to be not ready")
            assert service.get("/livez").status_code == 200
            old = service.get("/v1/items/a")
            assert (old.status_code, old.json()["n"], old.headers["Replica-State"]) == (200, 1, "stale")
            assert int(old.headers["Replica-Lag"]) > 3_000
            said = wait_for(lambda: stalled(service), 20, lambda: f"the reason, not {service.get('/v1/status').json()}")
            assert said["reason"].startswith("replication has not completed a read for ")
            assert service.get("/v1/items/a", params={"max_lag": "3s"}).status_code == 503
            assert metric(service, 'tablecast_replica_reason{reason="stalled"}') == 1
        wait_for(lambda: service.get("/readyz").status_code == 200, 40, "the replica to be ready again")
        wait_for(lambda: service.item("a")["n"] == 2, 20, "the write")
        assert "replica is stale, was live: replication has not completed a read for " in service.program.output
        assert service.program.stop() == 0


def stalled(service):
    status = service.get("/v1/status").json()
    return status if status["reason_code"] == "stalled" else None


def test_a_stop_ends_although_the_transport_stands_still(ministack, logs):
    """The grace of 1 s and its margin of 3 s; the bound allows for a slow machine."""
    table = create_table(ministack.client())
    with serving(logs, ministack, table, "--shutdown-grace", "1s", "--crash-dumps") as service:
        process = service.program.process
        with frozen(transport_thread(process.pid)) as thread:
            # By then reads wait for the transport, and so does whoever cancels them.
            wait_for(lambda: service.get("/v1/status").json()["lag_ms"] > 3_000, 20, "reads to wait")
            asked = time.monotonic()
            process.send_signal(signal.SIGTERM)
            wait_for(lambda: thread.has_ended() and process.poll() is not None, 25, "the end of the process")
            assert time.monotonic() - asked > 1
        assert process.returncode == 1
        assert "tablecast: the stop did not end within 4 s of the signal: " in service.program.output
