"""DynamoDB with one table whose stream has some open shards, and a fault for a few of them: what no peer can do."""

import contextlib
import http.server
import json
import threading
import time

from .endpoints import Endpoint
from .peers import REGION

TABLE = "orders"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:000000000000:table/{TABLE}"
STREAM_ARN = f"{TABLE_ARN}/stream/2026-01-01T00:00:00.000"
FIRST_NUMBER = 100000000000000000001
# More than the client takes of one answer.
ENDLESS_BYTES = 80 << 20
FAULTS = {
    "redirect": (302, b"", {"Location": "http://127.0.0.1:9/"}),
    "ValidationException": (400, b'{"__type":"ValidationException","message":"Invalid ShardIterator"}', {}),
    "ResourceNotFoundException": (400, b'{"__type":"ResourceNotFoundException","message":"Shard does not exist"}', {}),
    "ExpiredIteratorException": (400, b'{"__type":"ExpiredIteratorException","message":"Iterator expired"}', {}),
    "AccessDeniedException": (400, b'{"__type":"AccessDeniedException","message":"not authorized"}', {}),
    "error 500": (500, b"", {}),
    "empty body": (200, b"", {}),
    "too large": None,
    "stall": None,
}


class FaultyShards(Endpoint):
    """An empty table; `write` puts an item by a record in one of the shards. While `fault` is set, GetRecords of the shards `faulty` meets it."""

    def __init__(self, shards=("a", "b"), faulty=("a",)):
        self.records = {name: [] for name in shards}
        self.ids = {name: f"shardId-{number:020}-{name}" for number, name in enumerate(shards)}
        self.number, self.fault, self.faulty, self.met = FIRST_NUMBER, None, faulty, 0
        self.lock, self.ended = threading.Lock(), threading.Event()
        # Members of DescribeTable's response in place of the usual ones.
        self.described = {}
        # An operation whose calls have no response, and the error of every call.
        self.hangs, self.refusal = None, None
        super().__init__("faulty shards", Handler)

    @contextlib.contextmanager
    def running(self):
        with super().running() as peer:
            try:
                yield peer
            finally:
                self.ended.set()

    def write(self, shard, key, value):
        """A write of the table, told by one record of a shard."""
        with self.lock:
            self.number += 1
            item = {"id": {"S": key}, "n": {"N": str(value)}}
            change = {
                "ApproximateCreationDateTime": int(time.time()),
                "Keys": {"id": {"S": key}},
                "NewImage": item,
                "SequenceNumber": str(self.number),
                "SizeBytes": 30,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            }
            self.records[shard].append(
                {"eventID": str(self.number), "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": REGION, "dynamodb": change}
            )

    def describe_table(self, _):
        key = {"AttributeName": "id"}
        return {
            "Table": {
                "TableName": TABLE, "TableArn": TABLE_ARN, "TableStatus": "ACTIVE", "ItemCount": 0, "TableSizeBytes": 0,
                "KeySchema": [{**key, "KeyType": "HASH"}], "AttributeDefinitions": [{**key, "AttributeType": "S"}],
                "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}, "LatestStreamArn": STREAM_ARN,
                **self.described,
            }
        }  # fmt: skip

    def describe_stream(self, _):
        shards = [{"ShardId": name, "SequenceNumberRange": {"StartingSequenceNumber": str(FIRST_NUMBER)}} for name in self.ids.values()]
        return {
            "StreamDescription": {
                "StreamArn": STREAM_ARN, "StreamStatus": "ENABLED", "StreamViewType": "NEW_AND_OLD_IMAGES", "TableName": TABLE, "Shards": shards,
            }
        }  # fmt: skip

    def get_shard_iterator(self, request):
        name = next(name for name, shard in self.ids.items() if shard == request["ShardId"])
        records, kind = self.records[name], request["ShardIteratorType"]
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
        after = int(request.get("SequenceNumber", 0)) - (kind == "AT_SEQUENCE_NUMBER")
        place = {"LATEST": len(records), "TRIM_HORIZON": 0}.get(kind, sum(number <= after for number in numbers))
        return {"ShardIterator": f"{name}:{place}"}

    def get_records(self, request):
        name, place = request["ShardIterator"].split(":")
        records = self.records[name][int(place) : int(place) + request.get("Limit", 1000)]
        return {"Records": records, "NextShardIterator": f"{name}:{int(place) + len(records)}"}

    def scan(self, _):
        return {"Items": [], "Count": 0, "ScannedCount": 0}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    OPERATIONS = {
        "DescribeTable": FaultyShards.describe_table,
        "DescribeStream": FaultyShards.describe_stream,
        "GetShardIterator": FaultyShards.get_shard_iterator,
        "GetRecords": FaultyShards.get_records,
        "Scan": FaultyShards.scan,
    }

    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        if self.server.refusal:
            error = {"__type": self.server.refusal, "message": "said the test"}
            self.answer(400, json.dumps(error).encode(), {})
            return
        if self.server.hangs == operation:
            self.close_connection = True
            while self.server.hangs == operation and not self.server.ended.wait(0.05):
                pass
            return
        fault = self.server.fault
        if fault and operation == "GetRecords" and request["ShardIterator"].split(":")[0] in self.server.faulty:
            self.server.met += 1
            self.fail(fault)
            return
        with self.server.lock:
            answer = self.OPERATIONS[operation](self.server, request)
        self.answer(200, json.dumps(answer).encode(), {})

    def fail(self, fault):
        if fault == "stall":
            self.close_connection = True
            while self.server.fault == fault and not self.server.ended.wait(0.05):
                pass
        elif fault == "too large":
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Length", str(ENDLESS_BYTES))
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(ENDLESS_BYTES >> 20):
                    self.wfile.write(b" " * (1 << 20))
        else:
            self.answer(*FAULTS[fault])

    def answer(self, status, body, fields):
        self.send_response(status)
        for name, value in {"Content-Type": "application/x-amz-json-1.0", **fields}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
