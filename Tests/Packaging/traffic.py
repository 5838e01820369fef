"""What goes on while replicas are replaced and AWS is away: one who writes, many who read, one who follows. Each notes what failed."""

import contextlib
import http.client
import threading
import time

from support.events import blocks
from support.processes import PATIENCE

REQUEST_SECONDS = 20 * PATIENCE


def key_of(number):
    return f"n-{number:06d}"


class Worker:
    """A thread for the length of a block, and its failures."""

    def __init__(self):
        self.failures, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.work)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(REQUEST_SECONDS)

    def work(self):
        try:
            self.run()
        except Exception as error:
            self.failures.append(f"{type(self).__name__} ended: {error!r}")


class Writer(Worker):
    """Puts items with the numbers 0, 1, 2 … one after the other, so that a lost event is a hole and a doubled one is seen."""

    def __init__(self, client, table):
        super().__init__()
        self.client, self.table, self.written = client, table, 0
        self.lock = threading.Lock()

    def put(self):
        """The number of the item that it has written."""
        with self.lock:
            number = self.written
            self.client.put_item(TableName=self.table, Item={"id": {"S": key_of(number)}, "n": {"N": str(number)}})
            self.written += 1
            return number

    def run(self):
        while not self.over.wait(0.05):
            self.put()

    @contextlib.contextmanager
    def quiet(self):
        """No write is in progress during the block."""
        with self.lock:
            yield


class Reader(Worker):
    """Reads one item again and again; one that `keeps` has one connection for all, the others one for each request."""

    def __init__(self, port, keeps):
        super().__init__()
        self.port, self.keeps = port, keeps
        self.served, self.slowest, self.states = 0, 0.0, set()

    def run(self):
        connection = None
        while not self.over.wait(0.02):
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)
            began = time.monotonic()
            try:
                connection.request("GET", f"/v1/items/{key_of(0)}")
                response = connection.getresponse()
                body = response.read()
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.states.add(response.headers["Replica-State"])
                if response.status != 200:
                    self.failures.append((time.time(), response.status, body[:300]))
                self.served += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append((time.time(), repr(error)))
                connection = None
            if connection and not self.keeps:
                connection.close()
                connection = None


class Follower(Worker):
    """A subscriber as a browser is one: it comes back with its last id, a `reset` empties what it has, and after `moved` something may
    come again."""

    def __init__(self, port):
        super().__init__()
        self.port, self.last, self.seen, self.is_ready = port, None, set(), False
        self.resets, self.goodbyes, self.events, self.moves, self.is_moving = [], [], 0, 0, False

    def run(self):
        while not self.over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)
            connection.request("GET", "/v1/events?heartbeat=1s", headers={"Last-Event-ID": self.last} if self.last else {})
            response = connection.getresponse()
            # Any other status would end an EventSource for good.
            if response.status != 200:
                self.failures.append((time.time(), response.status, response.read()[:300]))
            else:
                self.is_ready, self.is_busy, said_goodbye = False, False, len(self.goodbyes)
                for event in blocks(iter(response.readline, b"")):
                    self.take(event)
                    if self.over.is_set():
                        break
                # A replica that does not catch up with the subscriber in time says `busy` and ends the stream.
                if len(self.goodbyes) == said_goodbye and not self.is_busy and not self.over.is_set():
                    self.failures.append((time.time(), "a stream ended without a bye"))
            connection.close()
            self.over.wait(0.2)

    def take(self, event):
        if event.id:
            self.last = event.id
        self.is_busy = event.kind == "busy"
        match event.kind:
            case "reset":
                self.resets.append(event.json["reason"])
                self.seen.clear()
                self.is_ready = False
            case "moved":
                self.moves += 1
                self.is_moving = True
            case "bye":
                self.goodbyes.append(event.json["reason"])
            case "message":
                self.take_number(int(event.json["item"]["n"]))
            case "ready" | "bookmark":
                self.is_ready, self.is_moving = True, False
                if self.seen != set(range(len(self.seen))):
                    missing = set(range(max(self.seen))) - self.seen
                    self.failures.append((time.time(), f"at {event}, these are lost: {sorted(missing)[:10]}"))

    def take_number(self, number):
        self.events += 1
        if number in self.seen and not self.is_moving:
            self.failures.append((time.time(), f"{number} came twice"))
        elif self.is_ready and number != len(self.seen):
            self.failures.append((time.time(), f"{number} came after {len(self.seen)} others"))
        self.seen.add(number)
