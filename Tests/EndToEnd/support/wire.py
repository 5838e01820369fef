"""HTTP as bytes: connections that send and read exactly what a test says, and the cases of Tests/HTTPCases."""

import contextlib
import dataclasses
import pathlib
import re
import select
import socket
import struct

CASES = pathlib.Path(__file__).resolve().parents[2] / "HTTPCases/Cases"
# Longer cases are cut only near their ends: what is in between is one long word.
CUT_EVERYWHERE = 600
PATIENCE = 20
PROBE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
IMF_FIXDATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
# Fields that a response may have more than once (RFC 9110 section 5.3).
LISTS = {"vary", "link", "set-cookie", "www-authenticate", "server-timing"}


@dataclasses.dataclass
class Response:
    status: int
    fields: list
    body: bytes = b""

    def __getitem__(self, name):
        return next((value for field, value in self.fields if field == name), None)

    @property
    def bodyless(self):
        return self.status < 200 or self.status in (204, 304)

    @property
    def is_last(self):
        return self["connection"] == "close"

    def check(self):
        """The rules that every response keeps."""
        names = [name for name, _ in self.fields]
        assert not [name for name in set(names) - LISTS if names.count(name) > 1], f"a field stands twice: {names}"
        assert not {"content-length", "transfer-encoding"} <= set(names)
        if self.bodyless:
            assert not {"content-length", "transfer-encoding"} & set(names), f"a {self.status} with a body's length"
        if self.status < 200:
            return
        assert IMF_FIXDATE.fullmatch(self["date"] or ""), f"Date: {self['date']}"
        if not self.bodyless and self["content-length"] != "0":
            assert self["content-type"], f"a {self.status} with a body and no Content-Type"
        assert self["accept-ranges"] in (None, "none"), "parts are not served here"
        assert self["cache-control"], f"a {self.status} without Cache-Control"
        assert self.status < 400 or self["cache-control"] == "no-store", f"a {self.status} that may be stored"


class Wire:
    """One connection. Every wait is bounded."""

    def __init__(self, port, receive_buffer=None, source=None, patience=PATIENCE):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(("127.0.0.1", port))
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """With a reset, so that thousands of connections leave no port behind that is still in use."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def has_answer(self):
        """Whether anything is there to be read, the end included."""
        return bool(self.received) or self.has_answer_now()

    def has_answer_now(self):
        """Whether something more has come from the network."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(0))

    def receive(self):
        data = self.socket.recv(65536)
        self.received += data
        return bool(data)

    def take(self, count):
        while len(self.received) < count:
            assert self.receive(), "a body is cut short"
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def take_through(self, text):
        while text not in self.received:
            assert self.receive(), f"the connection ended after {self.received!r}"
        return self.take(self.received.index(text) + len(text))

    def rest(self):
        """Everything up to the end of the connection, which must be a clean one."""
        while self.receive():
            pass
        taken, self.received = self.received, b""
        return taken

    def response(self, to_head=False):
        lines = self.take_through(b"\r\n\r\n")[:-4].decode("latin-1").split("\r\n")
        # The space after the status stands also when no phrase follows (RFC 9112 section 4).
        status = re.fullmatch(r"HTTP/1\.1 (\d{3}) [^\r\n]*", lines[0])
        assert status, f"status line {lines[0]!r}"
        fields = []
        for line in lines[1:]:
            field = re.fullmatch(r"([!-9;-~]+): (.*)", line)
            assert field, f"field line {line!r}"
            fields.append((field[1].lower(), field[2]))
        response = Response(int(status[1]), fields)
        response.check()
        if to_head or response.bodyless:
            return response
        if response["content-length"] is not None:
            response.body = self.take(int(response["content-length"]))
        elif response["transfer-encoding"] == "chunked":
            while size := int(self.take_through(b"\r\n"), 16):
                response.body += self.take(size)
                assert self.take(2) == b"\r\n", "no CRLF after a chunk"
            assert self.take(2) == b"\r\n", "no CRLF after the last chunk"
        else:
            response.body = self.rest()
        return response

    def get(self, path, fields=""):
        self.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
        return self.response()


@dataclasses.dataclass
class Reply:
    """What must come back for one request, or for bytes that are none (then without a method)."""

    status: int
    method: str | None = None
    fields: list = dataclasses.field(default_factory=list)
    absent: list = dataclasses.field(default_factory=list)
    body: bytes | None = None
    holds: list = dataclasses.field(default_factory=list)
    kept: list = dataclasses.field(default_factory=list)

    def check(self, response, kept):
        text = response.body[:2000]
        assert self.status in (0, response.status), f"{response.status} instead of {self.status}: {text}"
        for name, value in self.fields:
            for key, known in kept.items():
                value = value and value.replace(f"${{{key}}}", known)
            assert response[name] is not None, f"no {name} in {response.fields}"
            assert value is None or response[name] == value, f"{name}: {response[name]} instead of {value}"
        for name in self.absent:
            assert response[name] is None, f"{name}: {response[name]}"
        assert self.body is None or response.body == self.body, text
        for part in self.holds:
            assert part in response.body, f"no {part} in {text}"


@dataclasses.dataclass
class Step:
    data: bytes = b""
    interim: bool = False
    replies: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Case:
    """One behaviour: bytes in, and what comes out. The README beside the cases has the notation."""

    name: str
    scope: str = "all"
    may_continue: bool = False
    steps: list = dataclasses.field(default_factory=list)
    end: str = ""


def unescape(text):
    plain = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}

    def one(match):
        if match["hex"]:
            return bytes.fromhex(match["hex"].decode())
        if match["letter"]:
            return plain[match["letter"].decode()]
        return match["repeated"] * int(match["count"])

    pattern = rb"\\(?:x(?P<hex>[0-9a-fA-F]{2})|(?P<letter>[rnt\\])|\{(?P<repeated>.)\*(?P<count>\d+)\})"
    return re.sub(pattern, one, text.encode())


def parse(name, lines):
    case, step = Case(name), Step()
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "scope":
            case.scope = rest
        elif word == "end":
            case.end = rest
        elif word == "send":
            if step.interim or step.replies:
                case.steps.append(step)
                step = Step()
            step.data += unescape(rest)
        elif word == "interim":
            case.may_continue = case.may_continue or rest == "maybe"
            step.interim = step.interim or rest != "maybe"
        elif word in ("answer", "refuse"):
            parts = rest.split(" ")
            step.replies.append(Reply(0 if parts[0] == "ANY" else int(parts[0]), parts[1] if word == "answer" else None))
        else:
            add(word, rest, step.replies[-1])
    case.steps.append(step)
    replies = [reply for step in case.steps for reply in step.replies]
    refused = bool(replies) and replies[-1].method is None
    case.end = case.end or ("close" if refused else "open")
    return case


def add(word, rest, reply):
    if word == "field":
        name, colon, value = rest.partition(":")
        reply.fields.append((name.lower(), value[1:] if colon else None))
    elif word == "without":
        reply.absent.append(rest.lower())
    elif word == "body":
        reply.body = unescape(rest)
    elif word == "holds":
        reply.holds.append(unescape(rest))
    elif word == "keep":
        name, field = rest.split(" ")
        reply.kept.append((name, field.lower()))
    else:
        raise ValueError(f"unknown word in a case: {word}")


def all_cases():
    cases = []
    for file in sorted(CASES.glob("*.http")):
        text = "\n".join(line for line in file.read_text().split("\n") if not line.startswith("#"))
        for block in re.split(r"\n\n+", text.strip("\n")):
            title, *lines = block.split("\n")
            variants = [line[5:] for line in lines if line == "each" or line.startswith("each ")]
            lines = [line for line in lines if line.partition(" ")[0] != "each"]
            for variant in variants:
                cases.append(parse(f"{title} [{variant}]", [line.replace("${each}", variant) for line in lines]))
            if not variants:
                cases.append(parse(title, lines))
    return cases


class Run:
    """One connection that a case runs on, step by step."""

    def __init__(self, case, port):
        self.case, self.wire, self.kept = case, Wire(port), {}
        self.is_last = False

    def data(self, step):
        data = step.data
        for name, value in self.kept.items():
            data = data.replace(f"${{{name}}}".encode(), value.encode())
        return data

    def feed(self, step, data):
        """Sends a part of a step, unless the server has refused already."""
        if len(step.replies) == 1 and step.replies[0].method is None and self.wire.has_answer():
            return
        try:
            self.wire.send(data)
        except OSError:
            # A server that has closed need not take what comes behind its last answer.
            if self.case.end != "close":
                raise

    def finish(self, step):
        """Reads and checks what the step brings about."""
        if not step.replies and not step.interim and self.case.end == "waiting":
            self.wire.finish_sending()
        if step.interim:
            assert self.wire.response().status == 100
        for reply in step.replies:
            to_head = reply.method == "HEAD"
            response = self.wire.response(to_head)
            if response.status == 100 and self.case.may_continue:
                response = self.wire.response(to_head)
            reply.check(response, self.kept)
            self.kept.update((name, response[field] or "") for name, field in reply.kept)
            self.is_last = response.is_last

    def do(self, step):
        self.feed(step, self.data(step))
        self.finish(step)

    def end(self):
        assert self.is_last == (self.case.end == "close"), "the last answer is wrong about the connection's end"
        if self.case.end == "open":
            self.wire.send(PROBE)
            assert self.wire.response().status == 200, "the connection does not go on"
        else:
            assert self.wire.rest() == b""
        self.wire.close()


def run_whole(case, port):
    run = Run(case, port)
    for step in case.steps:
        run.do(step)
    run.end()


def run_bytewise(case, port, witness):
    if sum(len(step.data) for step in case.steps) > CUT_EVERYWHERE:
        return
    run = Run(case, port)
    for step in case.steps:
        for byte in run.data(step):
            run.feed(step, bytes([byte]))
            # One event loop that has answered this has read the byte before by itself.
            look(witness)
        run.finish(step)
    run.end()


def run_cut(case, port, witness, number):
    """All cuts of one step at once: first parts, a look, second parts."""
    count = len(case.steps[number].data)
    cuts = range(1, count) if count <= CUT_EVERYWHERE else [*range(1, 41), *range(count - 40, count)]
    runs = []
    for cut in cuts:
        run = Run(case, port)
        for step in case.steps[:number]:
            run.do(step)
        data = run.data(case.steps[number])
        # What a step refers to may be longer than its name in the file.
        place = len(data) - (count - cut) if cut * 2 > count else cut
        run.feed(case.steps[number], data[:place])
        runs.append((run, data[place:]))
    look(witness)
    for run, rest in runs:
        run.feed(case.steps[number], rest)
    for run, _ in runs:
        run.finish(case.steps[number])
        for step in case.steps[number + 1 :]:
            run.do(step)
        run.end()


def look(witness):
    witness.send(PROBE)
    assert witness.response().status == 200
