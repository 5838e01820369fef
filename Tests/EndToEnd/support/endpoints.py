"""Servers of a test's own in DynamoDB's place."""

import contextlib
import http.server
import json
import threading

from .peers import Peer


class Endpoint(http.server.ThreadingHTTPServer):
    """Answers with a handler on a free port for the length of a block, as the peer of that name."""

    daemon_threads = True
    # Calls that hang are what some of them are for; closing must not wait for those.
    block_on_close = False

    def __init__(self, name, handler):
        self.name = name
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request, client_address):
        """A client that goes away in the middle of an answer is no error."""

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Peer(self.name, self.server_port)
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


def refusing(status, code):
    """A handler that answers every call of DynamoDB with one error."""

    class Refusing(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "said the test"}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Refusing
