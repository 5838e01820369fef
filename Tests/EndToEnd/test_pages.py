"""What pages in browsers reach, and what a crash leaves behind, against the built program as an operator starts it."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import httpx
import pytest
from support.processes import free_port, wait_for
from support.service import BINARY, metric, serving
from support.tables import create_table


@pytest.fixture(scope="module")
def local(ministack, logs):
    """On loopback without tokens, and without what the other tests allow."""
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}})
    with serving(logs, ministack, table, TABLECAST_ALLOWED_HOST="") as service:
        yield service


def exchange(port, request):
    """Everything that comes for bytes sent, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", ["/", "/v1/items", "/v1/items/a", "/v1/events", "/v1/changes", "/v1/status", "/metrics", "/livez", "/client.js"])
def test_a_rebound_name_reads_nothing(local, path):
    response = local.get(path, headers={"Host": f"evil.example:{local.port}"})
    assert response.status_code == 421
    problem = response.json()
    assert problem["type"] == "urn:tablecast:problem:misdirected-request"
    assert "evil.example" in problem["detail"] and "--allowed-host evil.example" in problem["detail"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "localhost.:80", "127.0.0.1", "127.1.2.3:8080", "[::1]", "[::1]:8080"])
def test_loopback_by_any_of_its_names_is_served(local, host):
    assert local.get("/v1/items/a", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.evil.example", "127.evil.example", "0.0.0.0", "[::2]", "xlocalhost"])
def test_what_only_looks_like_loopback_is_not(local, host):
    assert local.get("/v1/items/a", headers={"Host": host}).status_code == 421


def test_the_target_stands_for_the_host(local):
    head = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert exchange(local.port, b"GET http://evil.example/v1/items/a" + head).startswith(b"HTTP/1.1 421 ")
    assert exchange(local.port, b"GET http://localhost/v1/items/a" + head).startswith(b"HTTP/1.1 200 ")


def test_pages_of_this_machine_read_and_others_do_not(local):
    for origin in ("http://localhost:3000", "http://127.0.0.1:5173", "https://localhost", "http://[::1]:1"):
        assert local.get("/v1/items/a", headers={"Origin": origin}).headers["Access-Control-Allow-Origin"] == origin
    for _ in range(3):
        for origin in ("https://evil.example", "http://localhost.evil.example", "null"):
            assert "Access-Control-Allow-Origin" not in local.get("/v1/items/a", headers={"Origin": origin}).headers
    module = local.get("/client.js", headers={"Origin": "https://evil.example"})
    assert module.headers["Access-Control-Allow-Origin"] == "*"
    assert module.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    lines = [line for line in local.program.output.splitlines() if "may not read" in line]
    assert len([line for line in lines if "--cors-origin loopback,https://evil.example" in line]) == 1
    assert len(lines) == 3


def test_every_answer_keeps_its_type_and_cannot_be_embedded(local):
    tag = local.get("/v1/items/a").headers["ETag"]
    requests = [
        ("GET", "/v1/items/a", {}), ("HEAD", "/v1/items", {}), ("GET", "/v1/items/a", {"If-None-Match": tag}), ("GET", "/none", {}),
        ("DELETE", "/v1/items", {}), ("OPTIONS", "/v1/items", {"Origin": "http://localhost:1"}), ("GET", "/metrics", {}),
        ("GET", "/v1/events?timeout=0", {}), ("GET", "/v1/items", {"Accept": "application/x-ndjson"}), ("GET", "/", {"Accept": "text/html"}),
        ("GET", "/v1/items?x=1", {}), ("GET", "/v1/items", {"Host": "evil.example"}),
    ]
    for method, path, headers in requests:
        response = local.http.request(method, path, headers=headers)
        assert response.headers.get_list("X-Content-Type-Options") == ["nosniff"], (method, path)
        assert response.headers.get_list("Cross-Origin-Resource-Policy") == ["same-origin"], (method, path)
    broken = exchange(local.port, b"GET / HTTP/9.9\r\n\r\n").decode()
    assert "\r\nX-Content-Type-Options: nosniff\r\n" in broken and "\r\nCross-Origin-Resource-Policy: same-origin\r\n" in broken


def test_a_connection_that_is_not_let_in_is_told_so_alike(ministack, logs):
    table = create_table(ministack.client())
    with serving(logs, ministack, table, "--max-connections", "1") as service, contextlib.ExitStack() as stack:

        def is_let_in():
            """The connection that asked whether the service is ready may not be gone yet."""
            held = stack.enter_context(service.http.stream("GET", "/v1/events"))
            return held.status_code == 200

        wait_for(is_let_in, 20, "the only place")
        for _ in range(3):
            # Without a request: one that arrives after the answer turns the end of the connection into a reset.
            answer = exchange(service.port, b"").decode()
            assert answer.startswith("HTTP/1.1 503 ")
            assert "X-Content-Type-Options: nosniff" in answer and "Cross-Origin-Resource-Policy: same-origin" in answer


def test_named_hosts_and_origins_are_let_in(ministack, logs):
    table = create_table(ministack.client())
    options = ["--allowed-host", "replica.example", "--allowed-host", "other.example", "--cors-origin", "https://app.example"]
    with serving(logs, ministack, table, *options) as service:
        for host in ("replica.example", "OTHER.example.:80", "localhost"):
            assert service.get("/v1/items", headers={"Host": host}).status_code == 200
        assert service.get("/v1/items", headers={"Host": "evil.example"}).status_code == 421
        allowed = service.get("/v1/items", headers={"Origin": "https://app.example"})
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "Access-Control-Allow-Origin" not in service.get("/v1/items", headers={"Origin": "http://localhost:1"}).headers


def test_beyond_loopback_pages_read_only_where_they_are_named(ministack, logs):
    table = create_table(ministack.client())
    port = free_port()
    with serving(logs, ministack, table, "--listen", f"0.0.0.0:{port}", port=port, TABLECAST_ALLOWED_HOST="") as service:
        response = httpx.get(f"{service.url}/v1/items", headers={"Host": "any.example", "Origin": "http://localhost:3000"})
        assert response.status_code == 200
        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_name_for_loopback_is_loopback(ministack, logs):
    """The resolver reads 127.1 as 127.0.0.1, as it reads a name of the machine's hosts file."""
    table = create_table(ministack.client())
    port = free_port()
    with serving(logs, ministack, table, "--listen", f"127.1:{port}", port=port, TABLECAST_ALLOWED_HOST="127.0.0.9") as service:
        assert service.get("/v1/items", headers={"Host": "evil.example"}).status_code == 421
        assert service.get("/v1/items", headers={"Host": f"127.1:{port}"}).status_code == 200
        allowed = service.get("/v1/items", headers={"Origin": "http://localhost:3000"})
        assert allowed.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert service.get("/v1/status").json()["authentication"]["exposed"] is False
        assert "everybody who can reach" not in service.program.output


def test_two_replicas_do_not_begin_to_count_at_the_same_number(ministack, logs):
    table = create_table(ministack.client())
    positions = []
    for _ in range(2):
        with serving(logs, ministack, table) as service:
            positions.append(int(json.loads(service.get("/v1/status").text)["position"].split(".")[1]))
    assert positions[0] != positions[1]
    assert all(1000 < position < 2**41 for position in positions), positions


NOBODY = 65534


def as_nobody():
    """Words that run a program as a user without rights, and what shows whose files of /proc are: root's own are root's in any case."""
    if os.geteuid() != 0:
        return [], os.geteuid()
    words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if not shutil.which("setpriv") or subprocess.run([*words, "test", "-x", BINARY]).returncode != 0:
        pytest.skip("another user than root cannot run the program here")
    return words, NOBODY


def test_other_processes_of_its_user_cannot_look_into_it(ministack, logs):
    table = create_table(ministack.client())
    words, user = as_nobody()
    for option, owner in [((), 0), (("--crash-dumps",), user)]:
        with serving(logs, ministack, table, *option, launcher=words) as service:
            pid = service.program.process.pid
            assert os.stat(f"/proc/{pid}/environ").st_uid == owner
            # It still sees itself: how many descriptors it has open, and how much memory.
            assert metric(service, "process_open_fds") > 5
            assert metric(service, "process_resident_memory_bytes") > 1_000_000
            assert service.program.stop() == 0


def test_a_crash_leaves_no_core_and_no_backtrace(ministack, logs):
    table = create_table(ministack.client())
    for option, soft in [((), "0"), (("--crash-dumps",), None)]:
        with serving(logs, ministack, table, *option) as service:
            process = service.program.process
            limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text().splitlines()
            core = next(line for line in limits if line.startswith("Max core file size")).split()[4:6]
            filtered = pathlib.Path(f"/proc/{process.pid}/coredump_filter").read_text().strip()
            if soft is None:
                assert filtered != "00000000"
                continue
            assert core == ["0", "0"] and filtered == "00000000"
            process.send_signal(signal.SIGSEGV)
            wait_for(lambda: process.poll() is not None, 30, lambda: "the process to be gone")
            assert process.returncode == -signal.SIGSEGV
            assert "Backtrace" not in service.program.output and "Registers" not in service.program.output
