"""The live console at `/` in Chromium and Firefox, over the built program."""

import base64
import json
import re
import subprocess

import pytest
from support import peers
from support.processes import PROJECT, Program, environment_without_aws, free_port, wait_for
from support.service import DEMO, Service, serving
from support.tables import create_table, every_type, fill

RESULTS = PROJECT / ".build/test-results"
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ENTER, ESCAPE = "\ue007", "\ue00c"
EVIL = ["<img src=x onerror=window.hacked=1>", "\"><script>window.hacked=1</script>", "</td></table><h1>hacked", "javascript:window.hacked=1"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """`tablecast-demo`: a table with a sort key that keeps changing."""
    port = free_port()
    program = Program([DEMO, "--listen", f"127.0.0.1:{port}"], tmp_path_factory.mktemp("demo") / "demo.log", environment_without_aws())
    try:
        yield Service(program, port).wait_until_ready(30)
    finally:
        program.stop()


def files_of(page):
    """The files that the page names: its style sheet, its script, and the modules to load ahead."""
    return re.findall(r'(?:href|src)="(\./[^"]+)"', page.text)


def text(tab, selector):
    return tab.run(f"document.querySelector({selector!r}).innerText")


def rows(tab):
    return tab.run("[...document.querySelectorAll('#items tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))")


def has_item(tab, name):
    return name in [row[0] for row in rows(tab)]


def opened(tab, service, place=""):
    tab.go(f"{service.url}/{place}")
    tab.wait("document.getElementById('state-name').textContent !== 'connecting'")
    return tab


def test_browsers_get_the_page_and_programs_get_links(demo):
    page = demo.get("/", headers=HTML)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Accept" in re.split(", *", page.headers["Vary"])
    assert page.headers["Cache-Control"] == "no-cache"
    again = demo.get("/", headers={**HTML, "If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for accept in ("*/*", "application/json"):
        links = demo.get("/", headers={"Accept": accept})
        assert "Accept" in re.split(", *", links.headers["Vary"])
        assert links.json()["links"]["client"] == "client.js"


def test_the_policy_allows_files_of_the_service_and_nothing_else(demo):
    page = demo.get("/", headers=HTML)
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == policy["style-src"] == "'self'" and policy["default-src"] == "'none'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert re.findall(r"<script[^>]*>[^<]*", page.text) == [f'<script type="module" src="{files_of(page)[1]}">']
    assert not re.search(r"<style|\bstyle=|\son\w+=", page.text)
    # It works without a network but the service's: nothing is loaded from elsewhere.
    parts = [page.text, *(demo.get(path).text for path in files_of(page))]
    assert len(parts) > 20
    for part in parts:
        assert not re.search(r"https?://|@import|[^#]url\(|from \"[^.]", part)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|DOMParser", part)


def test_it_shows_the_table_alive(demo, browser, tab):
    opened(tab, demo)
    tab.wait("document.querySelectorAll('#items tbody tr').length === 50")
    assert text(tab, "#table-name") == "orders" and text(tab, "#state-name") == "live"
    assert rows(tab)[0][:2] == ["order#1001", "line#1"]
    # Rows and the tail follow the table; numbers and charts the status.
    tab.wait("document.querySelectorAll('#changes li').length >= 3")
    tab.wait("[...document.querySelectorAll('#changes .diff')].some((line) => /updates \\d+ → \\d+/.test(line.innerText))")
    tab.wait("document.querySelector('#rate-chart .line').getAttribute('d').includes('L')")
    assert re.fullmatch(r"[\d.]+ ?m?s", text(tab, "#lag-chart .now"))
    assert len(tab.run("[...document.querySelectorAll('#shards tbody tr')].map((row) => row.innerText)")) >= 4
    assert "being read" in text(tab, "#stream-note")
    tab.screenshot(RESULTS / f"console-{browser.name}.png")
    # Pages.
    first = rows(tab)
    tab.run("(document.getElementById('next').click(), 0)")
    tab.wait("document.getElementById('page-note').textContent.startsWith('Page 2')")
    assert rows(tab)[0][:2] > first[-1][:2]
    tab.run("(document.getElementById('previous').click(), 0)")
    tab.wait("document.getElementById('page-note').textContent.startsWith('Page 1')")
    assert browser.complaints() == []


def test_a_filter_narrows_items_and_changes_and_a_bad_one_is_pointed_at(demo, tab):
    opened(tab, demo)
    tab.run("(document.getElementById('where').focus(), 0)")
    tab.write("price > > 10")
    tab.press(ENTER)
    tab.wait("!document.getElementById('filter-error').hidden")
    assert tab.run("document.getElementById('filter-column').textContent").splitlines() == ["price > > 10", "        ^"]
    assert "expected" in text(tab, "#filter-text")
    assert tab.run("document.getElementById('where').getAttribute('aria-invalid')") == "true"
    tab.go(f"{demo.url}/#where=" + "name%20%3D%20'Glass%20pot%2C%200.7%20l'")
    wait_for(lambda: rows(tab) and all("Glass pot, 0.7 l" in row for row in rows(tab)), 10, "items of that name only")
    assert tab.run("document.getElementById('filter-error').hidden")
    tab.run("(document.getElementById('clear').click(), 0)")
    tab.wait("document.querySelectorAll('#items tbody tr').length === 50")
    tab.go(f"{demo.url}/#pk=order%231002&sk_prefix=line")
    tab.wait("document.querySelectorAll('#items tbody tr').length === 3")
    assert {row[0] for row in rows(tab)} == {"order#1002"}


def test_everything_from_the_table_is_text(ministack, logs, browser, tab):
    client = ministack.client()
    table = create_table(client)
    put = lambda item: client.put_item(TableName=table, Item=item)
    for evil in EVIL:
        put({"id": {"S": evil}, evil: {"S": evil}, "list": {"L": [{"S": evil}, {"M": {evil: {"S": evil}}}]}})
    with serving(logs, ministack, table) as service:
        opened(tab, service)
        tab.wait(f"document.querySelectorAll('#items tbody tr').length === {len(EVIL)}")
        assert {row[0] for row in rows(tab)} == set(EVIL)
        tab.wait("document.getElementById('changes-note').textContent.includes('listening')")
        for evil in EVIL:
            put({"id": {"S": evil}, evil: {"S": evil + evil}})
        tab.wait(f"document.querySelectorAll('#changes li').length >= {len(EVIL)}")
        for number, row in enumerate(rows(tab)):
            tab.run(f"(document.querySelectorAll('#items tbody tr a')[{number}].click(), 0)")
            tab.wait(f"document.getElementById('detail').open && document.getElementById('detail-title').textContent === {json.dumps(row[0])}")
            tab.wait("document.querySelectorAll('#history li').length >= 2 && document.querySelector('#detail-item').innerText !== ''")
            tab.press(ESCAPE)
            tab.wait("!document.getElementById('detail').open")
        assert tab.run("document.querySelectorAll('main img, main script, dialog img, dialog script, main h1').length") == 0
        assert tab.run("window.hacked ?? null") is None
        assert browser.complaints() == []


def test_every_type_of_value_is_shown_as_it_is_stored(ministack, logs, tab):
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item=every_type())
    with serving(logs, ministack, table) as service:
        opened(tab, service)
        tab.wait("document.querySelectorAll('#items tbody tr').length === 1")
        tab.run("(document.querySelector('#items tbody a').click(), 0)")
        tab.wait("document.querySelector('#detail-item').innerText.includes('integer')")
        shown = text(tab, "#detail-item")
        # Digits that JavaScript would round.
        assert '"digits": 12345678901234567890123456789012345678' in shown
        assert '"null": null' in shown and '"true": true' in shown and '"with.dot": "x"' in shown
        tab.run("(document.getElementById('detail-form').click(), 0)")
        assert '"N": "12345678901234567890123456789012345678"' in text(tab, "#detail-item")


def test_an_item_asked_for_while_another_closes_is_shown(demo, tab):
    """A dialog tells its closing one task later: by then the address is the next item's."""
    tab.go(f"{demo.url}/#pk=order%231002")
    links = "document.querySelectorAll('#items tbody tr td:first-child a')"
    title = "document.getElementById('detail').open && document.getElementById('detail-title').textContent"
    tab.wait(f"{links}.length > 2")
    tab.run(f"({links}[0].click(), 0)")
    first = tab.wait(title)
    tab.run(f"(document.getElementById('detail').close(), {links}[1].click(), 0)")
    assert tab.wait(f"{title} !== {json.dumps(first)} && {title}") != first
    # The answers are those of the second item, not of the one that was closed.
    tab.wait("document.getElementById('detail-note').textContent === 'as it is now' && document.querySelectorAll('#history li').length > 0")
    second = tab.run("new URLSearchParams(location.hash.slice(1)).get('item')")
    assert json.loads(second)["pk"] == {"S": "order#1002"}
    tab.press(ESCAPE)
    tab.wait("!document.getElementById('detail').open && !location.hash.includes('item=')")


def test_it_survives_kill_nine_and_a_new_epoch(ministack, logs, browser, tab):
    """S18, for the console."""
    client = ministack.client()
    table = create_table(client)
    put = lambda name: client.put_item(TableName=table, Item={"id": {"S": name}})
    put("first")
    port = free_port()
    with serving(logs, ministack, table, port=port) as service:
        opened(tab, service)
        tab.run("(window.neverReloaded = true)")
        wait_for(lambda: has_item(tab, "first"), 10, "the first item")
        put("second")
        wait_for(lambda: has_item(tab, "second"), 15, "an item that is new to the page")
        service.program.kill()
    tab.wait("document.getElementById('banner-text').textContent.startsWith('No answer from the server since')")
    assert text(tab, "#state-name") == "unreachable"
    # What is known stays to be read.
    assert has_item(tab, "first")
    client.delete_item(TableName=table, Key={"id": {"S": "first"}})
    put("third")
    with serving(logs, ministack, table, port=port):
        tab.wait("document.getElementById('state-name').textContent === 'live' && document.getElementById('banner').hidden", 30)
        wait_for(lambda: [row[0] for row in rows(tab)] in (["second", "third"], ["third", "second"]), 20, lambda: f"the new contents: {rows(tab)}")
        tab.wait("document.getElementById('changes-note').textContent.match(/listening|since this page/)", 30)
        put("fourth")
        tab.wait("[...document.querySelectorAll('#changes .key')].some((key) => key.innerText === 'fourth')")
        wait_for(lambda: has_item(tab, "fourth"), 15, "the newest item")
        assert tab.run("neverReloaded")


def test_it_says_why_the_replica_is_not_live(logs, tab, tmp_path):
    """Not ready, and stale: with a peer that stops answering."""
    with peers.ministack(tmp_path) as peer:
        table = create_table(peer.client())
        fill(peer.client(), table, 3)
        with peer.program.paused(), serving(logs, peer, table, "--max-lag", "1s", ready=False) as service:
            service.program.wait_until_accepting(service.port)
            opened(tab, service)
            assert text(tab, "#state-name") in ("starting", "syncing")
            assert "Nothing is served yet" in text(tab, "#banner-text")
            assert "before the replica is complete" in text(tab, "#items-empty")
        with serving(logs, peer, table, "--max-lag", "1s") as service:
            opened(tab, service)
            tab.wait("document.querySelectorAll('#items tbody tr').length === 3")
            with peer.program.paused():
                tab.wait("document.getElementById('state-name').textContent === 'stale'", 30)
                assert "What is served may be old" in text(tab, "#banner-text")
                assert len(rows(tab)) == 3
            tab.wait("document.getElementById('state-name').textContent === 'live'", 30)
            assert tab.run("document.getElementById('banner').hidden")


def test_it_is_used_by_keyboard(demo, tab):
    opened(tab, demo)
    tab.wait("document.querySelectorAll('#items tbody tr').length === 50")
    tab.press("j", "j", "k", "j")
    assert tab.run("document.activeElement.closest('tr').rowIndex") == 2
    tab.press(ENTER)
    tab.wait("document.getElementById('detail').open && document.getElementById('detail-item').innerText !== ''")
    assert text(tab, "#detail-title") == "order#1001 / line#2"
    assert "item=" in tab.run("location.hash")
    tab.press(ESCAPE)
    tab.wait("!document.getElementById('detail').open && !location.hash.includes('item=')")
    tab.press("n")
    tab.wait("document.getElementById('page-note').textContent.startsWith('Page 2')")
    tab.press("p")
    tab.wait("document.getElementById('page-note').textContent.startsWith('Page 1')")
    tab.press("s")
    assert tab.run("document.getElementById('pause').getAttribute('aria-pressed')") == "true"
    tab.wait("/paused, [1-9]\\d* held back/.test(document.getElementById('changes-note').textContent)")
    tab.press("s", "?")
    assert tab.run("document.getElementById('help').open")
    tab.press(ESCAPE, "/")
    assert tab.run("document.activeElement.id") == "where"
    # Every control can be reached, is named, and can be seen when it has the focus.
    unnamed = "[...document.querySelectorAll('button, input, a')].filter((one) => !(one.innerText || one.textContent || one.getAttribute('aria-label') || one.labels?.length)).map((one) => one.outerHTML)"
    assert tab.run(unnamed) == []


def test_an_item_is_shown_with_its_history(demo, tab):
    change = next(iter(demo.get("/v1/changes", params={"since": "now", "limit": "1"}, headers={"Prefer": "wait=20"}).json()["changes"]), None)
    wait_for(lambda: change is not None, 1, "a change of the demo's table")
    words = "%22%3A%7B%22S%22%3A%22"
    key = f"%7B%22pk{words}{change['key']['pk'].replace('#', '%23')}%22%7D%2C%22sk{words}{change['key']['sk'].replace('#', '%23')}%22%7D%7D"
    opened(tab, demo, f"#item={key}")
    tab.wait("document.getElementById('detail').open && document.querySelectorAll('#history li').length >= 1")
    assert change["key"]["pk"] in text(tab, "#detail-title")
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text(tab, "#history"))


def test_a_key_that_no_path_can_hold_is_shown_with_its_history_too(ministack, logs, tab):
    client = ministack.client()
    table = create_table(client)
    names = (".", "..", "a/b", "nul\0")
    for name in names:
        client.put_item(TableName=table, Item={"id": {"S": name}, "is": {"S": f"the item {name}"}})
    with serving(logs, ministack, table) as service:
        opened(tab, service)
        tab.wait(f"document.querySelectorAll('#items tbody tr').length === {len(names)}")
        # In the order of the keys' bytes, as the page shows them.
        for number, name in enumerate(sorted(names)):
            tab.run(f"(document.querySelectorAll('#items tbody tr')[{number}].querySelector('a').click(), 0)")
            tab.wait("document.getElementById('detail').open && document.querySelectorAll('#history li').length === 1")
            assert f"the item {name[0]}" in text(tab, "#detail-item")
            written = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
            for button, rest in (("detail-curl", ""), ("history-curl", "/history")):
                tab.run(f"(document.getElementById('{button}').click(), 0)")
                command = tab.run("document.getElementById('toast-command').value")
                assert command == f"curl -s '{service.url}/v1/items/{written}{rest}?key_encoding=base64url'"
            tab.press(ESCAPE)
            tab.wait("!document.getElementById('detail').open")
        # Whoever sends the path as it is gets the item.
        raw = subprocess.run(["curl", "-s", "--path-as-is", f"{service.url}/v1/items/.."], capture_output=True, text=True, timeout=10)
        assert raw.stdout == '{"id":"..","is":"the item .."}'


def test_commands_are_copied_as_curl(demo, tab):
    opened(tab, demo, "#where=price%20%3E%20'it''s'")
    told = {}
    for name in ("items", "changes", "stream"):
        tab.run(f"(document.getElementById('{name}-curl').click(), 0)")
        tab.wait("!document.getElementById('toast').hidden")
        told[name] = tab.run("document.getElementById('toast-command').value")
    assert told["items"].startswith(f"curl -s '{demo.url}/v1/items?where=price+%3E+%27it%27%27s%27") and "limit=50" in told["items"]
    assert told["changes"].startswith(f"curl -N '{demo.url}/v1/events?where=") and "diff=old" in told["changes"]
    assert told["stream"] == f"curl -s '{demo.url}/v1/status'"


def test_light_dark_and_as_the_system(demo, tab):
    opened(tab, demo)
    ground = lambda: tab.run("getComputedStyle(document.body).backgroundColor")
    seen = []
    for name in ("light", "dark", "system"):
        tab.press("t")
        assert text(tab, "#theme") == f"Theme: {name}"
        seen.append(ground())
    assert seen[0] != seen[1] and seen[2] in seen[:2]
    tab.press("t", "t")
    opened(tab.go("about:blank"), demo)
    assert text(tab, "#theme") == "Theme: dark" and ground() == seen[1]
    tab.run("localStorage.clear()")


def test_nothing_scrolls_sideways_at_375_pixels(demo, tab):
    tab.resize(375, 700)
    opened(tab, demo)
    tab.wait("document.querySelectorAll('#items tbody tr').length === 50 && document.querySelectorAll('#changes li').length > 0")
    tab.run("(document.getElementById('where').value = 'price >', document.getElementById('filter').requestSubmit(), 0)")
    tab.wait("!document.getElementById('filter-error').hidden")
    is_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    for view in ("items", "changes", "stream"):
        tab.run(f"(document.querySelector('#views [data-view={view}]').click(), 0)")
        assert tab.run(f"document.getElementById('{view}-panel').checkVisibility()")
        assert not tab.run(is_wide), view
    tab.run("(document.querySelector('#views [data-view=items]').click(), document.querySelector('#items tbody a').click(), 0)")
    tab.wait("document.getElementById('detail').open && document.getElementById('detail-item').innerText !== ''")
    assert not tab.run(is_wide)
    assert tab.run("document.getElementById('detail').scrollWidth <= 375 && document.getElementById('detail').getBoundingClientRect().width <= 375")


def test_it_asks_for_a_token_where_one_is_needed(ministack, logs, browser, tab, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    tokens, secret = tmp_path / "tokens.json", "a-secret-of-twenty-and-more-characters"
    tokens.write_text('{"tokens": [{"name": "operator", "token": "%s", "scopes": ["read", "stream", "status"]}]}' % secret)
    with serving(logs, ministack, table, "--auth-token-file", str(tokens)) as service:
        tab.go(service.url)
        tab.wait("document.getElementById('sign-in').open")
        tab.write("wrong")
        tab.press(ENTER)
        tab.wait("document.getElementById('sign-in').open && document.getElementById('sign-in-error').innerText !== ''")
        tab.write(secret)
        tab.press(ENTER)
        tab.wait("document.querySelectorAll('#items tbody tr').length === 3")
        tab.wait("document.getElementById('changes-note').textContent.includes('listening')")
        client.put_item(TableName=table, Item={"id": {"S": "new"}})
        tab.wait("[...document.querySelectorAll('#changes .key')].some((key) => key.innerText === 'new')")
        # The command to copy names a variable, not the token.
        tab.run("(document.getElementById('items-curl').click(), 0)")
        tab.wait("!document.getElementById('toast').hidden")
        command = tab.run("document.getElementById('toast-command').value")
        assert "Bearer $TABLECAST_TOKEN" in command and secret not in command
