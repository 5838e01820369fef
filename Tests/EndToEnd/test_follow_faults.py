"""Followers of upstreams that lie, stall, die or are none: what is served meanwhile, what the operator is told, and how it ends."""

import contextlib
import json
import threading

import pytest
from support.events import stream
from support.followers import following, held, readiness, wait_for_log, wait_for_reason, wait_until_equal
from support.processes import free_port, wait_for
from support.service import run
from support.upstreams import Leader, Upstream

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
        "has no contents to follow: the table is being read",
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
    "goes back": (tells(opening, rows, change(+1), change(+1)), "upstream-differs", "the seq went back"),
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
    "lies about its digest": (tells(opening, rows, mark(digest=EMPTY)), "upstream-differs", "differ from this replica's"),
    "lies about its items": (tells(opening, rows, mark(items=77)), "upstream-differs", "differ from this replica's"),
}


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


# What ends well: nothing is lost, and no subscriber starts over


def test_an_upstream_that_dies_and_comes_back_is_asked_for_what_follows(logs):
    leader = leader_with()
    with Upstream(leader) as upstream, following(logs, upstream.url) as follower, listening(follower) as listener:
        upstream.stop()
        wait_for_log(follower, "what was followed so far is served meanwhile")
        at = leader.seq
        leader.put("missed", n=1)
        leader.remove("item-2")
        assert follower.get("/readyz").status_code == 200, "within --max-lag it is live"
        upstream.start()
        wait_until_equal(follower, leader)
        wait_for(lambda: listener.keys() == leader.items(), 20, "the subscriber")
        assert upstream.taken()[-1].since == f"{leader.epoch}.{at}"
        assert not listener.kinds("reset") and status(follower)["epoch"] == leader.epoch
        assert [event.id.split(".")[1] for event in listener.kinds("message")][-2:] == [str(at + 1), str(at + 2)]


def test_an_upstream_that_rebuilds_resets_subscribers_once_when_its_contents_are_whole(logs):
    leader = leader_with(30)
    with Upstream(leader) as upstream, following(logs, upstream.url) as follower, listening(follower) as listener:
        before = held(follower)
        leader.digest = lambda items: EMPTY
        leader.rebuild("bbbbbbbbbbbb")
        wait_for(lambda: status(follower)["state"] == "rebuilding", 20, "the rebuild")
        assert held(follower) == before and not listener.kinds("reset")
        assert status(follower)["epoch"] == "aaaaaaaaaaaa"
        del leader.digest
        wait_for(lambda: status(follower)["epoch"] == "bbbbbbbbbbbb", 40, "the new contents")
        follower.wait_until_ready()
        wait_for(lambda: listener.keys() == leader.items(), 20, "the subscriber")
        assert len(listener.kinds("reset")) == 1


def test_subscribers_start_over_when_contents_that_differed_are_replaced(logs):
    leader = leader_with()
    with Upstream(leader) as upstream, following(logs, upstream.url) as follower, listening(follower) as listener:
        wait_for(lambda: status(follower)["epoch"] == leader.epoch, 10, "contents")
        # Another item in the same place: as if either of the two had taken a change wrongly.
        with leader.news:
            seq, line, _ = leader.rows["item-3"]
            item = {"id": {"S": "item-3"}, "n": {"N": "333"}}
            leader.rows["item-3"] = (seq, {**line, "item": item}, item)
        wait_for_log(follower, "the contents differ from the upstream's")
        wait_until_equal(follower, leader)
        wait_for(lambda: listener.keys() == leader.items(), 20, "the subscriber")
        assert len(listener.kinds("reset")) == 1
        now = status(follower)
        assert now["state"] == "live" and now["epoch"] != leader.epoch, "the same name would leave readers with what was wrong"


def test_seqs_may_be_skipped(logs):
    leader = leader_with()
    with Upstream(leader) as upstream, following(logs, upstream.url) as follower, listening(follower) as listener:
        with leader.news:
            leader.seq += 1_000_000
        leader.put("far", n=1)
        wait_until_equal(follower, leader)
        wait_for(lambda: listener.keys() == leader.items(), 20, "the subscriber")
        assert not listener.kinds("reset")
        assert status(follower)["position"].startswith(f"{leader.epoch}.{leader.seq}")


def test_an_upstream_that_stalls_inside_a_line_is_left_after_ten_seconds(logs):
    leader = leader_with()
    stalling = tells(opening, mark(), b'{"event":"book')(leader)
    with Upstream(leader) as upstream, following(logs, upstream.url) as follower:
        upstream.become(lambda exchange: stalling(exchange) if exchange.number < 3 else leader(exchange))
        wait_for_log(follower, "has sent no whole line for 10 s", 60)
        leader.put("later", n=1)
        wait_until_equal(follower, leader, 60)


def test_a_part_is_followed_where_that_is_asked_for(logs):
    leader = leader_with(partial=True)
    with Upstream(leader) as upstream:
        with following(logs, upstream.url, options=["--follow-partial"]) as follower, listening(follower) as listener:
            assert "partial=true" in upstream.taken()[0].target
            leader.put("later", n=1)
            wait_until_equal(follower, leader)
            wait_for(lambda: listener.keys() == leader.items(), 20, "the subscriber")


# Which upstream


def test_the_second_upstream_is_followed_where_the_first_is_dead(logs):
    leader = leader_with()
    with Upstream(leader) as upstream, following(logs, f"http://127.0.0.1:{free_port()}", upstream.url) as follower:
        assert held(follower) == leader.items()
        assert "cannot be reached" in wait_for_log(follower, "the start waits: ")


@pytest.mark.parametrize("fault", ["has no contents", "forbids it", "lies about its digest", "has a part of the keys"])
def test_the_second_upstream_is_followed_where_the_first(fault, logs):
    leader = leader_with()
    with Upstream(FAULTS[fault][0](leader)) as bad, Upstream(leader) as good:
        with following(logs, bad.url, good.url) as follower:
            assert held(follower) == leader.items()
            assert bad.url in wait_for_log(follower, "the start waits: ") and FAULTS[fault][2] in follower.program.output


def test_an_upstream_that_dies_is_left_for_the_other_and_nothing_starts_over(logs):
    leader = leader_with()
    with Upstream(leader) as first, Upstream(leader) as second:
        with following(logs, first.url, second.url) as follower, listening(follower) as listener:
            for gone, other in ((first, second), (second, first)):
                at = leader.seq
                taken = len(other.taken())
                gone.stop()
                leader.put(f"later-{at}", n=1)
                wait_until_equal(follower, leader)
                assert other.taken()[taken].since.split(".")[:2] == [leader.epoch, str(at)]
                gone.start()
            wait_for(lambda: listener.keys() == leader.items(), 20, "the subscriber")
            assert not listener.kinds("reset")


def test_another_table_than_the_named_one_is_refused(logs):
    leader = leader_with(table="others")
    with Upstream(leader) as upstream:
        with following(logs, upstream.url, options=["--table", "orders"], ready=False) as follower:
            follower.program.wait_until_accepting(follower.port)
            wait_for_reason(follower, "upstream-unusable", "has the table 'others', and --table names 'orders'")
            assert follower.program.process.poll() is None
            upstream.become(leader_with())
            follower.wait_until_ready(30)
            assert status(follower)["table"] == "orders"


def test_another_table_after_a_reconnect_is_not_mixed_with_the_first(logs):
    leader, other = leader_with(), Leader(table="invoices", epoch="cccccccccccc")
    other.put("invoice", n=9)
    with Upstream(leader) as upstream, following(logs, upstream.url, options=IMPATIENT) as follower, listening(follower) as listener:
        upstream.become(other)
        wait_for_reason(follower, "upstream-unusable", "has the table 'invoices", 30)
        assert held(follower) == leader.items() and status(follower)["table"] == "orders"
        upstream.become(leader)
        follower.wait_until_ready(40)
        assert held(follower) == leader.items() and not listener.kinds("reset")


def test_a_loop_is_refused_at_once_and_when_it_closes_later(logs):
    leader = leader_with()
    with Upstream(leader) as upstream, following(logs, upstream.url, options=IMPATIENT) as follower:
        own = source_line(follower)["chain"]
        assert own[1:] == leader.chain and len(own[0]) == 12
        upstream.become(tells(source(chain=["xxxxxxxxxxxx", own[0]]))(leader))
        wait_for_log(follower, "a loop. Give --follow a replica that does not")
        wait_for_reason(follower, "upstream-unusable", "a loop", 30)
        # It is told when its upstream's own upstream becomes a follower of it.
        upstream.become(tells(opening, lambda leader, exchange: leader.mark(), source(chain=["xxxxxxxxxxxx", own[0]]))(leader))
        wait_for(lambda: len(upstream.taken()) > 3, 40, "another attempt")
        assert held(follower) == leader.items()


def test_a_follower_of_itself_is_a_loop(logs):
    port = free_port()
    with following(logs, f"http://127.0.0.1:{port}", port=port, ready=False) as follower:
        follower.program.wait_until_accepting(port)
        wait_for_reason(follower, "upstream-unusable", "a loop")


def source_line(service):
    """The first line of a service's own feed for followers."""
    with service.http.stream("GET", "/v1/changes?mode=replica", headers={"Accept": "application/x-ndjson"}) as response:
        assert response.status_code == 200, response.read()
        line = next(response.iter_lines())
    return json.loads(line)


# Tokens


def wants_token(leader, *good):
    def serve(exchange):
        if exchange.fields.get("authorization", "").removeprefix("Bearer ") in good:
            return leader(exchange)
        return exchange.respond(401, {"detail": "The token is unknown."}, WWW_Authenticate="Bearer")

    return serve


def test_a_token_is_read_again_at_each_connection(logs, tmp_path):
    leader, file = leader_with(), tmp_path / "token"
    with Upstream(wants_token(leader, "good")) as upstream:
        with following(logs, upstream.url, options=["--follow-token-file", file, *IMPATIENT], ready=False) as follower:
            follower.program.wait_until_accepting(follower.port)
            wait_for_reason(follower, "upstream-unusable", f"the token file '{file}' of --follow-token-file cannot be read")
            file.write_text("two words\n")
            wait_for_reason(follower, "upstream-unusable", "holds no token")
            file.write_text("wrong\n")
            wait_for_reason(follower, "upstream-unusable", "The token is unknown.")
            assert "wrong" not in follower.program.output
            file.write_text("good\nthe rest is not read\n")
            follower.wait_until_ready(40)
            assert held(follower) == leader.items()


# Options

CONFLICTS = {
    "--follow http://a --ignore-attributes x": "--ignore-attributes cannot be given with --follow: set it where the stream is read",
    "--follow http://a --verify-rcu 5": "--verify-rcu cannot be given with --follow",
    "--follow http://a --state-dir state": "--state-dir cannot be given with --follow: a follower keeps no state",
    "--follow-token-file token": "--follow-token-file is given without --follow: name the upstream",
    "--follow-partial": "--follow-partial is given without --follow",
    "--table t --follow-max-depth 2": "--follow-max-depth is given without --follow",
    "--follow http://a --follow-max-depth 0": "1 to 16",
    "--follow a": "--follow: 'a' is not allowed; give addresses such as http://leader:8080",
    "--follow ftp://a": "give addresses such as http://leader:8080",
    "--follow http://user:secret@a": "without a user",
    "--follow http://a?x=1": "without a user, a query or a fragment",
    "--follow http://a,http://a": "each once",
    "--follow http://a,": "give addresses",
}


@pytest.mark.parametrize("options", CONFLICTS)
def test_options_that_contradict_each_other_are_one_line_and_status_2(options):
    code, _, errors = run(["serve", "--listen", f"127.0.0.1:{free_port()}", *options.split()])
    assert code == 2, errors
    assert len(errors.strip().splitlines()) == 1 and CONFLICTS[options] in errors, errors
    assert "secret" not in errors


@pytest.mark.parametrize(("fault", "code"), [("forbids it", 78), ("closes at once", 1)])
def test_a_start_that_takes_too_long_ends_with_the_upstreams_reason(fault, code, logs):
    with Upstream(FAULTS[fault][0](leader_with())) as upstream:
        with following(logs, upstream.url, options=["--start-timeout", "2s"], ready=False) as follower:
            assert follower.program.wait(20) == code
            last = follower.program.output.strip().splitlines()[-1]
            assert upstream.url in last and "--start-timeout" in last
            # The time may be over in the middle of an attempt, of which no more is known than that it ended.
            assert FAULTS[fault][2] in last or code == 1 and "ended" in last
