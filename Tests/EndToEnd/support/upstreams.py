"""An upstream for followers whose every byte a test decides, and a well-behaved one to depart from."""

import contextlib
import itertools
import json
import socket
import struct
import threading
import urllib.parse
import zlib

from .digests import digest
from .processes import PATIENCE, free_port, wait_for

FEED = "application/x-ndjson"
AT = "2026-01-02T03:04:05.678Z"
# Between two bookmarks of a well-behaved upstream, in seconds.
BETWEEN_BOOKMARKS = 0.1
FULL_STREAM = 3600


class Exchange:
    """One request to an upstream, and its response as it is written."""

    def __init__(self, connection, number):
        self.connection, self.number, self.press = connection, number, None
        connection.settimeout(10 * PATIENCE)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError("no request came")
            head += piece
        first, *lines = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.path, _, query = self.target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))

    @property
    def since(self):
        return self.query.get("since", "0")

    def respond(self, status, body, kind="application/problem+json", **fields):
        """A whole response; the connection ends with it."""
        body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        lines = [f"HTTP/1.1 {status} As scripted", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def begin(self, **fields):
        """The head of a feed, compressed where the client takes that."""
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {FEED}", "Transfer-Encoding: chunked"]
        if "gzip" in self.fields.get("accept-encoding", ""):
            self.press = zlib.compressobj(wbits=31)
            lines.append("Content-Encoding: gzip")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode())

    def write(self, data):
        """Bytes of the feed, at once."""
        if self.press:
            data = self.press.compress(data) + self.press.flush(zlib.Z_SYNC_FLUSH)
        if data:
            self.connection.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def lines(self, *values):
        """Whole lines of the feed."""
        self.write(b"".join(json.dumps(value).encode() + b"\n" for value in values))

    def end(self):
        """The whole end of the response."""
        if self.press:
            last = self.press.flush()
            self.connection.sendall(b"%x\r\n%b\r\n" % (len(last), last))
        self.connection.sendall(b"0\r\n\r\n")

    def reset(self):
        """The connection breaks off, as of a process that was killed."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def hold(self, seconds=FULL_STREAM):
        """Writes nothing more until the client goes, at most for so long."""
        self.connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            self.connection.recv(1)


class Upstream:
    """A port on which `serve(exchange)` writes each response, on a thread of its own. Without `serve` connections are closed at once."""

    def __init__(self, serve=None):
        self.serve, self.port, self.exchanges = serve, free_port(), []
        self.lock, self.listener, self.numbers, self.failures = threading.Lock(), None, itertools.count(), []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        assert not self.failures, self.failures

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """Refuses connections from now on, and breaks off those that are open."""
        if self.listener:
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.break_off()

    def break_off(self):
        """Breaks off the connections that are open."""
        for exchange in self.taken():
            with contextlib.suppress(OSError):
                exchange.connection.shutdown(socket.SHUT_RDWR)

    def become(self, serve):
        """From now on requests are served in this way; connections of before are broken off."""
        self.serve = serve
        self.break_off()

    def taken(self):
        """The requests so far."""
        with self.lock:
            return list(self.exchanges)

    def wait_for_requests(self, count, seconds=20):
        return wait_for(lambda: len(self.taken()) >= count and self.taken(), seconds, lambda: f"{count} requests")

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection = listener.accept()[0]
                threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, connection):
        with connection:
            if self.serve is None:
                return
            try:
                exchange = Exchange(connection, next(self.numbers))
                with self.lock:
                    self.exchanges.append(exchange)
                self.serve(exchange)
            except OSError:
                # The client has gone, or the test has broken it off.
                pass
            except Exception as failure:
                self.failures.append(failure)


class Leader:
    """A well-behaved upstream over a table of its own with the key `id`. It is the `serve` of an `Upstream`.

    `partial` leaves out what a token that is restricted to some keys is not told. The rest of the attributes are told as they are."""

    def __init__(self, table="orders", epoch="aaaaaaaaaaaa", chain=("leaderleader",), partial=False):
        self.table, self.epoch, self.chain, self.partial = table, epoch, list(chain), partial
        self.protocol, self.state, self.reason, self.lag = 1, "live", "following the stream", 5
        self.news = threading.Condition()
        # The newest state of each key: (seq, line, item or None).
        self.rows, self.seq, self.horizon = {}, 0, 0
        self.reset_reason, self.lives = "other-epoch", 0

    def put(self, key, **attributes):
        """A change of the stream; attributes are whole numbers and plain text."""
        item = {"id": {"S": key}}
        for name, value in attributes.items():
            item[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
        self.change(key, {"op": "put", "item": item}, item)

    def remove(self, key):
        self.change(key, {"op": "remove", "key": {"id": {"S": key}}}, None)

    def change(self, key, members, item):
        with self.news:
            self.seq += 1
            self.rows[key] = (self.seq, self.line(self.seq, members), item)
            self.news.notify_all()

    def line(self, seq, members, epoch=None):
        more = {"id": f"{epoch or self.epoch}.{seq}", "version": f"{seq + 100:021d}".lstrip("0"), "at": AT, "cause": "stream"}
        return {**members, **more}

    def rebuild(self, epoch, reason="rebuilt"):
        """The same items as of other contents: who follows is told to start over."""
        with self.news:
            items = [(key, item) for key, (_, _, item) in sorted(self.rows.items()) if item]
            self.epoch, self.seq, self.rows, self.reset_reason = epoch, 0, {}, reason
            self.lives += 1
            self.news.notify_all()
        for key, item in items:
            self.change(key, {"op": "put", "item": item}, item)

    def items(self):
        """Its items in DynamoDB's typed form, by their keys."""
        with self.news:
            return {key: item for key, (_, _, item) in self.rows.items() if item}

    # Lines

    def source(self):
        return {"event": "source", "protocol": self.protocol, "chain": self.chain}

    def hello(self):
        return {"event": "hello", "table": self.table, "epoch": self.epoch}

    def contents(self):
        return {
            "event": "contents",
            "epoch": self.epoch,
            "table": self.table,
            "key": {"partition": {"name": "id", "type": "S"}},
            "stream_arn": None,
            "stream": None,
            "ignored_attributes": "",
            "birth": None,
            "horizon": str(self.horizon),
            "partial": self.partial,
        }

    def mark(self, name="bookmark"):
        position = f"{self.epoch}.{self.seq}"
        told = {"event": name, "id": position, "position": position, "lag_ms": self.lag, "items": None}
        told |= {"state": self.state, "reason": self.reason, "horizon": str(self.horizon)}
        if not self.partial:
            items = [item for _, _, item in self.rows.values() if item]
            told |= {"items": len(items), "digest": self.digest(items)}
        return told

    def digest(self, items):
        return digest(items)

    def opening(self):
        return [self.source(), self.hello(), self.contents()]

    def after(self, seq):
        """The lines after a seq, in order."""
        return [line for number, line, _ in sorted(self.rows.values(), key=lambda row: row[0]) if number > seq]

    # Serving

    def __call__(self, exchange):
        exchange.begin()
        with self.news:
            sent, life = 0, self.lives
            lines = self.opening()
            epoch, _, seq = exchange.since.partition(".")
            if epoch == self.epoch:
                sent = int(seq.split(".")[0])
            elif exchange.since != "0":
                lines += [{"event": "reset", "reason": self.reset_reason}, self.contents()]
            lines += [*self.after(sent), self.mark("ready"), self.mark()]
            sent = self.seq
        exchange.lines(*lines)
        while True:
            with self.news:
                self.news.wait_for(lambda: self.seq > sent or self.lives != life, BETWEEN_BOOKMARKS)
                lines = []
                if self.lives != life:
                    sent, life = 0, self.lives
                    lines = [{"event": "reset", "reason": self.reset_reason}, self.contents()]
                lines += [*self.after(sent), self.mark()]
                sent = self.seq
            exchange.lines(*lines)
