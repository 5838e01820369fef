"""Where the service listens: several addresses, both families, Unix sockets, and sockets that a service manager passes."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import sys

import pytest
from support import proxies
from support.lines import Namespace
from support.listening import AWAY, HAS_IPV6, KEYS, WAITING, listening, waiting
from support.processes import Program, environment_without_aws, free_port, wait_for
from support.service import BINARY, run, serving
from support.tables import create_table, fill

# Becomes the program with a listening socket of 127.0.0.1 as each descriptor from 3 on, as a service manager would start it.
LAUNCHER = """
import os, socket, sys
kinds, program = sys.argv[1].split(","), sys.argv[2:]
made = []
for kind in kinds:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "datagrams" else socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", int(kind) if kind.isdigit() else 0))
    if kind.isdigit():
        one.listen(16)
    made.append(os.dup2(one.fileno(), 100 + len(made)))
for index, number in enumerate(made):
    os.dup2(number, 3 + index)
    os.close(number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(made)), LISTEN_FDNAMES=":".join("web" for _ in made))
os.execv(program[0], program)
"""


def get(path, *where, host="localhost"):
    """Status and body of a request with curl."""
    command = ["curl", "--silent", "--noproxy", "*", "--max-time", "10", "--write-out", "\n%{http_code}", *where]
    output = subprocess.run([*command, f"http://{host}{path}"], capture_output=True, text=True, timeout=20).stdout
    body, _, status = output.rpartition("\n")
    return int(status), body


def by_path(path, target="/livez"):
    return get(target, "--unix-socket", str(path))


def test_clients_of_a_unix_socket_read_and_are_logged_as_such(ministack, logs, tmp_path):
    client, path = ministack.client(), tmp_path / "tablecast.sock"
    table = create_table(client)
    fill(client, table, 3)
    port = free_port()
    with serving(logs, ministack, table, "--listen", f"127.0.0.1:{port},unix:{path}", "--access-log", port=port) as service:
        assert f"unix:{path}" in listening(service.program)
        status, body = by_path(path, "/v1/items")
        assert (status, len(json.loads(body)["items"])) == (200, 3)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        wait_for(lambda: '"peer":"unix:"' in service.program.output, 20, "the line of the access log")
        assert service.program.stop() == 0
        assert not path.exists()


def test_a_socket_is_replaced_after_a_kill_and_left_alone_while_its_process_lives(logs, tmp_path):
    path = tmp_path / "tablecast.sock"
    with waiting(logs, "--listen", f"unix:{path}", "--socket-mode", "0600") as program:
        assert listening(program) == f"unix:{path}"
        # A browser cannot come this way, and a proxy passes on the host of its clients.
        assert get("/v1/status", "--unix-socket", str(path), "--header", "Host: app.example.com")[0] == 200
        # Nothing listens beyond this machine, so nobody has to be warned.
        assert "everybody who can reach" not in program.output
        status, _, errors = run(["serve", "--table", "t", "--endpoint-url", AWAY, "--listen", f"unix:{path}"], KEYS)
        assert (status, errors) == (
            1,
            f"tablecast: cannot listen on unix:{path}: address already in use. "
            "Stop the other process, or choose another path with --listen.\n",
        )
        assert by_path(path) == (200, '{"status":"alive"}')
        program.kill()
    assert path.exists()
    with waiting(logs, TABLECAST_LISTEN=f"unix:{path}", TABLECAST_SOCKET_MODE="0600") as program:
        assert by_path(path)[0] == 200
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def upstream(name, folder, path):
    """The command of a proxy whose service is a Unix socket, and its port."""
    port, file = free_port(), {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[name]
    text = (proxies.FOLDER / file).read_text()
    service = {"nginx": f"http://unix:{path}:", "haproxy": f"unix@{path}"}[name]
    text = text.replace("http://127.0.0.1:${service}", service).replace("127.0.0.1:${service}", service)
    for variable, value in {"port": port, "folder": folder, "more": ""}.items():
        text = text.replace(f"${{{variable}}}", str(value))
    (folder / file).write_text(text)
    nginx = ["nginx", "-p", folder, "-e", folder / "nginx-error.log", "-c", folder / file]
    return {"nginx": nginx, "haproxy": ["haproxy", "-db", "-f", folder / file]}[name], port


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_a_proxy_over_a_unix_socket_is_not_throttled_as_one_client(name, ministack, logs, tmp_path):
    client, path = ministack.client(), tmp_path / "tablecast.sock"
    table = create_table(client)
    fill(client, table, 3)
    limits = ["--max-connections-per-address", "2", "--max-subscribers-per-address", "2"]
    with contextlib.ExitStack() as stack:
        own = free_port()
        service = stack.enter_context(serving(logs, ministack, table, "--listen", f"127.0.0.1:{own},unix:{path}", *limits, port=own))
        # The proxy's own user needs not exist in a test: it runs as the service does.
        command, port = upstream(name, tmp_path, path)
        program = Program(command, tmp_path / f"{name}.log", {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"})
        stack.callback(program.stop)
        program.wait_until_accepting(port)
        streams = []
        for _ in range(6):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            one.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            streams.append(one)
        for one in streams:
            received = b""
            while b"event: ready" not in received:
                piece = one.recv(65536)
                assert piece, received
                received += piece
            assert received.startswith(b"HTTP/1.1 200 ")
        client.put_item(TableName=table, Item={"id": {"S": "news"}})
        for one in streams:
            received = b""
            while b'"news"' not in received:
                piece = one.recv(65536)
                assert piece, received
                received += piece
        assert service.program.process.poll() is None


def test_a_port_alone_serves_both_families_beside_other_addresses(logs, tmp_path):
    port, other, path = free_port(), free_port(), tmp_path / "a.sock"
    with waiting(logs, "--listen", f":{port}", "--listen", f"localhost:{other},unix:{path}", "--listen", "127.0.0.2:0") as program:
        if HAS_IPV6:
            pattern = rf"http://\[::\]:{port} \(IPv6 and IPv4\), http://127\.0\.0\.1:{other}, http://\[::1\]:{other}, unix:{path} and http://127\.0\.0\.2:(\d+)"
            found = re.fullmatch(pattern, listening(program))
            assert found, program.output
            assert get("/livez", host=f"[::1]:{port}")[0] == get("/livez", host=f"[::1]:{other}")[0] == 200
            assert get("/livez", host=f"127.0.0.2:{found[1]}")[0] == 200
        assert get("/livez", host=f"127.0.0.1:{port}")[0] == get("/livez", host=f"localhost:{other}")[0] == by_path(path)[0] == 200
        assert "everybody who can reach" in program.output


@pytest.fixture
def without_ipv6():
    """A network whose machine has IPv6 switched off, as most containers have."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip", "sysctl"))):
        pytest.skip("network namespaces need root, util-linux, iproute2 and procps")
    with contextlib.ExitStack() as stack:
        try:
            made = Namespace()
        except PermissionError as error:
            pytest.skip(str(error))
        stack.callback(made.end)
        made.run("ip", "link", "set", "lo", "up")
        if os.path.exists("/proc/sys/net/ipv6"):
            off = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.lo.disable_ipv6=1"]
            try:
                made.run("sysctl", "-q", "-w", *off)
            except subprocess.CalledProcessError:
                pytest.skip("IPv6 cannot be switched off here")
        yield made


def test_where_ipv6_is_switched_off_ipv4_is_served(logs, without_ipv6):
    port, other = free_port(), free_port()
    with waiting(logs, "--listen", f":{port},localhost:{other}", launcher=without_ipv6.command()) as program:
        curl = without_ipv6.command("curl", "--silent", "--fail", "--noproxy", "*")
        for one in (port, other):
            assert subprocess.run([*curl, f"http://127.0.0.1:{one}/livez"], capture_output=True, timeout=20).returncode == 0
        assert program.output.count("is not served on") == 1
        assert f"localhost:{other} is not served on [::1]:{other}: " in program.output
        check = without_ipv6.command(BINARY, "healthcheck", "--listen", f":{port}", "--listen", f"localhost:{other}")
        assert subprocess.run(check, env=environment_without_aws(), timeout=20).returncode == 0
    failed = subprocess.run(
        without_ipv6.command(*WAITING, "--listen", f"[::1]:{port}"), env=environment_without_aws(**KEYS), capture_output=True, text=True, timeout=20
    )
    assert failed.returncode == 1
    assert failed.stderr == f"tablecast: cannot listen on [::1]:{port}: this machine has no such address. Give one that it has with --listen.\n"


def launched(*kinds):
    return [sys.executable, "-c", LAUNCHER, ",".join(map(str, kinds))]


def test_sockets_that_were_passed_are_served_alone_and_beside_an_address(logs):
    first, second = free_port(), free_port()
    with waiting(logs, launcher=launched(first, second)) as program:
        expected = f"http://127.0.0.1:{first} (passed as descriptor 3 'web') and http://127.0.0.1:{second} (passed as descriptor 4 'web')"
        assert listening(program) == expected
        for port in (first, second):
            assert get("/livez", host=f"127.0.0.1:{port}")[0] == 200
        assert program.stop() == 0
    with waiting(logs, "--listen", f"127.0.0.1:{second}", launcher=launched(first)) as program:
        assert listening(program) == f"http://127.0.0.1:{first} (passed as descriptor 3 'web') and http://127.0.0.1:{second}"
        assert get("/livez", host=f"127.0.0.1:{first}")[0] == get("/livez", host=f"127.0.0.1:{second}")[0] == 200


def test_a_descriptor_that_is_no_listener_ends_the_start_and_is_named(logs):
    for kind, cause in {"datagrams": "it is no stream socket", "silent": "it does not listen"}.items():
        finished = subprocess.run(
            [*launched(free_port(), kind), *WAITING], env=environment_without_aws(**KEYS), capture_output=True, text=True, timeout=20
        )
        assert finished.returncode == 1
        assert finished.stderr == (
            f"tablecast: cannot listen on the socket passed as descriptor 4 'web': {cause}. "
            "Pass stream sockets that listen: in a systemd unit ListenStream= with Accept=no.\n"
        )


def test_programs_that_the_service_starts_get_neither_the_sockets_nor_their_variables(logs, tmp_path):
    seen, script, config = tmp_path / "seen", tmp_path / "keys", tmp_path / "config"
    script.write_text(f"#!/bin/sh\n(env; ls -l /proc/self/fd) > {seen}.new\nmv {seen}.new {seen}\nexit 1\n")
    script.chmod(0o755)
    config.write_text(f"[default]\nregion = eu-central-1\ncredential_process = {script}\n")
    keys = {name: "" for name in KEYS}
    with waiting(logs, launcher=launched(free_port()), AWS_CONFIG_FILE=str(config), NOTIFY_SOCKET=str(tmp_path / "notify"), **keys):
        text = wait_for(lambda: seen.exists() and seen.read_text(), 30, "the program for the keys")
        assert "LISTEN_" not in text and "NOTIFY_SOCKET" not in text
        assert "socket:" not in text


def test_the_service_manager_hears_of_the_start_and_of_the_stop(ministack, logs, tmp_path):
    table, path = create_table(ministack.client()), tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(path))
        ear.settimeout(30)
        with serving(logs, ministack, table, NOTIFY_SOCKET=str(path)) as service:
            first = f"READY=1\nSTATUS=listening on http://127.0.0.1:{service.port}; table {table} is not complete yet"
            assert ear.recv(4096).decode() == first
            assert ear.recv(4096).decode() == f"STATUS=serving table {table}"
            assert service.program.stop() == 0
            assert ear.recv(4096).decode() == "STOPPING=1\nSTATUS=stopping"


def test_the_service_manager_grants_more_time_while_a_saved_state_is_read(ministack, logs, tmp_path):
    table, path = create_table(ministack.client()), tmp_path / "notify"
    state = ("--state-dir", tmp_path / "state")
    with serving(logs, ministack, table, *state) as service:
        assert service.program.stop() == 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(path))
        ear.settimeout(60)
        with serving(logs, ministack, table, *state, NOTIFY_SOCKET=str(path)) as service:
            told = [ear.recv(4096).decode()]
            # Once, or again and again while a busy machine reads.
            while told[-1].startswith("EXTEND_TIMEOUT_USEC="):
                assert int(told[-1].split("=")[1]) >= 60_000_000
                told.append(ear.recv(4096).decode())
            assert len(told) > 1 and told[-1].startswith("READY=1\n")
            assert service.program.stop() == 0


def test_systemd_passes_sockets_of_both_kinds(logs, tmp_path):
    if not shutil.which("systemd-socket-activate"):
        pytest.skip("systemd-socket-activate is not installed")
    port, path = free_port(), tmp_path / "a.sock"
    names = [f"--setenv={name}" for name in (*KEYS, "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED")]
    launcher = ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", f"--listen={path}", *names]
    log = logs / f"listen-{port}.log"
    program = Program([*launcher, *WAITING], log, environment_without_aws(**KEYS))
    try:
        # The first connection starts the program.
        wait_for(lambda: by_path(path)[0] == 200, 30, lambda: f"the service; it wrote {program.output}")
        assert get("/livez", host=f"127.0.0.1:{port}")[0] == 200
        assert f"unix:{path} (passed as descriptor 4)" in listening(program)
        assert program.stop() == 0
        # The file belongs to whoever made it.
        assert path.exists()
    finally:
        if program.process.poll() is None:
            program.kill()
