"""Clients that do not read, and clients that take every connection: they cost little, and the service keeps what it needs itself."""

import contextlib
import json
import os
import resource
import time

import pytest
from support.processes import Program, environment_without_aws, free_port, looks, resident, wait_for
from support.service import Service, command, metric, serving
from support.tables import create_table, fill
from support.wire import Wire

MIB = 1 << 20
# Items of 300 KB, 50 of which are what a batch may have: an answer of 15 MB.
ITEMS, TEXT = 50, "x" * 300_000
READERS = 100
FILES = 256


def batch(keys):
    body = json.dumps({"keys": [{"id": key} for key in keys]}).encode()
    head = "POST /v1/items/batch-get HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_clients_that_do_not_read_cost_little(ministack, logs):
    """Section 2: a hundred clients ask for 15 MB each and read nothing; 1.5 GB would wait if answers were whole."""
    client = ministack.client()
    table = create_table(client)
    keys = [f"item-{number:03d}" for number in range(ITEMS)]
    for key in keys:
        client.put_item(TableName=table, Item={"id": {"S": key}, "text": {"S": TEXT}})
    with serving(logs, ministack, table) as service:
        process = service.program.process
        whole = service.http.post("/v1/items/batch-get", json={"keys": [{"id": key} for key in keys]}, timeout=60).json()
        assert [item["id"] for item in whole["found"]] == keys and whole["missing"] == []
        before = resident(process)
        targets = [batch(keys), b"GET /v1/items?limit=1000 HTTP/1.1\r\nHost: a\r\n\r\n"]
        targets += [b"GET /v1/changes?since=0 HTTP/1.1\r\nHost: a\r\n\r\n"]
        readers = []
        most = 0
        for number in range(READERS):
            wire = Wire(service.port, receive_buffer=4096)
            wire.send(targets[0] if number % 2 == 0 else targets[1 + number // 2 % 2])
            readers.append(wire)
            most = max(most, resident(process))
        for _ in looks(3, every=0.2):
            most = max(most, resident(process))
            assert service.get("/v1/items/item-001").status_code == 200
        status = service.get("/v1/status").json()["pending"]
        assert 0 < status["bytes"] <= status["limit_bytes"]
        assert most - before < 200 * MIB, f"{(most - before) / MIB:.0f} MiB for {READERS} clients that do not read"
        for wire in readers:
            wire.close()
        wait_for(lambda: metric(service, "tablecast_http_pending_bytes") == 0)


def test_beyond_the_limit_large_answers_wait_and_stalled_clients_go(ministack, logs):
    """Section 2: with little memory for slow clients they lose their connections, and a client that reads is served."""
    client = ministack.client()
    table = create_table(client)
    keys = [f"item-{number:03d}" for number in range(20)]
    for key in keys:
        client.put_item(TableName=table, Item={"id": {"S": key}, "text": {"S": TEXT}})
    with serving(logs, ministack, table, "--max-pending-bytes", str(2 * MIB)) as service:
        readers = []
        for _ in range(40):
            wire = Wire(service.port, receive_buffer=4096)
            wire.send(batch(keys))
            readers.append(wire)

        def served():
            answer = service.http.post("/v1/items/batch-get", json={"keys": [{"id": key} for key in keys]}, timeout=60)
            if answer.status_code == 503:
                assert 1 <= int(answer.headers["retry-after"]) <= 3
                assert answer.json()["type"] == "urn:tablecast:problem:overloaded"
                return False
            assert answer.status_code == 200, answer.text
            return len(answer.json()["found"]) == len(keys)

        # As a client does: it retries after what the answer says, in short here.
        wait_for(served, 60, every=0.2)
        assert metric(service, "tablecast_http_pending_closed_total") > 0
        assert metric(service, "tablecast_http_pending_refused_total") > 0
        wait_for(lambda: "raise --max-pending-bytes" in service.program.output)
        for wire in readers:
            wire.close()


@contextlib.contextmanager
def serving_with_few_files(logs, peer, table, *options, soft=FILES, hard=FILES):
    """`tablecast serve` with a limit of open files."""
    port = free_port()
    shell = ["/bin/sh", "-c", f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"', "sh"]
    program = Program(
        [*shell, *command(table, port, *options)], logs / f"tablecast-{port}.log", environment_without_aws(**peer.settings())
    )
    service = Service(program, port)
    try:
        yield service.wait_until_ready(30)
    finally:
        service.http.close()
        if program.process.poll() is None:
            program.kill()


def limit_of_files(service):
    return resource.prlimit(service.program.process.pid, resource.RLIMIT_NOFILE)


def test_the_soft_limit_of_files_is_raised(ministack, logs):
    """B14: a shell's 1,024 is not what the service makes do with."""
    client = ministack.client()
    table = create_table(client)
    with serving_with_few_files(logs, ministack, table, soft=300, hard=1_000) as service:
        assert limit_of_files(service) == (1_000, 1_000)
        connections = service.get("/v1/status").json()["connections"]
        assert connections["open_files_limit"] == 1_000
        assert connections["limit"] == 1_000 - connections["open_files_reserved"]
        assert connections["configured"] == 20_000
        assert f"at most {connections['limit']} connections are served" in service.program.output
    with serving_with_few_files(logs, ministack, table, soft=80, hard=80) as service:
        assert service.get("/v1/status").json()["connections"]["limit"] == 16
        assert "files or calls to DynamoDB may still fail" in service.program.output
        assert "Raise it with ulimit -n" in service.program.output


def write_tokens(path, token):
    path.write_text(json.dumps({"tokens": [{"name": "reader", "token": token, "scopes": ["read", "stream", "metrics", "status"]}]}))


@pytest.mark.parametrize("kind", ["idle", "busy"])
def test_clients_do_not_take_the_services_own_files(ministack, logs, tmp_path, kind):
    """Case 4: with every place taken writes arrive, the state is saved, a changed token file is read, and probes are answered."""
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 20)
    tokens = tmp_path / "tokens.json"
    first, second = "a" * 40, "b" * 40
    write_tokens(tokens, first)
    options = ("--auth-token-file", tokens, "--state-dir", tmp_path / "state", "--max-connections-per-address", "0", "--loops", "2", "--crash-dumps")
    with serving_with_few_files(logs, ministack, table, *options) as service:
        authorization = {"token": first}

        def get(wire, path):
            line = f"Authorization: Bearer {authorization['token']}\r\n"
            wire.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n{line}\r\n".encode())
            return wire.response()

        def fresh(path):
            """The answer to a new connection; None where it was refused or closed."""
            with contextlib.suppress(AssertionError, ConnectionError), Wire(service.port) as wire:
                answer = get(wire, path)
                return answer if answer.status != 503 else None

        service.http.close()
        held = Wire(service.port)
        status = json.loads(get(held, "/v1/status").body)
        limit = status["connections"]["limit"]
        assert limit == FILES - status["connections"]["open_files_reserved"] < 100
        crowd = []
        stream = f"GET /v1/events?snapshot=never HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {first}\r\n\r\n".encode()

        def crowd_in():
            """More clients than there are places: one that is turned away does not come again."""
            for _ in range(2 * limit):
                wire = Wire(service.port)
                with contextlib.suppress(OSError):
                    if kind == "busy":
                        wire.send(stream)
                crowd.append(wire)

        def files():
            return len(os.listdir(f"/proc/{service.program.process.pid}/fd"))

        crowd_in()
        wait_for(lambda: metric_of(get(held, "/metrics"), "tablecast_http_connections_refused_total") > 0)
        if kind == "idle":
            # A probe gets the place of one that is idle.
            assert wait_for(lambda: fresh("/livez")).status == 200
        saves = json.loads(get(held, "/v1/status").body)["saved_state"]["saves"]
        client.put_item(TableName=table, Item={"id": {"S": "new"}, "v": {"N": "1"}})
        wait_for(lambda: get(held, "/v1/items/new").status == 200)
        wait_for(lambda: json.loads(get(held, "/v1/status").body)["saved_state"]["saves"] > saves)
        assert json.loads(get(held, "/v1/status").body)["saved_state"]["trouble"] is None
        write_tokens(tokens, second)
        wait_for(lambda: get(held, "/v1/items/new").status == 401)
        authorization["token"] = second
        assert get(held, "/v1/items/new").status == 200
        assert files() < FILES - 64, "connections use files that are kept for the service"
        assert "Too many open files" not in service.program.output
        for wire in crowd:
            wire.close()
        assert wait_for(lambda: fresh("/livez")).status == 200
        held.close()


def metric_of(answer, name):
    """The sum of a metric over its labels."""
    lines = answer.body.decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def test_a_slow_reader_is_cut_off(ministack, logs):
    """Section 2: a client that takes a little again and again is closed; before, each byte bought another 30 s."""
    client = ministack.client()
    table = create_table(client)
    for number in range(40):
        client.put_item(TableName=table, Item={"id": {"S": f"item-{number:03d}"}, "text": {"S": TEXT}})
    with serving(logs, ministack, table) as service, Wire(service.port, receive_buffer=4096) as wire:
        closed = metric(service, "tablecast_http_connections_closed_total")
        wire.send(batch([f"item-{number:03d}" for number in range(40)]))
        begun = time.monotonic()
        taken = 0
        # Some 300 octets a second.
        for _ in looks(90, every=0.5):
            with contextlib.suppress(OSError):
                taken += len(wire.socket.recv(150))
            if metric(service, "tablecast_http_connections_closed_total") > closed:
                break
        after = time.monotonic() - begun
        assert metric(service, "tablecast_http_connections_closed_total") > closed, f"not closed after {after:.0f} s"
        assert after > 20, f"closed after {after:.0f} s, in which a slow network can come to a stop"
        assert taken < 1_000_000
