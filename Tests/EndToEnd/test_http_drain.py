"""How the built program stops, word for word: what a load balancer, a client with a request and a subscriber see of it."""

import re
import signal
import threading
import time

import pytest
from support import proxies
from support.processes import PATIENCE, looks, wait_for
from support.service import serving
from support.tables import create_table
from support.wire import Wire


@pytest.fixture(scope="module")
def table(ministack):
    client = ministack.client()
    name = create_table(client)
    client.put_item(TableName=name, Item={"id": {"S": "a"}})
    return name


def refuses(port):
    """Whether nobody listens any more."""
    try:
        Wire(port).close()
    except ConnectionRefusedError:
        return True
    return False


def fresh_get(port, path):
    """A response on a connection of its own."""
    with Wire(port) as wire:
        return wire.get(path)


def subscribe(port):
    wire = Wire(port, patience=30)
    wire.send(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n")
    wire.take_through(b"event: ready")
    return wire


def test_the_order_of_a_drain(ministack, logs, table):
    """M51: not ready first, served for the delay, then nothing accepted, last answers that say so, and goodbyes."""
    with serving(logs, ministack, table, "--drain-delay", "3s", "--shutdown-grace", "20s") as service:
        process, port = service.program.process, service.port
        streams = [subscribe(port) for _ in range(20)]
        idle, kept, unfinished = Wire(port), Wire(port), Wire(port)
        assert kept.get("/v1/items/a").status == 200
        unfinished.send(b"GET /v1/items/a HTTP/1.1\r\n")
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        # Not ready at once, with a reason, while everything else goes on, for new connections too.
        answer = wait_for(lambda: (lambda response: response.status == 503 and response)(fresh_get(port, "/readyz")), 2)
        assert b"draining" in answer.body
        # Each response sends its client elsewhere, also where a connection was kept before.
        response = kept.get("/v1/items/a")
        assert response.status == 200 and response.is_last
        assert kept.rest() == b""
        for _ in looks(asked + 2.5 - time.monotonic(), every=0.1):
            for path in ("/v1/items/a", "/livez"):
                response = fresh_get(port, path)
                assert response.status == 200 and response.is_last
        assert not [wire for wire in streams if b"event: bye" in wire.received]
        # Then the port is closed, and what waits idle is ended without a word.
        wait_for(lambda: refuses(port), 10)
        assert time.monotonic() - asked >= 3
        assert idle.rest() == b""
        # A request in flight is answered, as its connection's last.
        unfinished.send(b"Host: a\r\n\r\n")
        response = unfinished.response()
        assert response.status == 200 and response.is_last
        assert unfinished.rest() == b""
        unfinished.close()
        # Subscribers are told when to come back, not all at once, and that this was on purpose.
        retries = []
        for wire in streams:
            goodbye = wire.rest().decode()
            assert re.search(r"retry: ?\d+\r?\n", goodbye), goodbye
            assert re.search(r"event: ?bye", goodbye), goodbye
            assert "draining" in goodbye
            assert goodbye.endswith("0\r\n\r\n"), "the body does not end cleanly"
            retries.append(int(re.findall(r"retry: ?(\d+)", goodbye)[-1]))
            wire.close()
        assert len(set(retries)) > 10, f"they would all come back together: {retries}"
        assert process.wait(15 * PATIENCE) == 0
        assert time.monotonic() - asked < 20


class Clients:
    """Clients that open one connection after the other, and keep one each for their further requests."""

    def __init__(self, port, count):
        self.port, self.served, self.failures, self.over = port, 0, [], threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number % 2 == 0,)) for number in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self, keeps):
        kept = None
        while not self.over.wait(0.01):
            try:
                wire = kept or Wire(self.port)
                response = wire.get("/v1/items/a")
                assert response.status == 200, response.body
                self.served += 1
                if keeps and not response.is_last:
                    kept = wire
                else:
                    kept = None
                    wire.close()
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
                kept = None


def test_nobody_fails_while_a_replica_leaves_in_kubernetes(ministack, logs, table, tmp_path):
    """With the default delay in Kubernetes, a balancer that looks at /readyz has gone elsewhere before the port is closed."""
    kubernetes = {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}
    with serving(logs, ministack, table) as stays, serving(logs, ministack, table, **kubernetes) as leaves:
        with proxies.proxy("haproxy-checked", tmp_path, leaves.port, stays.port) as port, Clients(port, 8) as clients:
            wait_for(lambda: clients.served > 100)
            asked = time.monotonic()
            leaves.program.process.send_signal(signal.SIGTERM)
            assert leaves.program.wait(40) == 0
            assert time.monotonic() - asked >= 5
            before = clients.served
            wait_for(lambda: clients.served > before + 100)
        assert clients.failures == []


def test_the_grace_is_a_hard_deadline(ministack, logs, table):
    """M51: what has not ended when the grace is over is ended."""
    with serving(logs, ministack, table, "--shutdown-grace", "2s") as service:
        unfinished = Wire(service.port)
        unfinished.send(b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        asked = time.monotonic()
        service.program.process.send_signal(signal.SIGTERM)
        assert service.program.wait(15) == 0
        assert 1.9 < time.monotonic() - asked < 20
        unfinished.close()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_at_once(ministack, logs, table, second):
    """M51: a second signal does not wait for anything."""
    with serving(logs, ministack, table, "--drain-delay", "60s", "--shutdown-grace", "60s") as service:
        process = service.program.process
        subscriber = subscribe(service.port)
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: service.get("/readyz").status_code == 503)
        asked = time.monotonic()
        process.send_signal(second)
        assert process.wait(10 * PATIENCE) == 128 + second
        assert time.monotonic() - asked < 30
        subscriber.close()
