"""Who reads a fleet: subscribers that are sent from replica to replica, and one probe for each replica that times what it shows."""

import contextlib
import http.client
import threading
import time

from support.events import blocks
from test_feed_convergence import Client, Killing


class Subscriber(Client):
    """A subscriber behind the balancer, which leaves at random, comes back wherever it is sent, and compares at every mark."""

    def __init__(self, kind, port, writes, seed, headers):
        super().__init__(kind, port, writes, Killing(), seed)
        self.headers, self.resets, self.moves, self.connections = headers, [], 0, 0

    def connect(self, stop):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            if self.chance.random() < 0.1:
                self.last = None
            if not self.last:
                # One that begins may meet a replica that is behind the one before.
                self.map, self.whole, self.state = {}, False, 0
            headers = {**self.headers, **({"Last-Event-ID": self.last} if self.last else {})}
            connection.request("GET", f"/v1/events?heartbeat=1s&numbers=number&{self.query}", headers=headers)
            response = connection.getresponse()
            if response.status in (502, 503, 504):
                # The balancer's or the replica's: nobody is there for a moment.
                return
            assert response.status == 200, response.read()
            self.connections += 1
            self.read(blocks(iter(response.readline, b"")), stop)
        finally:
            connection.close()

    def take(self, event):
        if event.kind == "reset":
            self.resets.append(event.json["reason"])
            self.state = 0
        if event.kind == "moved":
            self.moves += 1
        super().take(event)


class Probe:
    """Follows one replica, and notes how long after its write each change is seen there."""

    def __init__(self, node, made):
        self.node, self.made, self.delays, self.seen = node, made, [], 0

    def run(self, stop):
        while not stop.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self.read(stop)
            stop.wait(0.1)

    def read(self, stop):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=3)
        try:
            connection.request("GET", "/v1/events?snapshot=never&heartbeat=1s&numbers=number", headers=self.node.headers)
            response = connection.getresponse()
            if response.status != 200:
                return
            # What was written before it is told may have been seen long ago.
            first, ready = len(self.made), False
            for event in blocks(iter(response.readline, b"")):
                now = time.monotonic()
                if stop.is_set():
                    return
                ready = ready or event.kind in ("ready", "bookmark")
                if event.kind == "message" and ready and event.json["op"] == "put":
                    number = event.json["item"]["n"]
                    if number >= first:
                        self.delays.append(now - self.made[number])
        finally:
            connection.close()


@contextlib.contextmanager
def reading(readers):
    stop = threading.Event()
    threads = [threading.Thread(target=reader.run, args=(stop,)) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
