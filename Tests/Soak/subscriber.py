"""A subscriber that outlives the service: it comes back with its last id, keeps a map, and checks that nothing goes back."""

import contextlib
import http.client
import threading

from support.events import blocks

RECONNECT_SECONDS = 0.3
# Longer than any pause that the soak makes; bookmarks come every 15 s.
SILENCE_SECONDS = 40


class Subscriber(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.ending, self.lock = port, threading.Event(), threading.Lock()
        self.items, self.newest, self.removed = {}, {}, set()
        self.last, self.failures = None, []
        self.events = self.connections = self.resets = 0

    def run(self):
        while not self.ending.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.connect()
            self.ending.wait(RECONNECT_SECONDS)

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SILENCE_SECONDS)
        try:
            headers = {"Accept": "text/event-stream", **({"Last-Event-ID": self.last} if self.last else {})}
            connection.request("GET", "/v1/events?format=dynamodb", headers=headers)
            response = connection.getresponse()
            if response.status != 200:
                return
            self.connections += 1
            for event in blocks(iter(response.readline, b"")):
                if self.ending.is_set():
                    return
                with self.lock:
                    self.take(event)
        finally:
            connection.close()

    def snapshot(self):
        """The items of the map at this moment."""
        with self.lock:
            return list(self.items.values())

    def take(self, event):
        self.events += 1
        if event.kind == "reset":
            self.resets += 1
            self.items.clear()
            self.last = None
        if event.id:
            self.check_order(event)
            self.last = event.id
        if event.kind == "message":
            self.apply(event)

    def check_order(self, event):
        """Changes have ever larger ids within an epoch; a control event may repeat where we are."""
        if not self.last:
            return
        (epoch, now), (epoch_before, before) = event.id.split("."), self.last.split(".")
        if epoch == epoch_before and int(now) < int(before) + (event.kind == "message"):
            self.failures.append(f"{event.kind} with id {event.id} after {self.last}")

    def apply(self, event):
        change = event.json
        key = change["key"]["id"]
        key = key["S"] if isinstance(key, dict) else key
        if change["op"] == "remove":
            self.items.pop(key, None)
            self.removed.add(key)
            return
        number, before = int(change["item"]["n"]["N"]), self.newest.get(key, 0)
        if number < before or (number == before and key in self.removed):
            gone = ", then its removal" if key in self.removed else ""
            self.failures.append(f"{key} went back: n = {number} ({event.data[:300]}) after {before}{gone}, last id {self.last}")
        self.newest[key] = max(number, before)
        self.removed.discard(key)
        self.items[key] = change["item"]
