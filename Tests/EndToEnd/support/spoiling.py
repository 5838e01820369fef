"""A proxy in front of a DynamoDB endpoint that gives values a type which no release knows: what a future DynamoDB may send."""

import http.client
import http.server
import json

from .endpoints import Endpoint

# As a future type's tag would look.
FUTURE = {"X": "1"}


class SpoilingProxy(Endpoint):
    """Passes calls on. The attribute `odd` of an item, wherever it comes, gets a type that nobody knows; and so do the keys of the records of
    items that `nameless` has."""

    def __init__(self, peer):
        self.peer, self.spoils, self.nameless = peer, True, set()
        super().__init__("spoiling", Handler)

    def spoil(self, operation, answer):
        """The answer of an operation as a client of this proxy gets it."""
        if operation == "Scan":
            items = answer.get("Items", [])
        elif operation == "BatchGetItem":
            items = [item for found in answer.get("Responses", {}).values() for item in found]
        else:
            changes = [record["dynamodb"] for record in answer.get("Records", [])]
            items = [change[image] for change in changes for image in ("NewImage", "OldImage") if image in change]
            for change in changes:
                if change["Keys"]["id"].get("S") in self.nameless:
                    for part in ("Keys", "NewImage", "OldImage"):
                        if part in change:
                            change[part] = {**change[part], "id": FUTURE}
        for item in items:
            if "odd" in item and self.spoils:
                item["odd"] = FUTURE
        return answer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        connection = http.client.HTTPConnection("127.0.0.1", self.server.peer.port, timeout=20)
        try:
            fields = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "accept-encoding")}
            connection.request("POST", "/", body, fields)
            response = connection.getresponse()
            content = response.read()
            status, date = response.status, response.getheader("Date")
        finally:
            connection.close()
        if status == 200 and operation in ("Scan", "BatchGetItem", "GetRecords"):
            content = json.dumps(self.server.spoil(operation, json.loads(content))).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        if date:
            self.send_header("Date", date)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
