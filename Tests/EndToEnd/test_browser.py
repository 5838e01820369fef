"""A page in a real browser that follows a table through inserts, modifications, removals and a killed server."""

import functools
import http.server
import shutil
import threading

import pytest
from selenium import webdriver
from support.processes import PROJECT, free_port, wait_for
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
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--user-data-dir={tmp_path}"):
        options.add_argument(argument)
    options.add_argument("--window-size=900,700")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


def test_a_page_follows_the_table_and_survives_the_servers_death(ministack, logs, page_url, browser):
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "first"}, "n": {"N": "1"}})

    def put(name, number):
        client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": str(number)}})

    def items():
        return browser.execute_script("return window.items")

    def shows(expected, seconds=20):
        wait_for(lambda: items() == expected, seconds, f"the page to show {expected}; it says {seen()}")

    def seen():
        return browser.execute_script("return window.seen")

    port = free_port()
    first = {"id": "first", "n": 1}
    with serving(logs, ministack, table, port=port) as service:
        browser.get(f"{page_url}?url={service.url}/v1/events")
        browser.execute_script("window.neverReloaded = true")
        shows({"first": first})
        put("second", 2)
        shows({"first": first, "second": {"id": "second", "n": 2}})
        put("second", 3)
        shows({"first": first, "second": {"id": "second", "n": 3}})
        client.delete_item(TableName=table, Key={"id": {"S": "second"}})
        shows({"first": first})
        service.program.kill()

    wait_for(lambda: "lost" in seen(), 20, "the page to notice")
    # While nobody is there: one item goes, one comes.
    client.delete_item(TableName=table, Key={"id": {"S": "first"}})
    put("third", 4)
    with serving(logs, ministack, table, port=port):
        third = {"third": {"id": "third", "n": 4}}
        shows(third, 40)
        put("fourth", 5)
        shows({**third, "fourth": {"id": "fourth", "n": 5}})
        assert browser.execute_script("return window.neverReloaded") is True
        assert "dead" not in seen()
        RESULTS.mkdir(parents=True, exist_ok=True)
        assert browser.save_screenshot(str(RESULTS / "page.png"))
