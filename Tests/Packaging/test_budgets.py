"""What a request and a delivered event may cost the program as it is shipped: allocations and system calls, counted. No times.

`budgets/thresholds.json` holds the most that each may cost. A change that costs more fails here: mend it, or raise the number in the
same commit and say why. `TABLECAST_BUDGETS_BINARY` measures another build.
"""

import collections
import contextlib
import itertools
import json
import os
import pathlib
import re
import selectors
import signal
import socket
import struct
import subprocess

import pytest
from support import peers, service
from support.processes import Program, environment_without_aws, free_port, wait_for
from support.tables import create_table

HERE = pathlib.Path(__file__).parent / "budgets"
THRESHOLDS = json.loads((HERE / "thresholds.json").read_text())
REQUESTS, SUBSCRIBERS, STEPS = 5000, 100, 30
# Read rarely while requests are counted; reads of the stream are no part of them, but of the process.
QUIET, LIVELY = "2s", "50ms"

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture(scope="module")
def binary(request):
    given = os.environ.get("TABLECAST_BUDGETS_BINARY")
    return pathlib.Path(given) if given else request.getfixturevalue("program")


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "allocations.so"
    compiler = ["clang", "-O2", "-shared", "-fPIC", "-fno-builtin", "-Wall", "-Werror"]
    subprocess.run([*compiler, HERE / "allocations.c", "-o", library], check=True, timeout=60)
    return library


@pytest.fixture(scope="module")
def sandbox(logs):
    with peers.sandbox(logs) as peer:
        yield peer


class Costs:
    """Counts of one process, between two looks."""

    def __init__(self, pid, counts):
        self.pid, self.counts = pid, counts

    def allocations(self):
        return struct.unpack("QQ", self.counts.read_bytes())

    @contextlib.contextmanager
    def system_calls(self, folder):
        """Counts the calls of all threads during a block; the counter is filled when the block has ended."""
        table, calls = folder / f"strace-{self.pid}", collections.Counter()
        command = ["strace", "-f", "-c", "-U", "calls,name", "-o", table, "-p", str(self.pid)]
        tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            said = tracer.stderr.readline().decode()
            assert "attached" in said, f"strace cannot watch the program: {said}"
            yield calls
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=20)
        for count, name in re.findall(r"^\s*(\d+)\s+(\w+)\s*$", table.read_text(), re.MULTILINE):
            if name != "total":
                calls[name] += int(count)


@contextlib.contextmanager
def measured(binary, shim, sandbox, folder, *options):
    """The service with its allocations counted: (service, costs, client, table)."""
    client = sandbox.client()
    table = create_table(client)
    item = {"id": {"S": "a"}, "name": {"S": "Ada"}, "n": {"N": "42"}, "note": {"S": "x" * 200}, "tags": {"L": [{"S": "b"}]}}
    client.put_item(TableName=table, Item=item)
    counts = folder / f"counts-{table}"
    counts.write_bytes(bytes(16))
    port = free_port()
    environment = environment_without_aws(**sandbox.settings(LD_PRELOAD=str(shim), ALLOCATION_COUNTS=str(counts)))
    command = [binary, "serve", "--table", table, "--listen", f"127.0.0.1:{port}", "--loops", "1", "--crash-dumps", *options]
    program = Program(command, folder / f"budgets-{table}.log", environment)
    running = service.Service(program, port)
    try:
        running.wait_until_ready(60)
        yield running, Costs(program.process.pid, counts), client, table
    finally:
        running.http.close()
        program.stop()


class Requests:
    """One connection that asks the same again and again, each time when it has its answer."""

    def __init__(self, port, *fields):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = ["GET /v1/items/a HTTP/1.1", "Host: localhost", "Accept: */*", *fields]
        self.bytes = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self.size = 0

    def ask(self, count):
        for _ in range(count):
            self.socket.sendall(self.bytes)
            answer = self.socket.recv(65536)
            while b"\r\n\r\n" not in answer or len(answer) < self.size:
                answer += self.socket.recv(65536)
            if not self.size:
                length = re.search(rb"Content-Length: (\d+)", answer)
                self.size = answer.index(b"\r\n\r\n") + 4 + int(length[1] if length else 0)
        return answer


def judge(name, units, allocations, calls):
    """Compares what was counted with what is allowed, and says all of it."""
    counted = {"allocations": allocations[0] / units, "allocated bytes": allocations[1] / units}
    counted["system calls"] = sum(calls.values()) / units
    print(f"{name}: " + ", ".join(f"{value:.2f} {what}" for what, value in counted.items()))
    assert counted["allocations"] > 0.01, "the counter does not move: nothing was measured"
    over = [
        f"{value:.2f} {what}, allowed are {THRESHOLDS[name][what]}" for what, value in counted.items() if value > THRESHOLDS[name][what]
    ]
    commonest = ", ".join(f"{call} {count / units:.2f}" for call, count in calls.most_common(6))
    assert not over, f"one {name} costs {'; '.join(over)}. The system calls were: {commonest}"


def difference(after, before):
    return tuple(new - old for new, old in zip(after, before))


@pytest.mark.parametrize("name, status, conditional, options", [
    ("GET of an item", 200, False, []),
    ("GET of an item, not modified", 304, True, []),
    ("GET of an item, logged", 200, False, ["--access-log"]),
])
def test_a_request_costs_no_more_than_it_may(name, status, conditional, options, binary, shim, sandbox, tmp_path):
    with measured(binary, shim, sandbox, tmp_path, "--poll-interval", QUIET, *options) as (running, costs, _, _):
        fields = [f"If-None-Match: {running.get('/v1/items/a').headers['ETag']}"] if conditional else []
        requests = Requests(running.port, *fields)
        asked = 0

        def ask(count):
            nonlocal asked
            asked += count
            answer = requests.ask(count)
            if "--access-log" in options:
                # Written behind the requests; its cost is theirs.
                wait_for(lambda: running.program.output.count('"duration_ms"') >= asked, 30, "the access log's lines")
            return answer

        assert ask(500).startswith(f"HTTP/1.1 {status} ".encode())
        before = costs.allocations()
        ask(REQUESTS)
        spent = difference(costs.allocations(), before)
        with costs.system_calls(tmp_path) as calls:
            ask(REQUESTS)
        judge(name, REQUESTS, spent, calls)


class Subscribers:
    """Event streams that count what reaches them."""

    def __init__(self, port, count):
        self.selector, self.tails, self.delivered = selectors.DefaultSelector(), {}, 0
        for _ in range(count):
            stream = socket.create_connection(("127.0.0.1", port), timeout=20)
            stream.sendall(b"GET /v1/events?since=now HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"event: ready" in self.read_until(stream, b"event: ready")
            stream.setblocking(False)
            self.tails[stream] = b""
            self.selector.register(stream, selectors.EVENT_READ)

    @staticmethod
    def read_until(stream, mark):
        answer = b""
        while mark not in answer:
            received = stream.recv(65536)
            assert received, answer
            answer += received
        return answer

    def wait_for(self, total):
        def all_there():
            for key, _ in self.selector.select(0.01):
                received = key.fileobj.recv(65536)
                assert received, "a subscriber was dropped"
                # An event may be cut in two.
                tail = self.tails[key.fileobj] + received
                self.delivered += tail.count(b'"op":"put"')
                self.tails[key.fileobj] = tail[tail.rindex(b'"op":"put"') + 10 :] if b'"op":"put"' in tail else tail[-9:]
            return self.delivered >= total

        wait_for(all_there, 30, lambda: f"{total} events; {self.delivered} came")


def test_an_event_costs_no_more_than_it_may(binary, shim, sandbox, tmp_path):
    with measured(binary, shim, sandbox, tmp_path, "--poll-interval", LIVELY) as (running, costs, client, table):
        subscribers = Subscribers(running.port, SUBSCRIBERS)

        numbers = itertools.count()

        def publish():
            # One change at a time, so that each is a delivery of its own to everybody. No two are alike: the same again is no change.
            for number in itertools.islice(numbers, STEPS):
                expected = subscribers.delivered + SUBSCRIBERS
                client.put_item(TableName=table, Item={"id": {"S": f"k{number}"}, "n": {"N": str(number)}})
                subscribers.wait_for(expected)

        publish()
        before = costs.allocations()
        publish()
        spent = difference(costs.allocations(), before)
        with costs.system_calls(tmp_path) as calls:
            publish()
        # Waiting and reading the stream take calls that depend on time; what is counted is what sends.
        sending = collections.Counter({name: count for name, count in calls.items() if name in ("sendto", "sendmsg", "write", "epoll_ctl")})
        judge("event to a subscriber", STEPS * SUBSCRIBERS, spent, sending)
