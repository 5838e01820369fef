"""Readers that are pages of Chromium and Firefox: client.js with a token, and a plain EventSource with a reusable ticket."""

import contextlib
import http.server
import json
import pathlib
import urllib.parse

import httpx
from resets import Resets
from support import browsers
from support.processes import wait_for
from support.scripted import Server

PAGE = (pathlib.Path(__file__).parent / "page.html").read_bytes()
WAYS = ("client", "EventSource")
# What a page has noted since the last look. Marks are big, and taken away.
LOOK = "(({...seen}, contents) => ({...seen, contents, marks: seen.marks.splice(0)}))(seen, contents())"
# What a plain EventSource subscribes to.
FEED = "events?heartbeat=1s&numbers=number"


def page_server(port, headers):
    """The server of somebody's pages, an origin of its own: it has the token, and gives its pages tickets."""

    class Pages(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.respond(200, "text/html", PAGE)

        def do_POST(self):
            if not headers:
                return self.respond(200, "application/json", json.dumps({"url": FEED}).encode())
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.post(f"http://127.0.0.1:{port}/v1/tickets", headers=headers, json={"reusable": True, "url": FEED}, timeout=10)
                if answer.status_code == 201:
                    return self.respond(200, "application/json", answer.content)
            self.respond(503, "text/plain", b"no ticket at the moment")

        def respond(self, status, kind, content):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Server(("127.0.0.1", 0), Pages).running()


class Page:
    """One page, and what it said at the last look."""

    kind, reads_steps = "everything", False

    def __init__(self, browser, way, url, writes):
        self.name, self.way, self.writes, self.state, self.marks = f"{browser.name} with {way}", way, writes, 0, 0
        # `resets_before`: those before the mark that was compared last.
        self.resets, self.resets_before, self.seen, self.map, self.failure = Resets(), 0, {}, {}, None
        self.tab = browser.tab(f"{url}&with={way}")
        self.tab.wait("window.isReading === true", 20, f"{self.name} to read")

    def look(self):
        """Asks the page, and checks what it says."""
        self.seen = self.tab.run(LOOK)
        self.resets.all = self.seen["resets"]
        if self.seen["faults"]:
            self.failure = f"{self.name}: {self.seen['faults']}"
        # A reset before a mark of the same look lets it begin anywhere again.
        for mark in self.seen["marks"]:
            self.compare(mark)
        self.map = as_map(self.seen["contents"])

    def compare(self, mark):
        """At a mark it holds the table after some write, never an earlier one than before."""
        self.marks += 1
        held, resets = as_map(mark["items"]), len(self.resets.all)
        if resets != self.resets_before:
            self.resets_before, self.state = resets, 0
        for number in range(self.state, len(self.writes.states)):
            if held == self.writes.states[number]:
                self.state = number
                return
        self.failure = f"{self.name}: at {mark['id']} it holds what the table never held since write {self.state}: {held}"

    def expected(self, state):
        return state

    def held(self):
        return self.map

    def told(self):
        seen, ticketed = self.seen, f"{self.seen.get('tickets')} tickets, {self.marks} marks, " if self.way == "EventSource" else ""
        return f"{self.name}: {seen.get('opens')} connections, {ticketed}{seen.get('changes')} changes, {seen.get('moves')} moves"


def as_map(rows):
    return {(partition, sort): (number, value) for partition, sort, number, value in rows}


class Window:
    """One browser with its pages. Only its own thread talks to it."""

    def __init__(self, browser, url, writes):
        self.pages, self.failure = [Page(browser, way, url, writes) for way in WAYS], None

    def run(self, stop):
        try:
            while not stop.is_set():
                for page in self.pages:
                    page.look()
                stop.wait(0.5)
        except Exception as failure:
            self.failure = f"{self.pages[0].name}: {failure!r}"


@contextlib.contextmanager
def windows(folder, port, headers, token, writes):
    """Both browsers, each with a page of each way."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(page_server(port, headers))
        query = urllib.parse.urlencode({"base": f"http://127.0.0.1:{port}", "token": token or ""})
        url = f"http://127.0.0.1:{server.server_port}/?{query}"
        yield [Window(stack.enter_context(browsers.browsing(name, folder)), url, writes) for name in browsers.NAMES]
