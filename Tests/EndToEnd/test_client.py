"""`/client.js` in Chromium and Firefox: against streams that the test writes, and against the built program."""

import contextlib
import re
import shutil
import subprocess

import pytest
from support.modules import WEB, served
from support.processes import free_port, wait_for
from support.scripted import Proxy, Scripted
from support.service import serving
from support.tables import create_table, fill

EPOCH, NEXT_EPOCH = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


@pytest.fixture(scope="module")
def modules(ministack, logs):
    """The client as the program serves it, each module by its path."""
    with serving(logs, ministack, create_table(ministack.client())) as service:
        return served(service)


@pytest.fixture
def server(modules):
    with Scripted(modules).running() as server:
        yield server


def live(tab, server, options="{}", url=None):
    """Opens the page and a LiveTable in it, as window.table; window.seen has what it told."""
    tab.go(f"{server.url}/page")
    tab.run(
        f"import('{url or server.url}/client.js').then((client) => {{ Object.assign(window, client, {{ seen: [], states: [] }}); "
        f"window.table = new LiveTable({options}); table.onState(({{ state }}) => states.push(state)); "
        f"table.subscribe((change) => seen.push([change.op, Object.values(change.key).join('/')])) }})"
    )
    return tab


def contents(tab):
    return tab.run("[...table.values()].sort((one, other) => JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)")


def shows(tab, expected, seconds=20):
    expected = sorted(expected, key=lambda item: str(item["id"]))
    wait_for(lambda: contents(tab) == expected, seconds, lambda: f"{expected}; it has {contents(tab)}, {tab.run('states')}")


def test_it_is_served_with_an_entity_tag_and_types(ministack, logs):
    with serving(logs, ministack, create_table(ministack.client())) as service:
        for path, kind in (("/client.js", "text/javascript"), ("/client.d.ts", "text/plain")):
            answer = service.get(path)
            assert answer.headers["Content-Type"].startswith(kind)
            assert answer.headers["Cache-Control"] == "no-cache"
            again = service.get(path, headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")


def test_what_it_exports_is_typed_and_the_other_way_round(tab, server):
    tab.go(f"{server.url}/page")
    exported = tab.run("import('/client.js').then((client) => Object.keys(client).sort())")
    typed = re.findall(r"^export class (\w+)", (WEB / "client.d.ts").read_text(), re.MULTILINE)
    assert exported == sorted(typed) == ["ChangeFeed", "LiveTable", "RefusedError"]


def test_its_types_hold(tmp_path):
    """The compiler accepts right uses and refuses wrong ones."""
    shutil.copy(WEB / "client.d.ts", tmp_path)
    (tmp_path / "use.ts").write_text(
        """
        import { ChangeFeed, LiveTable, RefusedError } from "./client.js";
        interface Order { pk: string; total: number }
        const orders = new LiveTable<Order>({ pk: "order#1", where: "total > 2", token: async () => "secret" });
        orders.ready.then((table) => console.log(table.size, table.get("order#1", "a")?.total.toFixed(2)), (error: RefusedError) => error.status);
        for (const [key, item] of orders) console.log(key.pk, item.total);
        const end: () => void = orders.subscribe({ pk: "a", sk: "b" }, ({ op, item, old }) => console.log(op, item?.total, old?.total));
        orders.onState((table) => console.log(table.state === "live", table.lag));
        new ChangeFeed({ mode: "all", diff: "old" }, (event) => { if (event.type === "change") console.log(event.old, event.id, event.repeat === true); });
        new ChangeFeed({}, (event) => { if (event.type === "moved") console.log(event.from.length, event.overlap_s.toFixed()); });
        // @ts-expect-error: not a state
        console.log(orders.state === "sleeping");
        // @ts-expect-error: not an option
        new LiveTable({ partition: "a" });
        // @ts-expect-error: a feed needs a listener
        new ChangeFeed({ mode: "all" });
        """
    )
    command = ["tsc", "--noEmit", "--strict", "--target", "es2020", "--module", "es2020", "--moduleResolution", "node", "use.ts"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stdout


def test_a_map_follows_the_feed(tab, server):
    live(tab, server)
    stream = server.stream(0)
    stream.send("hello", {"position": f"{EPOCH}.3", "time": "2026-01-01T00:00:00.000Z"})
    stream.put(1, {"id": "a", "n": 1}, cause="snapshot").put(3, {"id": "b", "n": 1}, cause="snapshot")
    assert tab.run("table.size < 2 || table.state") in (True, "loading")
    stream.mark("ready", 3, items=9)
    assert tab.run("table.ready.then((same) => same === table)")
    assert tab.run("[table.size, table.get('a').n, table.has({ id: 'b' }), table.has('c'), table.state, table.transport, table.lag, table.items]") == [
        2, 1, True, False, "live", "stream", 7, 9,
    ]  # fmt: skip
    tab.run("(window.own = [], window.end = table.subscribe('a', (change) => own.push([change.op, change.item?.n, change.old?.n, change.cause])), 0)")
    # An item that leaves the filter and one that is removed are gone alike.
    stream.put(4, {"id": "a", "n": 2}).remove(5, "b", cause="filter").remove(6, "a", cause="ttl")
    shows(tab, [])
    assert tab.run("own") == [["put", 2, 1, "stream"], ["remove", None, 2, "ttl"]]
    assert tab.run("seen") == [["put", "a"], ["put", "b"], ["put", "a"], ["remove", "b"], ["remove", "a"]]
    tab.run("(end(), 0)")
    stream.put(7, {"id": "a", "n": 3})
    shows(tab, [{"id": "a", "n": 3}])
    assert len(tab.run("own")) == 2
    assert tab.run("[[...table.keys()], [...table].length, table.position]") == [[{"id": "a"}], 1, f"{EPOCH}.7"]
    tab.run("table.close()")
    assert tab.run("table.state") == "closed"
    stream.send("bookmark", "{}")
    assert len(server.streams) == 1


def test_filters_are_passed_on_and_unknown_options_are_refused(tab, server):
    live(tab, server, "{ pk: 'order#1', where: \"n > 2 AND s = 'ü&'\", format: 'dynamodb', heartbeat: 5 }")
    assert server.stream(0).query == {"pk": "order#1", "where": "n > 2 AND s = 'ü&'", "format": "dynamodb", "heartbeat": "5"}
    assert "unknown option" in tab.run("(() => { try { new LiveTable({ partition: 'a' }) } catch (error) { return error.message } })()")


def test_after_a_reset_the_old_contents_stay_until_the_new_are_complete(tab, server):
    live(tab, server)
    stream = server.stream(0)
    stream.put(1, {"id": "a", "n": 1}).put(2, {"id": "b", "n": 1}).mark("ready", 2)
    tab.run("table.ready.then(() => { seen.length = 0 })")
    stream.send("reset", {"reason": "rebuilt"})
    stream.put(1, {"id": "b", "n": 1}, epoch=NEXT_EPOCH).put(2, {"id": "c", "n": 2}, epoch=NEXT_EPOCH)
    tab.wait("table.state === 'loading' && table.position?.endsWith('.2')")
    assert contents(tab) == [{"id": "a", "n": 1}, {"id": "b", "n": 1}]
    stream.mark("ready", 2, epoch=NEXT_EPOCH)
    shows(tab, [{"id": "b", "n": 1}, {"id": "c", "n": 2}])
    # Told is what differs, not what was read again.
    assert tab.run("seen") == [["remove", "a"], ["put", "c"]]


def test_a_snapshot_that_breaks_off_goes_on_where_it_broke_off(tab, server):
    live(tab, server)
    server.stream(0).put(1, {"id": "a"}, cause="snapshot").put(2, {"id": "b"}, cause="snapshot").end()
    second = server.stream(1)
    assert second.query["last_event_id"] == f"{EPOCH}.2"
    second.put(3, {"id": "c"}, cause="snapshot").mark("ready", 3)
    shows(tab, [{"id": "a"}, {"id": "b"}, {"id": "c"}])


def test_a_server_that_is_not_ready_or_says_goodbye_is_waited_for(tab, server):
    live(tab, server)
    server.stream(0).send("busy", {"reason": "syncing", "detail": "scanning the table"})
    tab.wait("table.state === 'waiting' && table.detail === 'scanning the table'")
    server.stream(0).put(1, {"id": "a"}).mark("ready", 1).send("bye", {"reason": "draining"})
    assert server.stream(1).query["last_event_id"] == f"{EPOCH}.1"
    server.stream(1).send("busy", {"reason": "overloaded", "detail": "all places for subscribers are taken"})
    server.stream(2).mark("ready", 1)
    tab.wait("table.state === 'live'")
    assert contents(tab) == [{"id": "a"}]


def test_a_silent_connection_is_made_anew_from_its_last_id(tab, server):
    live(tab, server, "{ heartbeat: 1 }")
    server.stream(0).put(1, {"id": "a"}).mark("ready", 1)
    # Nothing more comes, and nothing breaks: as behind a machine that has lost its route.
    assert server.stream(1, 15).query["last_event_id"] == f"{EPOCH}.1"
    server.stream(1).mark("ready", 1)
    tab.wait("table.state === 'live'")
    assert "offline" in tab.run("states")


def test_keys_that_javascript_would_round_stay_apart(tab, server):
    live(tab, server)
    stream = server.stream(0)
    for number, digits in enumerate(("9007199254740993", "9007199254740992", "0.1", "0.1000000000000000055", "1E+2"), 1):
        identity = f"{EPOCH}.{number}"
        text = f'{{"op":"put","key":{{"id":{digits}}},"item":{{"id":{digits},"n":{number}}},"id":"{identity}","cause":"stream"}}'
        stream.send("change", text, identity)
    stream.mark("ready", 5)
    tab.run("table.ready.then(() => 0)")
    assert tab.run("table.size") == 5
    assert tab.run("[table.get(9007199254740993n).n, table.get(0.1).n, table.get(100).n]") == [1, 3, 5]


def test_a_listener_that_throws_hurts_no_other(tab, server):
    live(tab, server)
    tab.run("(window.told = 0, table.subscribe(() => { throw new Error('mine') }), table.subscribe(() => { told += 1 }), 0)")
    server.stream(0).put(1, {"id": "a"}).put(2, {"id": "b"}).mark("ready", 2)
    tab.run("table.ready.then(() => 0)")
    assert tab.run("told") == 2


def test_what_the_server_refuses_is_told_and_not_asked_again(tab, modules):
    problem = {"type": "urn:tablecast:problem:invalid-parameter", "title": "Bad Request", "status": 400, "detail": "column 3", "parameter": "where"}
    refuse = lambda *_: (400, problem)
    with Scripted(modules, {"/v1/events": refuse, "/v1/changes": refuse}).running() as server:
        live(tab, server, "{ where: 'a <' }")
        assert tab.run("table.ready.catch((error) => [error instanceof RefusedError, error.status, error.message, error.problem.parameter])") == [
            True, 400, "column 3", "where",
        ]  # fmt: skip
        assert tab.run("table.state") == "refused"


def test_a_token_becomes_a_ticket_and_never_part_of_a_url(tab, modules):
    tickets = []

    def ticket(_, headers):
        assert headers["Authorization"] == "Bearer secret"
        tickets.append(f"ticket-{len(tickets)}")
        return 200, {"ticket": tickets[-1]}

    with Scripted(modules, {"/v1/tickets": ticket}).running() as server:
        live(tab, server, "{ token: () => Promise.resolve('secret') }")
        server.stream(0).put(1, {"id": "a"}).mark("ready", 1).end()
        # A ticket works once: the second connection needs another.
        server.stream(1).mark("ready", 1)
        assert [stream.query["ticket"] for stream in server.streams] == ["ticket-0", "ticket-1"]
        assert not [path for _, path, _ in server.requests if "secret" in path]


def test_long_polls_serve_where_events_are_held_back(tab, modules):
    """The stream is open and says nothing; `/v1/changes` answers."""
    states = iter([
        {"changes": [{"op": "put", "key": {"id": "a"}, "item": {"id": "a"}, "id": f"{EPOCH}.1", "cause": "snapshot"}], "next": f"{EPOCH}.1"},
        {"changes": [{"op": "put", "key": {"id": "b"}, "item": {"id": "b"}, "id": f"{EPOCH}.2", "cause": "stream"}], "next": f"{EPOCH}.2"},
    ])  # fmt: skip
    asked = []

    def changes(query, headers):
        asked.append((query["since"], headers.get("Prefer")))
        page = next(states, None)
        if page is None:
            return 410, {"type": "urn:tablecast:problem:position-gone", "title": "Gone", "status": 410, "detail": "gone"}
        return 200, {**page, "as_of": {"position": page["next"], "lag_ms": 1}}

    with Scripted(modules, {"/v1/changes": changes}).running() as server:
        live(tab, server, "{ patience: 300 }")
        tab.run("table.ready.then(() => 0)")
        assert tab.run("table.transport") == "poll"
        shows(tab, [{"id": "a"}, {"id": "b"}])
        tab.wait("states.includes('loading')")
        assert asked[:2] == [("0", None), (f"{EPOCH}.1", "wait=20")]
        # The position is gone: it starts over.
        wait_for(lambda: len(asked) > 3 and asked[3][0] == "0", 10, lambda: f"a fresh start: {asked}")
        tab.run("table.close()")


def test_long_polls_do_not_ask_for_a_gone_position_again(tab, modules):
    """A page that resumes from a position of its own, where events are held back and the position is gone."""
    gone, following = f"{EPOCH}.1", f"{NEXT_EPOCH}.5"
    asked = []

    def changes(query, headers):
        asked.append(query["since"])
        if query["since"] == gone:
            return 410, {"type": "urn:tablecast:problem:position-gone", "title": "Gone", "status": 410, "detail": "gone"}
        if query["since"] == following:
            return 503, {"type": "about:blank", "title": "Busy", "status": 503, "detail": "busy"}
        return 200, {"changes": [], "next": following, "as_of": {"position": following, "lag_ms": 1}}

    with Scripted(modules, {"/v1/changes": changes}).running() as server:
        tab.go(f"{server.url}/page")
        tab.run(
            f"import('{server.url}/client.js').then(({{ ChangeFeed }}) => {{ window.types = []; window.feed = "
            f"new ChangeFeed({{ since: '{gone}', patience: 300 }}, (change) => types.push(change.type)) }})"
        )
        wait_for(lambda: following in asked, 10, lambda: f"the feed to go on: {len(asked)} requests, the last {asked[-3:]}")
        assert asked[:3] == [gone, "now", following]
        assert "reset" in tab.run("types")
        tab.run("feed.close()")


def status(service, name="subscribers"):
    return service.get("/v1/status").json()[name]


@contextlib.contextmanager
def page(modules):
    """An application's page, from an origin of its own."""
    with Scripted(modules).running() as server:
        yield server


def test_it_converges_after_kill_nine_and_a_new_epoch(ministack, logs, tab, modules):
    """S18, for the client."""
    client = ministack.client()
    table = create_table(client)
    put = lambda name, number: client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": str(number)}})
    put("first", 1)
    port = free_port()
    with page(modules) as server:
        with serving(logs, ministack, table, port=port) as service:
            live(tab, server, url=service.url)
            tab.run("(window.neverReloaded = true)")
            shows(tab, [{"id": "first", "n": 1}])
            put("second", 2)
            shows(tab, [{"id": "first", "n": 1}, {"id": "second", "n": 2}])
            epoch = status(service, "epoch")
            service.program.kill()
        tab.wait("table.state === 'offline'")
        client.delete_item(TableName=table, Key={"id": {"S": "first"}})
        put("third", 3)
        # What is known stays to be read meanwhile.
        assert tab.run("table.size") == 2
        with serving(logs, ministack, table, port=port) as service:
            shows(tab, [{"id": "second", "n": 2}, {"id": "third", "n": 3}], 40)
            put("fourth", 4)
            shows(tab, [{"id": "second", "n": 2}, {"id": "third", "n": 3}, {"id": "fourth", "n": 4}])
            assert tab.run("neverReloaded")
            assert status(service, "epoch") != epoch


def test_tabs_share_one_connection_and_hand_it_over(ministack, logs, browser, tab, modules):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 30)
    put = lambda name: client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": "0"}})
    with page(modules) as server, serving(logs, ministack, table) as service:
        other, third = browser.tab(), browser.tab()
        live(tab, server, url=service.url)
        tab.wait("table.state === 'live'")
        live(other, server, url=service.url)
        other.wait("table.state === 'live' && table.size === 30")
        assert status(service) == 1
        assert [tab.run("table.isLeading"), other.run("table.isLeading")] == [True, False]
        assert other.run("table.transport") == "shared"
        # Another question is another connection.
        live(third, server, "{ format: 'dynamodb' }", url=service.url)
        third.wait("table.state === 'live'")
        assert status(service) == 2
        third.close()
        wait_for(lambda: status(service) == 1, 10, "the third tab to be gone")
        put("shared")
        for each in (tab, other):
            each.wait("table.has('shared')")
        # The tab that holds the connection goes; the other goes on without asking for everything again.
        tab.go("about:blank")
        other.wait("table.isLeading && table.state === 'live'")
        put("handed over")
        other.wait("table.has('handed over') && table.size === 32")
        assert status(service) == 1
        assert other.run("seen.filter(([op]) => op === 'put').length") == 32, "rows were read again"
        other.close()


def test_a_tab_that_holds_the_connection_and_is_silent_is_replaced(tab, browser, server):
    """As one that the browser has frozen."""
    frozen = browser.tab(f"{server.url}/page")
    live(tab, server, "{ heartbeat: 1 }")
    server.stream(0).mark("ready", 1)
    name = tab.run("navigator.locks.query().then(({ held }) => held[0].name)")
    tab.go("about:blank")
    frozen.run(f"(navigator.locks.request({name!r}, () => new Promise(() => {{}})), 0)")
    frozen.wait("navigator.locks.query().then(({ held }) => held.length === 1)")
    live(tab, server, "{ heartbeat: 1 }")
    server.stream(1, 15).mark("ready", 1)
    tab.wait("table.isLeading && table.state === 'live'")
    frozen.close()


@pytest.mark.parametrize("missing", ["share: false", "locks", "BroadcastChannel"])
def test_without_sharing_every_table_has_its_own_connection(tab, server, missing):
    """Web Locks are missing on insecure origins."""
    tab.go(f"{server.url}/page")
    if missing == "locks":
        tab.run("(Object.defineProperty(navigator, 'locks', { value: undefined }), 0)")
    if missing == "BroadcastChannel":
        tab.run("(globalThis.BroadcastChannel = undefined, 0)")
    options = "{ share: false }" if missing == "share: false" else "{}"
    tab.run(f"import('{server.url}/client.js').then(({{ LiveTable }}) => {{ window.tables = [1, 2].map(() => new LiveTable({options})) }})")
    for number in (0, 1):
        server.stream(number).put(1, {"id": "a"}).mark("ready", 1)
    assert tab.run("Promise.all(tables.map((table) => table.ready)).then(() => tables.map((table) => table.size))") == [1, 1]


def test_a_proxy_that_buffers_is_got_past(ministack, logs, tab, modules):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 5)
    with page(modules) as server, serving(logs, ministack, table) as service, Proxy(service.port).running() as proxy:
        proxy.holds = True
        live(tab, server, "{ patience: 1000 }", url=proxy.url)
        tab.wait("table.state === 'live' && table.size === 5 && table.transport === 'poll'")
        client.put_item(TableName=table, Item={"id": {"S": "through"}})
        tab.wait("table.has('through')")
        tab.run("table.close()")


def test_a_service_that_asks_for_tokens_is_followed_with_tickets(ministack, logs, tab, modules, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    tokens = tmp_path / "tokens.json"
    tokens.write_text('{"tokens": [{"name": "page", "token": "a-secret-of-twenty-and-more-characters", "scopes": ["read", "stream"]}]}')
    with page(modules) as server, serving(logs, ministack, table, "--auth-token-file", str(tokens)) as service:
        live(tab, server, "{ token: 'a-secret-of-twenty-and-more-characters' }", url=service.url)
        tab.wait("table.state === 'live' && table.size === 3")
        assert tab.run("table.transport") == "stream"
        client.put_item(TableName=table, Item={"id": {"S": "new"}})
        tab.wait("table.has('new')")
        for options in ("{ token: 'another' }", "{ share: 'nobody' }"):
            live(tab, server, options, url=service.url)
            tab.run("(table.ready.catch((error) => { window.status_ = error.status }), 0)")
            tab.wait("window.status_ === 401", what=lambda: f"a refusal of {options}: {tab.run('[table.state, table.detail]')}")
