"""A server whose event streams a test writes itself, event by event, and a proxy that holds answers back."""

import contextlib
import http.client
import http.server
import json
import queue
import threading
import urllib.parse

from .processes import wait_for

PAGE = b"<!DOCTYPE html><html lang=en><title>A page of somebody's application</title><body></body></html>"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Streams are held open by their threads; closing must not wait for them.
    block_on_close = False

    def handle_error(self, request, client_address):
        """A browser that goes away is no error."""

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class Stream:
    """One connection to /v1/events, as the test holds it."""

    def __init__(self, query, path, last_event_id=None):
        self.last_event_id = last_event_id
        self.query, self.path, self.pieces, self.is_gone = query, path, queue.SimpleQueue(), threading.Event()

    def send(self, name, data, identity=None):
        lines = [f"id: {identity}"] if identity else []
        lines += [f"event: {name}"] if name != "change" else []
        self.pieces.put("\n".join([*lines, f"data: {data if isinstance(data, str) else json.dumps(data)}", "", ""]).encode())
        return self

    def put(self, seq, item, key=None, epoch="aaaaaaaaaaaa", cause="stream", **more):
        """A change of a table whose only key attribute is `id`."""
        identity = f"{epoch}.{seq}"
        change = {"op": "put", "key": key or {"id": item["id"]}, "item": item, "id": identity, "cause": cause, **more}
        return self.send("change", change, identity)

    def remove(self, seq, name, epoch="aaaaaaaaaaaa", cause="stream", **more):
        identity = f"{epoch}.{seq}"
        return self.send("change", {"op": "remove", "key": {"id": name}, "id": identity, "cause": cause, **more}, identity)

    def mark(self, name, seq, epoch="aaaaaaaaaaaa", items=0):
        position = f"{epoch}.{seq}"
        return self.send(name, {"position": position, "lag_ms": 7, "items": items}, position)

    def end(self):
        self.pieces.put(None)


class Scripted(Server):
    """
    Serves a blank page, the client's `modules` (path → bytes), scripted feeds and `answers` (path → status, body, and fields where
    needed). `begin` writes to each new stream.
    """

    def __init__(self, modules, answers=None, begin=lambda stream: None):
        self.modules, self.streams, self.requests, self.answers, self.begin = modules, [], [], answers or {}, begin
        super().__init__(("127.0.0.1", 0), ScriptedHandler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def stream(self, number, seconds=20):
        """The connection of that number, from 0, once it is there."""
        wait_for(lambda: len(self.streams) > number, seconds, f"stream {number} of {len(self.streams)}")
        return self.streams[number]


class ScriptedHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_OPTIONS(self):
        self.answer(204, b"", {"Access-Control-Allow-Headers": "Authorization, Prefer", "Access-Control-Allow-Methods": "GET, POST"})

    def do_POST(self):
        self.do_GET()

    def do_GET(self):
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        if path == "/page":
            self.answer(200, PAGE, {"Content-Type": "text/html"})
        elif path in self.server.modules:
            self.answer(200, self.server.modules[path], {"Content-Type": "text/javascript"})
        elif path in self.server.answers:
            status, body, *fields = self.server.answers[path](query, self.headers)
            self.answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **dict(*fields)})
        elif path == "/v1/events":
            self.stream(query)
        else:
            self.answer(404, b"{}", {"Content-Type": "application/problem+json"})

    def answer(self, status, body, fields):
        self.send_response(status)
        for name, value in {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After", "Cache-Control": "no-store", **fields}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, query):
        self.close_connection = True
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Access-Control-Allow-Origin": "*", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        stream = Stream(query, self.path, self.headers.get("Last-Event-ID"))
        self.server.begin(stream)
        self.server.streams.append(stream)
        with contextlib.suppress(OSError):
            while (piece := stream.pieces.get()) is not None:
                self.wfile.write(piece)
                self.wfile.flush()
        stream.is_gone.set()


class Proxy(Server):
    """
    Passes requests below a path of its own on to a port. While it `holds`, an answer leaves only when it is complete, as behind a
    proxy that buffers.
    """

    def __init__(self, port, path="/"):
        self.backend, self.path, self.holds, self.passed = port, path, False, []
        super().__init__(("127.0.0.1", 0), ProxyHandler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}{self.path.rstrip('/')}"


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    DROPPED = {"connection", "transfer-encoding", "date", "server", "content-length"}

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.do_GET()

    def do_OPTIONS(self):
        self.do_GET()

    def do_GET(self):
        self.server.passed.append(self.path)
        self.close_connection = True
        if not self.path.startswith(self.server.path):
            return self.send_error(404)
        target = "/" + self.path.removeprefix(self.server.path)
        backend = http.client.HTTPConnection("127.0.0.1", self.server.backend, timeout=60)
        with contextlib.suppress(OSError), contextlib.closing(backend):
            length = int(self.headers.get("Content-Length") or 0)
            fields = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            backend.request(self.command, target, body=self.rfile.read(length) if length else None, headers=fields)
            response = backend.getresponse()
            held = response.read() if self.server.holds else None
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in self.DROPPED:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while piece := held if held is not None else response.read1(65536):
                self.wfile.write(piece)
                self.wfile.flush()
                if held is not None:
                    break
