"""An endpoint between the program and a peer that refuses some operations."""

import http.client
import http.server
import json

from .endpoints import Endpoint


def denying(peer, **codes):
    """A server that passes calls on to `peer`, but for the operations named, which get a 400 with that code."""

    class Denying(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].rsplit(".", 1)[1]
            if code := codes.get(operation):
                message = f"User: arn:aws:iam::000000000000:user/test is not authorized to perform: dynamodb:{operation}"
                error = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
                return self.respond(400, "application/x-amz-json-1.0", json.dumps(error).encode())
            connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=20)
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("accept-encoding", "host")}
            connection.request("POST", "/", body, {**kept, "Host": f"127.0.0.1:{peer.port}"})
            response = connection.getresponse()
            content = response.read()
            connection.close()
            return self.respond(response.status, response.getheader("Content-Type", ""), content)

        def respond(self, status, content_type, body):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Endpoint("denying", Denying)
