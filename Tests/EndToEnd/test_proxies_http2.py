"""The feed over HTTP/2 and TLS, through the proxies that speak it for the service."""

import contextlib
import itertools
import json
import subprocess

import pytest
from support import proxies
from support.browsers import browsing
from support.events import blocks, until
from support.service import run, serving
from support.tables import create_table, fill

# A proxy that holds events back would take until curl gives up.
GIVES_UP_AFTER = 15
EVENT_SOURCES = 12


@pytest.fixture(scope="module")
def feed(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 20)
    with serving(logs, ministack, table) as service:
        numbers = itertools.count()
        service.put = lambda name: client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": str(next(numbers))}})
        yield service


@pytest.fixture(scope="module", params=proxies.ENCRYPTED)
def front(request, feed, tmp_path_factory):
    """The address of a proxy and the certificate to trust it by."""
    folder = tmp_path_factory.mktemp(request.param)
    with proxies.proxy(request.param, folder, feed.port) as port:
        yield f"https://localhost:{port}", folder / "certificate.pem"


@contextlib.contextmanager
def curl(front, path, folder, *options):
    """The events that curl gets over HTTP/2 as they come."""
    address, certificate = front
    heads = folder / "heads"
    words = ["curl", "--silent", "--show-error", "--no-buffer", "--http2", "--cacert", certificate, "--max-time", str(GIVES_UP_AFTER)]
    command = [*words, "--dump-header", heads, *options, address + path]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            yield blocks(iter(process.stdout.readline, b""))
            assert heads.read_text().startswith("HTTP/2 200")
        finally:
            process.kill()


def next_key(events):
    return next(event for event in events if event.kind == "message").json["key"]["id"]


@pytest.mark.parametrize("options", [[], ["--compressed"]], ids=["plain", "compressed"])
def test_events_come_at_once_and_resume_by_last_event_id(front, feed, tmp_path, options):
    with curl(front, "/v1/events", tmp_path, *options) as events:
        begun = until(events, "ready")
        assert sum(event.kind == "message" for event in begun) >= 20
        for name in ("one", "two"):
            feed.put(name)
            assert next_key(events) == name
    feed.put("three")
    with curl(front, "/v1/events", tmp_path, "--header", f"Last-Event-ID: {begun[-1].id}", *options) as events:
        assert [next_key(events) for _ in range(3)] == ["one", "two", "three"]


def test_the_doctor_and_tail_go_over_http_2(front):
    address, certificate = front
    status, output, errors = run(["doctor", address, "--json", "--idle", "5s", "--ca-file", str(certificate)], seconds=60)
    findings = {finding["check"]: finding for finding in json.loads(output)["findings"]}
    assert (status, errors) == (0, ""), findings
    assert findings["path"]["seen"].startswith("HTTP/2; "), findings["path"]
    assert findings["buffering"]["verdict"] == findings["compression"]["verdict"] == findings["resume"]["verdict"] == "ok"
    status, output, _ = run(["tail", address, "--json", "--limit", "3", "--ca-file", str(certificate)])
    assert status == 0 and len(output.splitlines()) == 3
    status, output, errors = run(["tail", address, "--ca-file", "/nonexistent/certificates"])
    assert (status, output) == (2, "")
    assert "cannot be read: No such file or directory" in errors and errors.count("\n") == 1


def test_tail_goes_through_a_proxy_that_connects(front):
    """The head that a client sees is the service's, not the one with which the proxy agreed to connect."""
    address, certificate = front
    with proxies.Tunnel.running() as proxy:
        settings = {"https_proxy": proxy, "no_proxy": ""}
        status, output, errors = run(["tail", address, "--json", "--limit", "3", "--ca-file", str(certificate)], settings)
    assert status == 0, errors
    assert len(output.splitlines()) == 3


def test_a_browser_has_more_streams_than_http_1_would_let_it(front, feed, tmp_path):
    address, _ = front
    with browsing("chromium", tmp_path) as browser:
        tab = browser.tab(f"{address}/livez")
        tab.run(
            f"(window.got = [], window.sources = Array.from({{ length: {EVENT_SOURCES} }}, (_, number) => {{ "
            "const source = new EventSource('/v1/events?since=now'); "
            "source.onmessage = ({ data }) => { got[number] = JSON.parse(data).key.id }; return source }), 0)"
        )
        tab.wait("sources.every((source) => source.readyState === 1)")
        feed.put("for all")
        tab.wait(f"[...got].filter((key) => key === 'for all').length === {EVENT_SOURCES}")
        assert tab.run("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
        tab.run("(sources.forEach((source) => source.close()), 0)")
