"""Starts while DynamoDB is away: what is waited for, what readers and probes are told meanwhile, and what ends the wait."""

import os
import pty
import subprocess
import threading
import time

import pytest
from support import endpoints
from support.faulty_shards import TABLE, FaultyShards
from support.following import Mirror, assert_follows
from support.lines import Relay
from support.processes import environment_without_aws, free_port, looks, wait_for
from support.service import command, serving
from support.tables import canonical, create_table, fill, truth


def probe(service, path):
    response = service.get(path)
    return response.status_code, response


def test_a_start_waits_for_an_endpoint_that_is_not_there_yet(ministack, logs):
    """Field case B9."""
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    port = free_port()
    with serving(logs, ministack, table, ready=False, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}") as service:
        wait_for(lambda: "the start waits: " in service.program.output, 10, "the start to wait")
        began = time.monotonic()
        for _ in looks(12, every=0.5):
            assert probe(service, "/livez")[0] == 200
            status, response = probe(service, "/readyz")
            assert status == 503 and response.json()["reason_code"] == "stream-unreachable"
            assert "refuses connections" in response.json()["detail"]
            status, response = probe(service, "/v1/items/item-00001")
            assert status == 503 and int(response.headers["Retry-After"]) >= 1
            assert response.json()["type"].endswith(":replica-not-ready")
            assert "refuses connections" in response.json()["detail"]
        assert time.monotonic() - began >= 12
        assert service.program.process.poll() is None
        log = service.program.output
        assert log.count("the start waits: ") == 1, log
        assert f"listening on http://127.0.0.1:{service.port}" in log
        with Relay(("127.0.0.1", ministack.port), port=port):
            service.wait_until_ready(25)
            assert service.item("item-00001") is not None
            assert service.program.stop() == 0


FAULTS = {
    "a failing endpoint": (500, "InternalServerError", "stream-unreachable"),
    "throttling": (400, "ThrottlingException", "throttled"),
    "expired keys": (400, "ExpiredTokenException", "credentials-expired"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_start_waits_for_what_can_pass(logs, name):
    status, code, reason = FAULTS[name]
    with endpoints.Endpoint(name, endpoints.refusing(status, code)).running() as peer:
        with serving(logs, peer, "any", ready=False) as service:
            service.program.wait_until_accepting(service.port)
            said = wait_for(lambda: (found := service.get("/readyz").json())["reason_code"] == reason and found, 15, reason)
            assert code in said["detail"]
            assert service.program.process.poll() is None
            assert service.program.stop() == 0


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"])
def test_what_no_waiting_can_mend_ends_the_start_at_once(logs, code):
    with endpoints.Endpoint(code, endpoints.refusing(400, code)).running() as peer:
        with serving(logs, peer, "any", ready=False) as service:
            assert service.program.wait(20) == 78
            assert len(service.program.output.splitlines()) == 1 and code in service.program.output


def test_a_start_at_a_terminal_gives_up_after_ten_seconds(ministack):
    settings = ministack.settings(AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    master, terminal = pty.openpty()
    try:
        began = time.monotonic()
        program = subprocess.Popen(
            command("any", free_port()),
            env=environment_without_aws(**settings),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        try:
            assert program.wait(60) == 1
        finally:
            program.kill()
        assert 9 < time.monotonic() - began < 40
        output = os.read(master, 65536).decode()
    finally:
        os.close(terminal)
        os.close(master)
    last = output.strip().splitlines()[-1]
    assert "refuses connections" in last and "given up after 10s (--start-timeout; 0 waits until it works)." in last


@pytest.mark.parametrize("operation", ["DescribeTable", "DescribeStream", "GetShardIterator", "GetRecords", "Scan"])
def test_the_start_timeout_ends_every_wait_for_a_response(logs, operation):
    endpoint = FaultyShards()
    endpoint.hangs = operation
    with endpoint.running() as peer:
        began = time.monotonic()
        with serving(logs, peer, TABLE, "--start-timeout", "3s", ready=False) as service:
            assert service.program.wait(40) == 1
            assert time.monotonic() - began > 3
            last = service.program.output.strip().splitlines()[-1]
            assert f"tablecast: {operation} " in last and " has had no response. Check the endpoint" in last
            assert "given up after 3s (--start-timeout; 0 waits until it works)." in last


def test_while_keys_are_denied_a_start_serves_its_saved_state_and_ends_without_one(logs, tmp_path):
    endpoint = FaultyShards()
    options = ("--state-dir", tmp_path / "state", "--poll-interval", "50ms")
    with endpoint.running() as peer:
        with serving(logs, peer, TABLE, *options) as service:
            endpoint.write("a", "saved", 1)
            wait_for(lambda: service.item("saved"), 10, "the write")
            wait_for(lambda: service.get("/v1/status").json()["saved_state"]["saved_seq"], 10, "a save")
            assert service.program.stop() == 0
        endpoint.refusal = "UnrecognizedClientException"
        with serving(logs, peer, TABLE, *options, "--start-timeout", "1s", ready=False) as service:
            service.program.wait_until_accepting(service.port)
            wait_for(lambda: service.get("/v1/items/saved").status_code == 200, 20, "the saved state to be served")
            wait_for(lambda: endpoint.refusal in service.get("/v1/status").json()["reason"], 10, "the reason")
            status = service.get("/v1/status").json()
            assert (status["state"], status["reason_code"]) == ("stale", "saved-state")
            assert status["saved_state"]["start"] == "served as it was saved: the table has not been described yet"
            assert probe(service, "/readyz")[0] == 503 and probe(service, "/readyz?when=serving")[0] == 200
            log = service.program.output
            assert log.count("the start waits: DescribeTable failed: ") == 1 and "UnrecognizedClientException" in log
            endpoint.refusal = None
            service.wait_until_ready(30)
            assert service.get("/v1/status").json()["saved_state"]["resumed"]
            assert service.program.stop() == 0
        endpoint.refusal = "UnrecognizedClientException"
        with serving(logs, peer, TABLE, ready=False) as service:
            assert service.program.wait(20) == 78
            assert len(service.program.output.splitlines()) == 1 and endpoint.refusal in service.program.output


def test_an_outage_with_a_kill_and_a_restart_in_it(ministack, logs, tmp_path):
    """Subscribers and readers through all of it: stale, gone, shown as it was saved, and live again, in one epoch."""
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 5)
    port, mirror = free_port(), Mirror()
    options = ("--state-dir", tmp_path / "state", "--poll-interval", "50ms", "--max-lag", "2s")
    settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}

    def status(service):
        return service.get("/v1/status").json()

    with serving(logs, ministack, table, *options, ready=False, **settings) as service:
        with Relay(("127.0.0.1", ministack.port), port=port):
            service.wait_until_ready(25)
            assert_follows(client, table, service)
            epoch = status(service)["epoch"]
            reading = threading.Thread(target=mirror.follow, args=(service,))
            reading.start()
            wait_for(lambda: len(mirror.items) == 6, 10, "a subscriber with everything")
            saved = status(service)["position"].split(".")[1]
            wait_for(lambda: status(service)["saved_state"]["saved_seq"] == saved, 10, "everything to be saved")
        away = time.time()
        for number in range(20):
            client.put_item(TableName=table, Item={"id": {"S": f"item-{number % 7:05d}"}, "n": {"N": str(1_000 + number)}})
        wait_for(lambda: status(service)["state"] == "stale", 20, "the outage to be noticed")
        for _ in looks(4, every=0.5):
            assert service.get("/v1/items/item-00001").headers["Replica-State"] == "stale"
        service.program.kill()
        reading.join(10)
    with serving(logs, ministack, table, *options, ready=False, port=service.port, **settings) as service:
        service.program.wait_until_accepting(service.port)
        wait_for(lambda: service.get("/v1/items/item-00001").status_code == 200, 20, "the saved state to be served")
        reading = threading.Thread(target=mirror.follow, args=(service,))
        reading.start()
        for _ in looks(20, every=0.5):
            response = service.get("/v1/items/item-00001")
            assert response.json()["n"] == 1 and response.headers["Replica-State"] == "stale"
            now, seen = time.time(), status(service)
            assert seen["epoch"] == epoch and seen["reason_code"] == "saved-state"
            # Its age is that of the last read of the stream, which ended with the line; the looks between cost a moment.
            assert now - away - 1 <= seen["lag_ms"] / 1_000 <= time.time() - away + 30
        client.delete_item(TableName=table, Key={"id": {"S": "item-00002"}})
        expected = truth(client, table)
        with Relay(("127.0.0.1", ministack.port), port=port):
            service.wait_until_ready(30)
            assert status(service)["epoch"] == epoch and status(service)["saved_state"]["resumed"]
            assert canonical(service.export()) == expected
            wait_for(lambda: canonical(mirror.items.values()) == expected, 20, "the subscriber to have everything")
            assert status(service)["rebuilds"] == 0
            assert service.program.stop() == 0
        reading.join(10)
    assert mirror.resets == 0 and mirror.failure is None


def test_with_a_saved_state_it_serves_at_once_while_dynamodb_is_away(ministack, logs, tmp_path):
    """Field case B8."""
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 5)
    port, mirror = free_port(), Mirror()
    options = ("--state-dir", tmp_path / "state", "--poll-interval", "50ms")
    settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    with Relay(("127.0.0.1", ministack.port), port=port):
        with serving(logs, ministack, table, *options, **settings) as service:
            assert_follows(client, table, service)
            epoch = service.get("/v1/status").json()["epoch"]
            reading = threading.Thread(target=mirror.follow, args=(service,))
            reading.start()
            wait_for(lambda: len(mirror.items) == 6, 10, "a subscriber with everything")
            assert service.program.stop() == 0
            reading.join(10)
    with serving(logs, ministack, table, *options, ready=False, port=service.port, **settings) as service:
        service.program.wait_until_accepting(service.port)
        wait_for(lambda: service.get("/v1/items/item-00001").status_code == 200, 20, "the saved state to be served")
        response = service.get("/v1/items/item-00001")
        assert response.headers["Replica-State"] == "stale"
        first = service.get("/v1/status").json()
        assert (first["state"], first["reason_code"], first["epoch"]) == ("stale", "saved-state", epoch)
        assert first["items"] == 6
        wait_for(lambda: service.get("/v1/status").json()["lag_ms"] > first["lag_ms"] + 1_500, 10, "its age to grow")
        assert service.get("/v1/items/item-00001?max_lag=1s").status_code == 503
        assert probe(service, "/livez")[0] == 200
        status, response = probe(service, "/readyz")
        assert status == 503 and response.json()["reason_code"] == "saved-state"
        reading = threading.Thread(target=mirror.follow, args=(service,))
        reading.start()
        client.put_item(TableName=table, Item={"id": {"S": "item-00001"}, "n": {"N": "1000"}})
        client.delete_item(TableName=table, Key={"id": {"S": "item-00002"}})
        expected = truth(client, table)
        with Relay(("127.0.0.1", ministack.port), port=port):
            service.wait_until_ready(25)
            assert service.get("/v1/status").json()["epoch"] == epoch
            assert canonical(service.export()) == expected
            wait_for(lambda: canonical(mirror.items.values()) == expected, 10, "the subscriber to have everything")
            assert service.program.stop() == 0
        reading.join(10)
    assert mirror.resets == 0 and mirror.failure is None
    assert "the saved state is not used" not in service.program.output
