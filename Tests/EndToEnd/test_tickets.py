"""Tickets of several replicas: one table, one file of tokens, a balancer that sends each request to another replica, and plain EventSources."""

import contextlib
import http.server
import json
import os

import httpx
import pytest
from support import proxies
from support.processes import free_port, wait_for
from support.scripted import Server
from support.service import serving
from support.tables import create_table, fill

APP, OTHER, READER = "app-0123456789abcdef", "other-0123456789abcdef", "reader-0123456789abcdef"
TOKENS = [
    {"name": "app", "token": APP, "scopes": ["read", "stream", "status"]},
    {"name": "other", "token": OTHER, "scopes": ["read", "stream"], "keys": {"partition_prefix": "k"}},
    {"name": "reader", "token": READER, "scopes": ["read"]},
]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def write(path, tokens):
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"tokens": tokens}))
    os.replace(fresh, path)


@pytest.fixture(scope="module")
def table(ministack):
    client = ministack.client()
    table = create_table(client)
    for name in ("k1", "k2", "x1"):
        client.put_item(TableName=table, Item={"id": {"S": name}})
    return table


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tickets")
    for name in ("one", "two"):
        write(folder / f"{name}.json", TOKENS)
    return [folder / "one.json", folder / "two.json"]


@pytest.fixture(scope="module")
def pair(ministack, logs, table, files):
    """Two replicas of one table, each with a copy of the file of tokens."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(serving(logs, ministack, table, "--auth-token-file", str(file), "--access-log", "on"))
            for file in files
        ]


def ticket(service, token=APP, **order):
    answer = service.http.post("/v1/tickets", headers=bearer(token), json=order) if order else service.http.post("/v1/tickets", headers=bearer(token))
    assert answer.status_code == 201, answer.text
    return answer.json()


def redeem(service, text, **parameters):
    return service.get("/v1/events", params={"timeout": "0", **parameters, "ticket": text})


def refusal(answer):
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tablecast", error="invalid_token"'
    return answer.json()["detail"]


def test_each_replica_accepts_the_tickets_of_the_other_once(pair):
    one, two = pair
    for _ in range(20):
        text = ticket(one)["ticket"]
        assert redeem(two, text).status_code == 200
        assert "used before" in refusal(redeem(two, text))
        assert redeem(one, text).status_code == 200
        assert "used before" in refusal(redeem(one, text))


def test_behind_a_balancer_that_alternates_every_ticket_opens_its_stream(pair, tmp_path):
    one, two = pair
    with proxies.proxy("haproxy-two", tmp_path, one.port, two.port) as port:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            # Requests alternate, so that each stream is opened at the replica that did not make its ticket.
            statuses = []
            for _ in range(20):
                text = client.post("/v1/tickets", headers=bearer(APP)).json()["ticket"]
                statuses.append(client.get("/v1/events", params={"timeout": "0", "ticket": text}).status_code)
            assert statuses == [200] * 20


def test_what_is_no_ticket_is_refused_with_what_it_is_and_what_to_do(pair):
    one, two = pair
    good = ticket(one)["ticket"]
    changed = good[:40] + ("A" if good[40] != "A" else "B") + good[41:]
    for text in ("", "x", good[:-1], good + "A", changed, good[:-1] + ("A" if good[-1] != "A" else "B")):
        assert "was cut, changed or made up" in refusal(redeem(two, text)), text
    assert "POST /v1/tickets" in refusal(redeem(two, "x"))
    assert redeem(two, good).status_code == 200
    assert good not in refusal(redeem(two, good))
    # Only streams take a ticket.
    assert two.get("/v1/items", params={"ticket": ticket(one)["ticket"]}).status_code == 401


def test_a_reusable_ticket_is_for_one_path_and_query(pair):
    one, two = pair
    answer = ticket(one, reusable=True, url="events?pk=k1&limit=1")
    assert answer["expires_in"] == 43_200
    url = f"/v1/{answer['url']}"
    for service in (one, two, one, two):
        stream = service.get(url)
        assert stream.status_code == 200 and '"id":"k1"' in stream.text, stream.text
    assert two.get(url, headers={"Last-Event-ID": "x"}).status_code == 200
    for other in (url.replace("pk=k1", "pk=k2"), url + "&op=put", url.replace("/events", "/changes")):
        assert "another path or query" in refusal(two.get(other))
    for service in pair:
        assert answer["ticket"] not in service.program.output
        assert "ticket=***" in service.program.output


def test_a_ticket_has_the_rights_of_its_token_and_no_more(pair):
    one, two = pair
    events = redeem(two, ticket(one, OTHER)["ticket"], timeout="500ms").text
    assert "k1" in events and "x1" not in events
    assert one.http.post("/v1/tickets", headers=bearer(READER), json={"reusable": True}).status_code == 403
    refused = one.http.post("/v1/tickets", headers=bearer(APP), json={"reusable": True, "url": "items"})
    assert refused.status_code == 400 and "takes no ticket" in refused.json()["detail"]


def test_tickets_end_with_their_token_and_live_through_a_change_of_others(pair, files):
    one, two = pair
    reusable = f"/v1/{ticket(one, reusable=True, url='events?limit=1')['url']}"
    gone = f"/v1/{ticket(one, OTHER, reusable=True, url='events?limit=1')['url']}"
    assert two.get(gone).status_code == 200
    with two.http.stream("GET", f"/v1/{ticket(one, OTHER, reusable=True, url='events')['url']}") as stream:
        lines = stream.iter_lines()
        assert any(line.startswith("event: ready") for line in lines)
        write(files[1], [TOKENS[0], {"name": "late", "token": "late-0123456789abcdef", "scopes": ["stream"]}])
        assert '{"reason":"revoked"}' in "".join(lines)
    assert "belongs to no token that this replica knows" in refusal(two.get(gone))
    assert one.get(gone).status_code == 200
    assert two.get(reusable).status_code == 200
    write(files[1], TOKENS)
    wait_for(lambda: two.get(gone).status_code == 200, 20, lambda: "the token to be back")


def test_a_reusable_ticket_ends_its_stream(ministack, logs, table, files):
    """The shortest age there is: a minute."""
    with serving(logs, ministack, table, "--auth-token-file", str(files[0]), "--ticket-age", "60s") as service:
        url = f"/v1/{ticket(service, reusable=True, url='events?heartbeat=1s')['url']}"
        text = service.http.get(url, timeout=200).text
        assert text.rstrip().endswith('event: bye\ndata: {"reason":"ticket-ended"}'), text[-300:]
        assert "The ticket ended at" in refusal(service.get(url))


class Empty(http.server.BaseHTTPRequestHandler):
    """A page without anything, from an origin of its own."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>empty</title>")

    def log_message(self, *_):
        pass


@pytest.fixture
def empty_page():
    with Server(("127.0.0.1", 0), Empty).running() as server:
        yield f"http://127.0.0.1:{server.server_port}/"


# A browser's EventSource, which nothing mends once the browser has given it up.
PLAIN = """(window.rows = {{}}, window.opens = 0, window.source = new EventSource({url}),
source.onopen = () => {{ opens += 1 }},
source.addEventListener('reset', () => {{ rows = {{}} }}),
source.onmessage = (event) => {{ const change = JSON.parse(event.data); rows[change.key.id] = change.op }}, 0)"""


def test_a_plain_event_source_lives_through_ages_restarts_and_other_replicas(ministack, logs, tmp_path, browser, tab, empty_page):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    tokens, port = tmp_path / "tokens.json", free_port()
    write(tokens, TOKENS)
    options = ("--auth-token-file", str(tokens), "--max-stream-age", "2s")
    with serving(logs, ministack, table, *options, port=port) as service:
        url = service.url + "/v1/" + ticket(service, reusable=True, url="events?where=exists(id)")["url"]
        tab.go(empty_page)
        tab.run(PLAIN.format(url=json.dumps(url)))
        tab.wait("Object.keys(rows).length === 3")
        # Its stream ends for its age, and the browser repeats the URL.
        tab.wait("opens >= 3")
        if browser.name == "firefox":
            # Firefox gives an EventSource up after one refused connection, whatever its URL.
            return
        service.program.kill()
    # Another replica at the same address, which never made a ticket.
    client.put_item(TableName=table, Item={"id": {"S": "meanwhile"}})
    with serving(logs, ministack, table, *options, port=port):
        tab.wait("rows.meanwhile === 'put' && Object.keys(rows).length === 4", 40)
        seen = tab.run("opens")
        tab.wait(f"opens >= {seen + 1}")
        assert tab.run("source.readyState !== EventSource.CLOSED")
        # The end of the token is the end of the EventSource.
        write(tokens, [TOKENS[2]])
        tab.wait("source.readyState === EventSource.CLOSED", 30)
