"""Pages in Chromium and Firefox.

S18: a page with nothing but an EventSource, through inserts, modifications, removals and a killed server. And equal long polls of one
page, which a browser's cache would let wait for each other.
"""

import functools
import http.server
import json

import pytest
from support.processes import PROJECT, free_port, wait_for
from support.scripted import Server
from support.service import metric, serving
from support.tables import create_table

RESULTS = PROJECT / ".build/test-results"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def page_url():
    """The test's page, from an origin of its own, so that the stream needs CORS as it does in real life."""
    handler = functools.partial(Quiet, directory=PROJECT / "Tests/EndToEnd")
    with Server(("127.0.0.1", 0), handler).running() as server:
        yield f"http://127.0.0.1:{server.server_port}/page.html"


def test_a_page_follows_the_table_and_survives_the_servers_death(ministack, logs, page_url, browser, tab):
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "first"}, "n": {"N": "1"}})

    def put(name, number):
        client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": str(number)}})

    def shows(expected, seconds=20):
        wait_for(lambda: tab.run("items") == expected, seconds, lambda: f"{expected}; it says {tab.run('seen')}")

    port = free_port()
    first = {"id": "first", "n": 1}
    with serving(logs, ministack, table, port=port) as service:
        tab.go(f"{page_url}?url={service.url}/v1/events")
        tab.run("(window.neverReloaded = true)")
        shows({"first": first})
        put("second", 2)
        shows({"first": first, "second": {"id": "second", "n": 2}})
        put("second", 3)
        shows({"first": first, "second": {"id": "second", "n": 3}})
        client.delete_item(TableName=table, Key={"id": {"S": "second"}})
        shows({"first": first})
        service.program.kill()

    tab.wait("seen.includes('lost')")
    # While nobody is there: one item goes, one comes.
    client.delete_item(TableName=table, Key={"id": {"S": "first"}})
    put("third", 4)
    # Nobody listens for longer than a browser waits before it comes back.
    wait_for(lambda: tab.run("seen.filter(word => word === 'lost' || word === 'dead').length > 1"), 20, "a reconnect in vain")
    with serving(logs, ministack, table, port=port):
        third = {"third": {"id": "third", "n": 4}}
        shows(third, 40)
        put("fourth", 5)
        shows({**third, "fourth": {"id": "fourth", "n": 5}})
        assert tab.run("neverReloaded") is True
        # Firefox 153 gives up after one refusal, so the page has to begin again.
        assert browser.name == "firefox" or "dead" not in tab.run("seen")
        tab.screenshot(RESULTS / f"page-{browser.name}.png")


# Three equal requests at once; their statuses come when all of them have ended.
POLLS = "(window.polls = Promise.all([1, 2, 3].map(() => fetch({url}, {options}).then((response) => response.status))), 0)"
# The parameters of a request, whether its first response was made for a poll, and what else it says. Without a tag a browser looks for a
# response in its cache before it asks, whatever the responses say: the page must tell it not to.
KINDS = {
    "for another item": ("", True, {}),
    "for a condition": ("?until=n%3D2", False, {"cache": "no-store"}),
    "for a condition, each with a URL of its own": ("?until=n%3D2&_=", False, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_equal_long_polls_of_a_page_do_not_wait_for_each_other(kind, ministack, logs, page_url, tab):
    query, has_tag, options = KINDS[kind]
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "1"}})
    with serving(logs, ministack, table) as service:
        url = json.dumps(f"{service.url}/v1/items/a{query}") + (" + Math.random()" if query.endswith("_=") else "")
        tab.go(f"{page_url}?url={service.url}/v1/events")
        fields = {"Prefer": "wait=40"}
        if has_tag:
            fields["If-None-Match"] = tab.run(f"fetch({url}, {{headers: {json.dumps(fields)}}}).then((response) => response.headers.get('ETag'))")
        for number in (2, 3):
            if has_tag and number == 3:
                fields["If-None-Match"] = service.get("/v1/items/a").headers["ETag"]
            tab.run(POLLS.format(url=url.replace("n%3D2", f"n%3D{number}"), options=json.dumps(options | {"headers": fields})))
            # One at a time they would never be three.
            wait_for(lambda: metric(service, "tablecast_http_waiting_requests") == 3, 20, "three requests to wait at once")
            client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": str(number)}})
            assert tab.run("window.polls") == [200, 200, 200]
