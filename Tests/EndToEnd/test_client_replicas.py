"""`/client.js` against several replicas behind one address, which the test plays: what it keeps, and how often it asks."""

import itertools
import re
import threading
import time

import pytest
from support.modules import stored
from support.processes import wait_for
from support.scripted import Proxy, Scripted
from support.service import serving
from support.tables import create_table, fill
from test_replicas import OVERLAP, wait_until_positions_carry

EPOCH, NEXT_EPOCH = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
# As a server writes positions; what follows the second dot is for servers alone.
TAIL = "9f3kq0zt.mb2q7x1a.mb2q7x9c"
# Sequence numbers of DynamoDB Streams have 21 to 40 digits.
VERSION = 999999999999999999990


@pytest.fixture(scope="module")
def modules():
    return stored()


@pytest.fixture
def server(modules):
    with Scripted(modules).running() as server:
        yield server


def live(tab, server, options="{}"):
    """A LiveTable in the page, as window.table; window.seen has what it told."""
    tab.go(f"{server.url}/page")
    tab.run(
        f"import('{server.url}/client.js').then((client) => {{ Object.assign(window, client, {{ seen: [], states: [], sizes: [] }}); "
        f"window.table = new LiveTable({options}); table.onState(({{ state, size }}) => {{ states.push(state); sizes.push(size) }}); "
        f"table.subscribe((change) => seen.push([change.op, Object.values(change.key).join('/'), change.item?.n ?? null])) }})"
    )
    return tab


def followed(tab, server, options="{}"):
    """A ChangeFeed in the page, as window.feed; window.seen has what it told, without bookmarks."""
    tab.go(f"{server.url}/page")
    tab.run(
        f"import('{server.url}/client.js').then(({{ ChangeFeed }}) => {{ window.seen = []; window.feed = new ChangeFeed({options}, (event) => "
        f"event.type === 'bookmark' || seen.push(event.type === 'change' ? [event.op, event.key.id, event.version ?? null] : [event.type])) }})"
    )
    return tab


def version(number):
    return str(VERSION + number)


def numbers(tab):
    return tab.run("Object.fromEntries([...table.values()].map(({ id, n }) => [id, n]))")


def watch(seconds):
    """Lets time pass: there is nothing to wait for where requests must not come."""
    threading.Event().wait(seconds)


def test_another_replica_takes_over_and_nothing_is_forgotten(tab, server):
    live(tab, server)
    first = server.stream(0)
    first.put(1, {"id": "a", "n": 1}, version=version(1)).put(2, {"id": "b", "n": 2}, version=version(2))
    first.put(3, {"id": "gone", "n": 3}, version=version(3)).remove(4, "gone", version=version(12)).mark("ready", f"5.{TAIL}")
    tab.run("table.ready.then(() => { seen.length = 0; states.length = 0 })")
    first.end()
    second = server.stream(1)
    assert second.query["last_event_id"] == f"{EPOCH}.5.{TAIL}"
    second.send("hello", {"position": f"{NEXT_EPOCH}.70.{TAIL}", "time": "2026-01-01T00:00:00.000Z"})
    second.send("moved", {"from": f"{EPOCH}.5.{TAIL}", "overlap_s": 10})
    seqs = (f"{number}.{TAIL}" for number in itertools.count(60))
    for name, number, digits in (
        # What was removed does not come back, an exact repeat is no change, and an older state replaces nothing: 21 digits
        # come before 22, though their text comes after.
        ("gone", 3, version(3)), ("a", 1, version(1)), ("b", 0, "0" + version(-5)), ("a", 7, version(10)), ("a", 1, version(9)),
    ):  # fmt: skip
        second.put(next(seqs), {"id": name, "n": number}, epoch=NEXT_EPOCH, version=digits)
    second.remove(next(seqs), "b", epoch=NEXT_EPOCH, version=version(1)).remove(next(seqs), "b", epoch=NEXT_EPOCH, version=version(11))
    second.put(next(seqs), {"id": "gone", "n": 4}, epoch=NEXT_EPOCH, version=version(13))
    # A state without a version comes from a scan, which is not compared, and does not hide what is known.
    second.put(next(seqs), {"id": "a", "n": 8}, epoch=NEXT_EPOCH, cause="repair")
    second.put(next(seqs), {"id": "a", "n": 7}, epoch=NEXT_EPOCH, version=version(9)).mark("ready", f"70.{TAIL}", epoch=NEXT_EPOCH)
    tab.wait(f"table.state === 'live' && table.position === '{NEXT_EPOCH}.70.{TAIL}'")
    assert numbers(tab) == {"a": 8, "gone": 4}
    assert tab.run("seen") == [["put", "a", 7], ["remove", "b", None], ["put", "gone", 4], ["put", "a", 8]]
    assert "waiting" not in tab.run("states")
    second.end()
    assert server.stream(2).query["last_event_id"] == f"{NEXT_EPOCH}.70.{TAIL}"


def test_a_reset_forgets_the_versions(tab, server):
    live(tab, server)
    stream = server.stream(0)
    stream.put(1, {"id": "a", "n": 1}, version=version(5)).remove(2, "b", version=version(5)).mark("ready", 2)
    tab.run("table.ready.then(() => 0)")
    stream.send("reset", {"reason": "other-stream"})
    # Another stream counts from where it likes.
    stream.put(1, {"id": "a", "n": 2}, epoch=NEXT_EPOCH, version="7").put(2, {"id": "b", "n": 2}, epoch=NEXT_EPOCH, version="8")
    stream.put(3, {"id": "b", "n": 3}, epoch=NEXT_EPOCH, version="9").put(4, {"id": "b", "n": 2}, epoch=NEXT_EPOCH, version="8")
    stream.mark("ready", 4, epoch=NEXT_EPOCH)
    tab.wait("table.position?.startsWith('b') && table.state === 'live'")
    assert numbers(tab) == {"a": 2, "b": 3}


def test_versions_of_removed_keys_are_kept_for_the_newest_only(tab, server):
    """A bounded memory: 10,000 removals later the oldest is forgotten, and the newest is not."""
    live(tab, server)
    stream = server.stream(0)
    for number in range(10_001):
        stream.remove(number + 1, f"key-{number}", version=version(number))
    for number in (0, 1, 10_000):
        stream.put(10_002 + number, {"id": f"key-{number}", "n": number}, version=version(-1))
    stream.mark("ready", 30_000)
    tab.run("table.ready.then(() => 0)")
    assert numbers(tab) == {"key-0": 0}


def test_a_feed_of_changes_tells_that_it_moved(tab, server):
    followed(tab, server)
    first = server.stream(0)
    first.mark("ready", 1).put(2, {"id": "a"}, version=version(2)).put(3, {"id": "b"}, version=version(3)).end()
    second = server.stream(1)
    assert second.query["last_event_id"] == f"{EPOCH}.3"
    second.send("moved", {"from": f"{EPOCH}.3", "overlap_s": 10})
    second.put(60, {"id": "a"}, epoch=NEXT_EPOCH, version=version(1)).put(61, {"id": "b"}, epoch=NEXT_EPOCH, version=version(3))
    second.put(62, {"id": "c"}, epoch=NEXT_EPOCH).put(63, {"id": "a"}, epoch=NEXT_EPOCH, version=version(1), repeat=True)
    second.send("reset", {"reason": "rebuilt"}).put(1, {"id": "a"}, version=version(1))
    tab.wait("seen.length === 9")
    assert tab.run("seen") == [
        ["ready"], ["put", "a", version(2)], ["put", "b", version(3)], ["moved"],
        # The older state is not told; what may be a repeat of a step that was asked for is.
        ["put", "b", version(3)], ["put", "c", None], ["put", "a", version(1)], ["reset"],
        ["put", "a", version(1)],
    ]  # fmt: skip


def test_a_feed_by_long_polls_tells_that_it_moved(tab, modules):
    pages = iter([
        {"changes": [{"op": "put", "key": {"id": "a"}, "id": f"{EPOCH}.2", "version": version(2)}], "next": f"{EPOCH}.2"},
        {
            "changes": [{"op": "put", "key": {"id": "a"}, "id": f"{NEXT_EPOCH}.6", "version": version(1)},
                        {"op": "put", "key": {"id": "a"}, "id": f"{NEXT_EPOCH}.7", "version": version(3)}],
            "moved": {"from": f"{EPOCH}.2", "overlap_s": 10}, "next": f"{NEXT_EPOCH}.7",
        },
    ])  # fmt: skip

    def changes(*_):
        page = next(pages, None)
        return (200, {**page, "as_of": {"position": page["next"], "lag_ms": 1}}) if page else (503, {"status": 503, "title": "Busy"})

    with Scripted(modules, {"/v1/changes": changes}).running() as server:
        followed(tab, server, "{ patience: 300 }")
        tab.wait("seen.length >= 5")
        tab.run("feed.close()")
        assert tab.run("seen.slice(0, 5)") == [["put", "a", version(2)], ["ready"], ["moved"], ["put", "a", version(3)], ["ready"]]


def test_all_tabs_are_told_that_the_shared_connection_moved(tab, browser, server):
    live(tab, server)
    first = server.stream(0)
    first.put(1, {"id": "a", "n": 1}, version=version(1)).put(2, {"id": "b", "n": 2}, version=version(2))
    first.remove(3, "gone", version=version(3)).mark("ready", f"4.{TAIL}")
    tab.wait("table.state === 'live'")
    other = live(browser.tab(), server)
    other.wait("table.state === 'live' && !table.isLeading")
    first.put(f"5.{TAIL}", {"id": "a", "n": 5}, version=version(5))
    other.wait("table.get('a').n === 5")
    other.run("(seen.length = 0, 0)")
    # The tab that holds the connection goes, and the other one meets another replica.
    tab.go("about:blank")
    second = server.stream(1)
    assert second.query["last_event_id"] == f"{EPOCH}.5.{TAIL}"
    second.send("moved", {"from": f"{EPOCH}.5.{TAIL}", "overlap_s": 10})
    second.put(70, {"id": "a", "n": 1}, epoch=NEXT_EPOCH, version=version(1)).put(71, {"id": "gone", "n": 0}, epoch=NEXT_EPOCH, version=version(0))
    second.put(72, {"id": "b", "n": 6}, epoch=NEXT_EPOCH, version=version(6)).mark("ready", 72, epoch=NEXT_EPOCH)
    other.wait("table.get('b').n === 6 && table.state === 'live'")
    assert numbers(other) == {"a": 5, "b": 6}
    assert other.run("seen") == [["put", "b", 6]]
    # A tab that comes now gets the versions with the rows, and hears of the next move.
    third = live(browser.tab(), server)
    third.wait("table.state === 'live' && !table.isLeading && table.size === 2")
    second.send("moved", {"from": f"{NEXT_EPOCH}.72", "overlap_s": 10})
    second.put(80, {"id": "a", "n": 1}, epoch=EPOCH, version=version(1)).put(81, {"id": "gone", "n": 0}, epoch=EPOCH, version=version(0))
    second.put(82, {"id": "b", "n": 7}, epoch=EPOCH, version=version(7))
    for each in (other, third):
        each.wait("table.get('b').n === 7")
        assert numbers(each) == {"a": 5, "b": 7}
        each.close()


def test_a_tab_that_joins_gets_no_row_that_is_older_than_what_it_was_told(tab, browser, server):
    """Rows go in parts, and a key of a later part changes meanwhile. Rows of a scan have no version that would tell."""
    live(tab, server)
    stream = server.stream(0)
    for number in range(1, 1201):
        stream.put(number, {"id": f"k{number:04d}", "n": 1}, cause="snapshot")
    stream.mark("ready", 1200)
    tab.wait("table.size === 1200 && table.state === 'live'")
    # The parts wait until the page is told to go on.
    tab.run(
        "(window.parts = [], window.later = window.setTimeout, "
        "window.setTimeout = (body, delay, ...more) => delay === 0 ? parts.push(() => body(...more)) : later(body, delay, ...more), 0)"
    )
    other = live(browser.tab(), server)
    tab.wait("parts.length === 1")
    stream.put(1201, {"id": "k1150", "n": 2}, version=version(1)).remove(1202, "k1160", version=version(2))
    tab.wait("table.get('k1150').n === 2 && table.size === 1199")
    for _ in range(4):
        tab.run("(parts.splice(0).forEach((send) => send()), 0)")
        tab.run("new Promise((resolve) => later(resolve, 100))")
    other.wait("table.state === 'live'")
    assert other.run("[table.get('k1150').n, table.get('k1160') ?? null, table.size]") == [2, None, 1199]
    other.close()


def test_a_request_for_a_ticket_that_gets_no_response_is_given_up(tab, modules):
    asked, going_on = [], threading.Event()

    def ticket(query, headers):
        asked.append(time.monotonic())
        if len(asked) == 1:
            going_on.wait(60)
        return 201, {"ticket": f"t{len(asked)}", "expires_in": 60}

    server = Scripted(modules)
    server.answers["/v1/tickets"] = ticket
    with server.running():
        tab.go(f"{server.url}/page")
        # Waits of ten seconds and more pass twenty times as fast.
        tab.run("(window.later = window.setTimeout, window.setTimeout = (body, delay, ...more) => later(body, delay >= 10000 ? delay / 20 : delay, ...more), 0)")
        tab.run(f"import('{server.url}/client.js').then(({{ LiveTable }}) => {{ window.table = new LiveTable({{ token: 'x' }}) }})")
        try:
            assert server.stream(0).query["ticket"] == "t2"
        finally:
            going_on.set()
        server.stream(0).put(1, {"id": "a", "n": 1}).mark("ready", 1)
        tab.wait("table.state === 'live'")


def test_a_tab_that_is_ahead_of_the_new_leader_takes_what_another_replica_sends(tab, browser, server):
    """The leader that goes may have sent one tab more than the other; positions of two replicas cannot be compared."""
    live(tab, server)
    server.stream(0).put(1, {"id": "a", "n": 1}, version=version(1)).mark("ready", 1)
    tab.wait("table.state === 'live'")
    name = tab.run("navigator.locks.query().then(({ held }) => held[0].name)")
    other = live(browser.tab(), server)
    other.wait("table.state === 'live' && !table.isLeading")
    # As the messages of a new leader that begins one change earlier.
    other.run(
        f"(window.channel = new BroadcastChannel({name!r}), channel.postMessage({{ type: 'events', from: 'x', list: [{{ name: 'change', id: "
        f"'{EPOCH}.5.x', identity: '[\"sa\"]', data: {{ op: 'put', key: {{ id: 'a' }}, item: {{ id: 'a', n: 5 }}, version: '{version(5)}' }} }}] }}), "
        f"channel.postMessage({{ type: 'lead', from: 'x', position: '{EPOCH}.4.x' }}), channel.postMessage({{ type: 'events', from: 'x', list: ["
        f"{{ name: 'moved', data: {{ from: '{EPOCH}.4.x', overlap_s: 10 }} }}, {{ name: 'change', id: '{NEXT_EPOCH}.2.x', identity: '[\"sa\"]', "
        f"data: {{ op: 'put', key: {{ id: 'a' }}, item: {{ id: 'a', n: 6 }}, version: '{version(6)}' }} }}] }}), 0)"
    )
    other.wait("table.get('a').n === 6")
    other.close()


def test_a_server_that_ends_a_stream_because_it_is_behind_is_waited_for(tab, server):
    live(tab, server)
    first = server.stream(0)
    first.put(1, {"id": "a", "n": 1}, version=version(1)).mark("ready", 1)
    tab.run("table.ready.then(() => { states.length = 0 })")
    first.end()
    second = server.stream(1)
    second.send("busy", {"reason": "behind", "detail": "2 s to go"}).end()
    tab.wait("table.state === 'waiting' && table.detail === '2 s to go'")
    third = server.stream(2)
    assert third.query["last_event_id"] == f"{EPOCH}.1"
    third.send("moved", {"from": f"{EPOCH}.1", "overlap_s": 10}).mark("ready", 9, epoch=NEXT_EPOCH)
    tab.wait("table.state === 'live'")
    # Offline when the first stream ended, but not when the server had said why.
    assert [state for state in tab.run("states") if state in ("offline", "waiting")] == ["offline", "waiting"]


class Replicas:
    """Two replicas that answer polls by turns, with `count` items each; a position of one is unknown to the other."""

    def __init__(self, count):
        self.count, self.turns, self.asked = count, itertools.cycle((EPOCH, NEXT_EPOCH)), []

    def __call__(self, query, _):
        epoch = next(self.turns)
        self.asked.append((time.monotonic(), query["since"]))
        made_by, _, seq = query["since"].partition(".")
        if seq and made_by != epoch:
            return 410, {"type": "urn:tablecast:problem:position-gone", "status": 410, "title": "Gone", "reason_code": "other-epoch", "detail": "gone"}
        first = int(seq or 0)
        last = min(self.count, first + int(query["limit"]))
        changes = [
            {"op": "put", "key": {"id": f"item-{number}"}, "item": {"id": f"item-{number}", "n": number}, "id": f"{epoch}.{number + 1}", "cause": "snapshot"}
            for number in range(first, last)
        ]
        return 200, {"changes": changes, "next": f"{epoch}.{last}", "more": last < self.count, "as_of": {"position": f"{epoch}.{self.count}", "lag_ms": 1}}


def test_round_robin_and_a_proxy_that_holds_streams_back_make_no_storm(tab, modules):
    replicas = Replicas(3000)
    with Scripted(modules, {"/v1/changes": replicas}).running() as server:
        live(tab, server, "{ patience: 300 }")
        tab.wait("table.size === 3000 && states.includes('live')", 40)
        tab.run("(sizes.length = 0, 0)")
        loads = lambda: [at for at, since in replicas.asked if since == "0"]
        wait_for(lambda: len(loads()) >= 5, 60, lambda: f"five loads: {replicas.asked}")
        tab.run("table.close()")
        requests = [path for _, path, _ in server.requests if path.startswith("/v1/")]
        # It stays complete while the replicas refuse each other's positions.
        assert set(tab.run("sizes")) == {3000}
    begun, ended = replicas.asked[0][0], replicas.asked[-1][0]
    # At most one a second, and three at once after a rest.
    assert len(requests) <= ended - begun + 5, replicas.asked
    # At least half of 1, 2, 4 and 8 seconds between the loads.
    assert loads()[4] - loads()[0] >= 7.4, replicas.asked


class Turns(Proxy):
    """A proxy that holds streams back and gives each request to the next of its services."""

    def __init__(self, *ports):
        self.ports = itertools.cycle(ports)
        super().__init__(None)
        self.holds = True

    backend = property(lambda self: next(self.ports), lambda self, _: None)


def test_two_services_behind_such_a_proxy_are_one_table(ministack, logs, tab, modules):
    table = create_table(ministack.client())
    fill(ministack.client(), table, 3000)
    with Scripted(modules).running() as server, serving(logs, ministack, table) as one, serving(logs, ministack, table) as two:
        with Turns(one.port, two.port).running() as proxy:
            begun = time.monotonic()
            live(tab, server, f"{{ patience: 300, url: '{proxy.url}' }}")
            tab.wait("table.size === 3000 && states.includes('live')", 40)
            tab.run("(sizes.length = 0, 0)")
            watch(10)
            tab.run("table.close()")
            assert set(tab.run("sizes")) <= {3000}
            # Also those by which the browser finds out what a page of another origin may ask.
            passed = len([line for line in proxy.passed if "/v1/" in line])
            assert passed <= time.monotonic() - begun + 6, proxy.passed


def test_a_load_of_several_pages_completes_behind_such_a_proxy(ministack, logs, tab, modules):
    """Rows that scans brought, more than a page may have; then writes, which come by turns as well."""
    client = ministack.client()
    table = create_table(client)
    text = "tablecast " * 300
    for start in range(0, 2000, 25):
        items = [{"id": {"S": f"item-{number}"}, "text": {"S": text}} for number in range(start, start + 25)]
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in items]})
    options = ("--resume-overlap", f"{OVERLAP}s")
    with serving(logs, ministack, table, *options) as one, serving(logs, ministack, table, *options) as two:
        wait_until_positions_carry(two)
        with Scripted(modules).running() as server, Turns(one.port, two.port).running() as proxy:
            live(tab, server, f"{{ patience: 300, url: '{proxy.url}' }}")
            tab.wait("table.size === 2000 && states.includes('live')", 60)
            client.put_item(TableName=table, Item={"id": {"S": "written"}})
            tab.wait("table.size === 2001 && table.state === 'live'", 60)
            tab.run("table.close()")
            starts = re.findall(r"/v1/changes\?.*?since=([^& ]+)", "\n".join(proxy.passed))
            # It was loaded once, but the browser asks first what a page of another origin may; then cursors, and then positions.
            assert starts.count("0") <= 2, starts
            assert any(len(start) > 64 for start in starts) and "." in starts[-1], starts


def test_polls_of_a_table_that_changes_all_the_time_come_once_a_second(tab, modules):
    asked = []

    def changes(query, _):
        asked.append(time.monotonic())
        number = len(asked)
        change = {"op": "put", "key": {"id": "a"}, "item": {"id": "a", "n": number}, "id": f"{EPOCH}.{number}", "cause": "stream"}
        return 200, {"changes": [change], "next": f"{EPOCH}.{number}", "as_of": {"position": f"{EPOCH}.{number}", "lag_ms": 1}}

    with Scripted(modules, {"/v1/changes": changes}).running() as server:
        live(tab, server, "{ patience: 300 }")
        wait_for(lambda: len(asked) >= 10, 40, lambda: f"ten polls: {asked}")
        tab.run("table.close()")
    assert asked[9] - asked[0] >= 6, asked


def test_a_server_that_is_behind_is_asked_after_the_time_that_it_names(tab, modules):
    asked, fields = [], iter([{"Retry-After": "2"}, {"Retry-After": "2"}, {"Retry-After": "soon"}, {}])

    def changes(_, headers):
        asked.append(time.monotonic())
        if (field := next(fields, None)) is None:
            return 200, {"changes": [], "next": f"{EPOCH}.9", "as_of": {"position": f"{EPOCH}.9", "lag_ms": 1}}
        problem = {"type": "urn:tablecast:problem:replica-behind", "title": "Service Unavailable", "status": 503, "detail": "behind"}
        return 503, problem, field

    with Scripted(modules, {"/v1/changes": changes}).running() as server:
        live(tab, server, "{ patience: 300 }")
        tab.run("table.ready.then(() => table.close())")
        assert "waiting" in tab.run("states")
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)][:4]
    assert min(pauses[:2]) >= 2, pauses
    # Without a time that can be read the pauses grow by themselves: half of 4 and of 8 seconds at least.
    assert pauses[2] >= 2 and pauses[3] >= 4, pauses


def test_streams_that_are_reset_again_and_again_do_not_load_the_table_each_time(tab, modules):
    """Each connection meets a replica that does not know the position, and is cut at once."""
    begun = []

    def begin(stream):
        begun.append(time.monotonic())
        epoch = f"{len(begun):012}"
        if "last_event_id" in stream.query:
            stream.send("reset", {"reason": "other-epoch"})
        for number in range(1, 101):
            stream.put(number, {"id": f"item-{number}", "n": number}, epoch=epoch, cause="snapshot")
        stream.mark("ready", 100, epoch=epoch).end()

    with Scripted(modules, begin=begin).running() as server:
        live(tab, server)
        tab.run("table.ready.then(() => { sizes.length = 0 })")
        wait_for(lambda: len(begun) >= 5, 60, lambda: f"five streams: {begun}")
        tab.run("document.dispatchEvent(new Event('visibilitychange')) && window.dispatchEvent(new Event('online'))")
        watch(1)
        tab.run("table.close()")
        assert set(tab.run("sizes")) == {100}
        assert "waiting" in tab.run("states") or "offline" in tab.run("states")
    # At least half of 1, 2 and 4 seconds between the resets, and nothing shortens the pause of the last.
    assert begun[4] - begun[1] >= 3.4, begun
    assert len(begun) == 5, begun


def test_a_browser_without_any_signals_is_refused_and_polls(tab, modules):
    problem = {"type": "urn:tablecast:problem:invalid-parameter", "title": "Bad Request", "status": 400, "detail": "column 3", "parameter": "where"}
    refuse = lambda *_: (400, problem)
    with Scripted(modules, {"/v1/events": refuse, "/v1/changes": refuse}).running() as server:
        tab.go(f"{server.url}/page")
        tab.run("(delete AbortSignal.any, delete AbortSignal.timeout, 0)")
        tab.run(f"import('{server.url}/client.js').then(({{ LiveTable }}) => {{ window.table = new LiveTable({{ where: 'a <' }}); }})")
        tab.wait("table.state === 'refused' && table.detail === 'column 3'")
