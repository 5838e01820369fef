"""Followers of upstreams that lie, stall, die or are none: what is served meanwhile, what the operator is told, and how it ends."""

import contextlib
import itertools
import threading
import time

import pytest
from support.events import stream
from support.followers import following, held, readiness, wait_for_log, wait_for_reason, wait_until_equal
from support.processes import free_port, looks, wait_for
from support.service import run
from support.upstreams import FEED, Leader, Upstream

EMPTY = "0" * 32
# So that a fault is told by /readyz soon after it began.
IMPATIENT = ("--max-lag", "1s")


def status(service):
    return service.get("/v1/status").json()


def leader_with(count=4, **options):
    leader = Leader(**options)
    for number in range(count):
        leader.put(f"item-{number}", n=number)
    leader.remove("item-1")
    return leader


class Listener:
    """A subscriber of a follower that stays connected: what it was told."""

    def __init__(self, service):
        self.service, self.events, self.failure = service, [], None
        self.thread = threading.Thread(target=self.read, daemon=True)

    def read(self):
        try:
            with stream(self.service, "/v1/events?format=dynamodb&heartbeat=1s", seconds=60) as events:
                for event in events:
                    self.events.append(event)
        except (OSError, ValueError):
            pass
        except Exception as failure:
            self.failure = failure

    def kinds(self, *wanted):
        return [event for event in list(self.events) if event.kind in wanted]

    def keys(self):
        """What it holds: a reset empties it."""
        items = {}
        for event in list(self.events):
            if event.kind == "reset":
                items = {}
            if event.kind == "message":
                change = event.json
                key = change["key"]["id"]["S"]
                items.pop(key, None)
                if change["op"] == "put":
                    items[key] = change["item"]
        return items


@contextlib.contextmanager
def listening(service):
    listener = Listener(service)
    listener.thread.start()
    wait_for(lambda: listener.kinds("ready"), 20, "the subscriber to be ready")
    yield listener
    assert listener.failure is None, listener.failure


# Faults: each a way to serve, the reason by which it is known, and words that the operator is told


def responds(code, body="", kind="application/problem+json", **fields):
    return lambda leader: lambda exchange: exchange.respond(code, body, kind, **fields)


def problem(code, detail, **fields):
    return responds(code, {"type": "about:blank", "status": code, "detail": detail}, **fields)


def tells(*lines):
    """A feed that says these lines, made of the leader, and then nothing."""

    def serve(leader):
        def respond(exchange):
            exchange.begin()
            for line in lines:
                value = line(leader, exchange) if callable(line) else line
                for each in value if isinstance(value, list) else [value]:
                    exchange.write(each) if isinstance(each, bytes) else exchange.lines(each)
            exchange.hold()

        return respond

    return serve


def opening(leader, exchange):
    """The lines of a leader up to its contents, and, for one that has none of what was asked for, that it starts over."""
    lines = leader.opening()
    if exchange.since != "0" and exchange.since.split(".")[0] != leader.epoch:
        lines += [{"event": "reset", "reason": "other-epoch"}, leader.contents()]
    return lines


def since(exchange):
    return 0 if exchange.since == "0" else int(exchange.since.split(".")[1])


def change(seq_from, **more):
    """A change whose seq lies so many after the position that was asked for, or the head of the rows."""

    def line(leader, exchange):
        item = {"id": {"S": "bad"}, "n": {"N": "1"}}
        return {**leader.line(max(leader.seq, since(exchange)) + seq_from, {"op": "put", "item": item}), **more}

    return line


def rows(leader, exchange):
    return leader.after(since(exchange))


def source(**more):
    return lambda leader, exchange: {**leader.source(), **more}


def contents(**more):
    return lambda leader, exchange: [leader.source(), leader.hello(), {**leader.contents(), **more}]


def mark(**more):
    return lambda leader, exchange: {**leader.mark(), **more}


def mark_of_another_epoch(leader, exchange):
    position = f"zzzzzzzzzzzz.{leader.seq}"
    return {**leader.mark(), "id": position, "position": position}


def closes_at_once(leader):
    return None


def breaks_off_inside_a_line(leader):
    def respond(exchange):
        exchange.begin()
        exchange.lines(*opening(leader, exchange))
        exchange.write(b'{"op":"put","item":{"id":{"S":"half')
        exchange.reset()

    return respond


def ends_well(leader):
    def respond(exchange):
        exchange.begin()
        exchange.lines(*opening(leader, exchange))
        exchange.end()

    return respond


HTML = "<!DOCTYPE html><title>Welcome</title>"
FAULTS = {
    "is no Tablecast, which answers 404": (responds(404, HTML, "text/html"), "upstream-unusable", "answered 404"),
    "is a site that answers all with a page": (responds(200, HTML, "text/html"), "upstream-unusable", "is it a Tablecast service"),
    "closes at once": (closes_at_once, "upstream-unreachable", "cannot be reached"),
    "breaks off inside a line": (breaks_off_inside_a_line, "upstream-unreachable", ""),
    "ends its stream": (ends_well, "upstream-unreachable", "ended"),
    "wants a token": (problem(401, "A token is needed."), "upstream-unusable", "--follow-token-file"),
    "forbids it": (problem(403, "The token may see some keys only: add --follow-partial."), "upstream-unusable", "--follow-partial"),
    "is not ready": (problem(503, "The replica has no contents yet."), "waiting-for-upstream", "no contents yet"),
    "has too many subscribers": (problem(429, "Too many."), "waiting-for-upstream", "answered 429"),
    "redirects": (responds(308, "", Location="http://elsewhere.example/"), "upstream-unusable", "give --follow that address"),
    "has no contents": (
        tells(source(), {"event": "busy", "reason": "not-ready", "detail": "the table is being read"}),
        "waiting-for-upstream",
        "the table is being read",
    ),
    "says goodbye": (
        tells(opening, {"event": "bye", "reason": "draining", "retry_ms": 100}, lambda leader, exchange: exchange.reset() or []),
        "upstream-unreachable",
        "said goodbye (draining",
    ),
    "speaks another protocol": (tells(source(protocol=2)), "upstream-unusable", "speaks version 2"),
    "is too far from the stream": (tells(source(chain=["a", "b", "c", "d"])), "upstream-unusable", "--follow-max-depth is 3"),
    "has a part of the keys": (tells(contents(partial=True)), "upstream-unusable", "--follow-partial"),
    "sends no JSON": (tells(opening, b"{garbage\n"), "upstream-differs", "a line cannot be read"),
    "sends binary": (tells(opening, bytes(range(256)) + b"\n"), "upstream-differs", "a line cannot be read"),
    "sends a line without an end": (tells(opening, *[b"x" * 1_048_576] * 17), "upstream-differs", "a line has more than 16777216 bytes"),
    "describes contents first": (tells(lambda leader, exchange: leader.contents()), "upstream-differs", "before their source"),
    "goes back": (tells(opening, rows, change(+5), change(+5)), "upstream-differs", "the seq went back"),
    "sends a change of another epoch": (
        tells(opening, rows, change(+1, id="zzzzzzzzzzzz.99")),
        "upstream-differs",
        "a change of the epoch zzzzzzzzzzzz",
    ),
    "sends a change without a time": (tells(opening, rows, change(+1, at=None)), "upstream-differs", "a line cannot be read"),
    "sends an item without its key": (
        tells(opening, rows, change(+1, item={"n": {"N": "1"}})),
        "upstream-differs",
        "a line cannot be read",
    ),
    "makes a bookmark of another epoch": (tells(opening, rows, mark_of_another_epoch), "upstream-differs", "zzzzzzzzzzzz"),
    "makes a bookmark that goes back": (
        tells(opening, rows, change(+5), mark()),
        "upstream-differs",
        "came after the change",
    ),
    "has a digest that is none": (tells(opening, rows, mark(digest="x")), "upstream-differs", "a digest that is none"),
    "lies about its digest": (tells(opening, rows, mark(digest=EMPTY)), "upstream-differs", "the upstream has 3 items with the digest 0000"),
    "lies about its items": (tells(opening, rows, mark(items=77)), "upstream-differs", "the upstream has 77 items"),
}
# Those of which a follower that stands at a position is not told, or that it rightly takes.
ONLY_AT_FIRST = {"describes contents first"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_follower_that_begins_with_an_upstream_that(name, logs):
    fault, code, text = FAULTS[name]
    leader = leader_with()
    with Upstream(fault(leader)) as upstream, following(logs, upstream.url, ready=False) as follower:
        follower.program.wait_until_accepting(follower.port)
        detail = wait_for_reason(follower, code, text)
        assert upstream.url in detail, detail
        line = wait_for_log(follower, "the start waits: ")
        assert text in follower.program.output and upstream.url in line and f"reason={code}" in line
        assert follower.get("/livez").status_code == 200
        items = follower.get("/v1/items")
        assert items.status_code == 503 and items.json()["type"].endswith(":replica-not-ready")
        assert follower.program.output.count(" warning ") <= 2, follower.program.output
        upstream.become(leader)
        follower.wait_until_ready(30)
        assert held(follower) == leader.items()
        assert follower.program.stop() == 0


@pytest.mark.parametrize("name", FAULTS)
def test_a_follower_keeps_what_it_has_of_an_upstream_that(name, logs):
    fault, code, text = FAULTS[name]
    leader = leader_with()
    with Upstream(leader) as upstream, following(logs, upstream.url, options=IMPATIENT) as follower:
        before = held(follower)
        assert before == leader.items()
        with listening(follower) as listener:
            upstream.become(fault(leader))
            line = wait_for_log(follower, text or "cannot be reached", 30)
            assert " warning " in line and upstream.url in line or "differ" in line, line
            detail = wait_for_reason(follower, code, "", 30)
            assert readiness(follower)[0] == 503
            assert upstream.url in detail or "differ" in detail, detail
            now = held(follower)
            assert {key: now.get(key) for key in before} == before
            assert follower.get("/readyz?when=serving").status_code == 200
            upstream.become(leader)
            leader.put("later", n=1)
            wait_until_equal(follower, leader, 60)
            follower.wait_until_ready(60)
            wait_for(lambda: listener.keys() == leader.items(), 30, lambda: f"the subscriber; it holds {listener.keys()}")
            assert len(listener.kinds("reset")) <= 1
        assert follower.program.stop() == 0
