"""Health probes while every place is taken: an orchestrator opens a connection for each, and restarts what refuses it."""

import contextlib
import pathlib
import subprocess
import sys
import time

import pytest
from support.processes import wait_for
from support.service import serving
from support.tables import create_table, fill
from support.wire import Wire

PLACES = 20
# What a probe's head may take.
HEAD_SECONDS = 1
ALL = ("--max-connections", str(PLACES), "--max-connections-per-address", "0")
PLAIN = "/v1/items/item-00001"
PROBES = ("/livez", "/readyz", "/healthz")
PROBE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
# Told to go on once it has a place.
HALF = b"POST /v1/items/batch-get HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10000\r\nExpect: 100-continue\r\n\r\n"
STREAM = b"GET /v1/events?snapshot=never HTTP/1.1\r\nHost: a\r\n\r\n"
FLOOD = pathlib.Path(__file__).parent / "support/flood.py"
ONE = ("127.0.3.1",)
# Fewer than there are slots for probes.
MANY = tuple(f"127.0.3.{number}" for number in range(1, 101))


@pytest.fixture(scope="module")
def table(ministack):
    client = ministack.client()
    name = create_table(client)
    fill(client, name, 50)
    return name


def fresh(service, path, source=None):
    """The answer to a new connection; None where it was closed without a word."""
    with Wire(service.port, source=source) as wire, contextlib.suppress(ConnectionError):
        wire.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return wire.response() if wire.receive() else None


def occupied(service, data):
    """A connection that has a place and is not idle; None where no place was free."""
    wire = Wire(service.port)
    wire.send(data)
    if wire.take_through(b"\r\n").split()[1] in (b"100", b"200"):
        # Of the half request most is sent, which buys it time.
        wire.send(b"x" * 9_000 if data == HALF else b"")
        return wire
    wire.close()
    return None


@contextlib.contextmanager
def full(logs, ministack, table, limits=ALL, data=STREAM):
    """A service whose places are all taken."""
    with serving(logs, ministack, table, *limits) as service, contextlib.ExitStack() as held:
        service.http.close()
        for _ in range(PLACES):
            held.enter_context(wait_for(lambda: occupied(service, data)))
        yield service


@contextlib.contextmanager
def flooded(service, kind, addresses):
    """Connections without end, for the length of a block."""
    command = [sys.executable, FLOOD, str(service.port), kind, *addresses]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as flood:
        try:
            assert flood.stdout.readline() and flood.stdout.readline(), "no thousand connections"
            yield
        finally:
            flood.kill()


def check_probes(service, rounds, source=None, is_quiet=True):
    """Every probe gets 200 on a connection of its own, and nothing else does."""
    late = 0
    for count in range(rounds):
        path = PROBES[count % len(PROBES)]
        began = time.monotonic()
        answer = fresh(service, path, source)
        if time.monotonic() - began > HEAD_SECONDS / 2:
            # The machine may have stood still between this client's connection and its request, which must come in time.
            late += 1
            assert late <= rounds // 10, f"{late} of {count + 1} probes took long"
            continue
        assert answer and answer.status == 200 and answer["connection"] == "close", f"probe {count}: {answer}"
        refused = fresh(service, PLAIN, source)
        # A flood takes up the number of refusals that are explained in a second.
        if refused is None and not is_quiet:
            continue
        assert refused.status == 503 and 1 <= int(refused["retry-after"]) <= 3 and refused["connection"] == "close"
        assert b"connections" in refused.body


def test_probes_are_answered_though_every_place_is_taken(ministack, logs, table):
    with full(logs, ministack, table) as service:
        check_probes(service, 100)
        check_probes(service, 20, "127.0.0.9")
        with Wire(service.port) as wire:
            wire.send(PROBE + f"GET {PLAIN} HTTP/1.1\r\nHost: a\r\n\r\n".encode() + PROBE)
            assert wire.response().status == 200
            assert wire.rest() == b""
        with Wire(service.port) as wire:
            wire.send(PROBE[:20])
            assert wire.response().status == 503
        assert "connections are refused" in service.program.output


def test_probes_are_answered_while_half_requests_take_every_place(ministack, logs, table):
    with full(logs, ministack, table, data=HALF) as service:
        check_probes(service, 100)


def test_an_address_that_has_all_its_connections_is_probed(ministack, logs, table):
    """A probe may come from the address of a proxy or of the very client that takes the places."""
    limits = ("--max-connections", "1000", "--max-connections-per-address", str(PLACES))
    with full(logs, ministack, table, limits) as service:
        check_probes(service, 100)
        assert fresh(service, PLAIN, "127.0.0.9").status == 200


@pytest.mark.parametrize("addresses", [ONE, MANY], ids=["one", "many"])
@pytest.mark.parametrize("kind", ["nothing", "half", "plain"])
def test_no_flood_of_connections_holds_the_probes_up(ministack, logs, table, kind, addresses):
    with full(logs, ministack, table) as service, flooded(service, kind, addresses):
        check_probes(service, 100, is_quiet=False)
