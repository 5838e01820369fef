"""S18: a page with nothing but an EventSource, in Chromium and Firefox, through inserts, modifications, removals and a killed server."""

import functools
import http.server

import pytest
from support.processes import PROJECT, free_port, wait_for
from support.scripted import Server
from support.service import serving
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
    with serving(logs, ministack, table, port=port):
        third = {"third": {"id": "third", "n": 4}}
        shows(third, 40)
        put("fourth", 5)
        shows({**third, "fourth": {"id": "fourth", "n": 5}})
        assert tab.run("neverReloaded") is True
        assert "dead" not in tab.run("seen")
        tab.screenshot(RESULTS / f"page-{browser.name}.png")
