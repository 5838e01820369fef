"""Starts while DynamoDB is away: what is waited for, what readers and probes are told meanwhile, and what ends the wait."""

import os
import pty
import subprocess
import threading
import time

import pytest
from support import endpoints
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
        began = time.monotonic()
        with serving(logs, peer, "any", ready=False) as service:
            assert service.program.process.wait(8) == 78
            assert time.monotonic() - began < 5
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
            assert program.wait(20) == 1
        finally:
            program.kill()
        assert 9 < time.monotonic() - began < 15
        output = os.read(master, 65536).decode()
    finally:
        os.close(terminal)
        os.close(master)
    last = output.strip().splitlines()[-1]
    assert "refuses connections" in last and "given up after 10s (--start-timeout; 0 waits until it works)." in last


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
        wait_for(lambda: service.get("/v1/items/item-00001").status_code == 200, 5, "the saved state to be served")
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
