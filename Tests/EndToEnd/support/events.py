"""Reading Server-Sent Events by the letter of the specification, from a connection of its own."""

import contextlib
import http.client
import json


class Event:
    def __init__(self, kind, data, identity):
        self.kind, self.data, self.id = kind, data, identity

    def __repr__(self):
        return f"Event({self.kind!r}, {self.data[:80]!r}, id={self.id!r})"

    @property
    def json(self):
        return json.loads(self.data)


def blocks(lines):
    """The events in an iterable of lines, and how long to wait before a reconnect is ignored."""
    kind, data, identity = "message", [], None
    for line in lines:
        line = line.rstrip(b"\n").decode()
        if not line:
            if data:
                yield Event(kind, "\n".join(data), identity)
            kind, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            identity = value


@contextlib.contextmanager
def stream(service, path="/v1/events", headers={}, seconds=10):
    """An iterator over the events of one connection; no event within `seconds` is an error."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Accept": "text/event-stream", **headers})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield blocks(iter(response.readline, b""))
    finally:
        connection.close()


def until(events, kind):
    """Collects events up to and with the first of that kind."""
    seen = []
    for event in events:
        seen.append(event)
        if event.kind == kind:
            return seen
    raise AssertionError(f"the stream ended without {kind}: {seen}")
