"""An HTTP proxy before the endpoint that spoils some of the answers, in the ways that networks and services do."""

import collections
import contextlib
import http.client
import http.server
import json
import socket
import threading
import time

FAULTS = ("dropped", "dropped-late", "html-500", "empty-503", "throttled", "slow", "truncated", "half-json")
# DynamoDB and its Streams each have their own word for it.
THROTTLES = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "LimitExceededException")
LONGEST_DELAY = 3
FORWARD_SECONDS = 30


class Faults(http.server.ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 and forwards to `target`; `share` of the requests meet a fault."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, target, chance, share):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.chance, self.share = target, chance, share
        self.port = self.server_address[1]
        self.counts, self.lock, self.out_until = collections.Counter(), threading.Lock(), 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def fault(self):
        """The fault for the next request, or None."""
        with self.lock:
            if time.monotonic() < self.out_until:
                name = "outage"
            elif self.chance.random() < self.share:
                name = self.chance.choice(FAULTS)
            else:
                return None
            self.counts[name] += 1
            return name

    def draw(self, low, high):
        with self.lock:
            return self.chance.uniform(low, high)

    def go_out(self, seconds):
        """Drops every request for a while."""
        self.out_until = time.monotonic() + seconds

    def handle_error(self, request, client_address):
        """A client that went away is part of the game."""

    def stop(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.upstream = None

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()
        if self.upstream:
            self.upstream.close()

    def log_message(self, *arguments):
        """Thousands of requests: nothing is written for each."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.fault()
        if fault in ("dropped", "outage"):
            self.close_connection = True
        elif fault == "html-500":
            self.answer(500, b"<html><body><h1>500 Internal Server Error</h1></body></html>", "text/html")
        elif fault == "empty-503":
            self.answer(503, b"", "text/plain")
        elif fault == "throttled":
            word = THROTTLES[int(self.server.draw(0, len(THROTTLES) - 0.001))]
            error = {"__type": f"com.amazonaws.dynamodb.v20120810#{word}", "message": "Rate exceeded"}
            self.answer(400, json.dumps(error).encode(), "application/x-amz-json-1.0")
        else:
            self.forward(body, fault)

    def forward(self, body, fault):
        if fault == "slow":
            time.sleep(self.server.draw(0.1, LONGEST_DELAY))
        status, kind, answer = self.ask(body)
        if fault == "dropped-late":
            self.close_connection = True
        elif fault == "truncated":
            self.answer(status, answer[: len(answer) // 2], kind, announced=len(answer))
            self.close_connection = True
        elif fault == "half-json":
            self.answer(status, answer[: len(answer) // 2], kind)
        else:
            self.answer(status, answer, kind)

    def ask(self, body):
        """The endpoint's own answer: status, content type and body."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "expect")}
        for attempt in range(2):
            try:
                if self.upstream is None:
                    self.upstream = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=FORWARD_SECONDS)
                self.upstream.request("POST", self.path, body, headers)
                response = self.upstream.getresponse()
                return response.status, response.headers.get("Content-Type", ""), response.read()
            except (OSError, http.client.HTTPException):
                self.upstream.close()
                self.upstream = None
                if attempt:
                    return 502, "text/plain", b"bad gateway"

    def answer(self, status, body, kind, announced=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
