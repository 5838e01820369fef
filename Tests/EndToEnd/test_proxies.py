"""The feed through the proxies that people put in front of services (S13), and `tablecast doctor` on good and bad ones."""

import concurrent.futures
import http.client
import itertools
import json
import re
import zlib

import pytest

from support import proxies
from support.events import blocks, stream, until
from support.processes import free_port
from support.service import run, serving
from support.tables import create_table, fill
from support.wire import Wire

# A proxy that waits for the end of an answer would take until the stream's own timeout, 20 s.
AT_ONCE = 8


class Behind:
    """A service as it is seen through a proxy, or any other port."""

    def __init__(self, port):
        self.port, self.url = port, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def feed(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 20)
    with serving(logs, ministack, table) as service:
        # A write that changes nothing is no change: each has a number of its own.
        numbers = itertools.count()
        service.table = table
        service.put = lambda name: client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": str(next(numbers))}})
        yield service


@pytest.fixture(scope="module", params=proxies.NAMES)
def behind(request, feed, tmp_path_factory):
    with proxies.proxy(request.param, tmp_path_factory.mktemp(request.param), feed.port) as port:
        yield Behind(port)


def keys(events):
    return [event.json["key"]["id"] for event in events if event.kind == "message"]


def next_key(events):
    return next(event for event in events if event.kind == "message").json["key"]["id"]


def test_s13_events_come_through_at_once(behind, feed):
    with stream(behind, "/v1/events?timeout=20s", seconds=AT_ONCE) as events:
        assert len(keys(until(events, "ready"))) >= 20
        for name in ("one", "two"):
            feed.put(name)
            assert next_key(events) == name


def lines_of_gzip(response):
    decoder, text = zlib.decompressobj(31), b""
    while data := response.read1(65536):
        text += decoder.decompress(data)
        *whole, text = text.split(b"\n")
        yield from (line + b"\n" for line in whole)


def test_s13_compressed_events_come_through_at_once(behind, feed):
    connection = http.client.HTTPConnection("127.0.0.1", behind.port, timeout=AT_ONCE)
    connection.request("GET", "/v1/events?timeout=20s", headers={"Accept-Encoding": "gzip", "Accept": "text/event-stream"})
    response = connection.getresponse()
    lines = lines_of_gzip(response) if response.headers["Content-Encoding"] == "gzip" else iter(response.readline, b"")
    events = blocks(lines)
    until(events, "ready")
    for name in ("three", "four"):
        feed.put(name)
        assert next_key(events) == name
    connection.close()


def test_s13_a_client_of_http_1_0_gets_a_stream_that_ends_with_the_connection(behind, feed):
    with Wire(behind.port, patience=AT_ONCE) as wire:
        wire.send(b"GET /v1/events?timeout=20s HTTP/1.0\r\nHost: a\r\n\r\n")
        head = wire.take_through(b"\r\n\r\n").lower()
        assert head.split(b" ")[1] == b"200" and b"transfer-encoding" not in head
        wire.take_through(b"event: ready")
        feed.put("five")
        wire.take_through(b'"five"')


def test_s13_head_is_the_head_alone(behind):
    connection = http.client.HTTPConnection("127.0.0.1", behind.port, timeout=AT_ONCE)
    connection.request("HEAD", "/v1/events")
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
    assert response.read() == b""
    connection.close()


@pytest.mark.parametrize("name", proxies.NAMES)
def test_s13_a_stream_resumes_through_a_restart(name, ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    state = tmp_path / "state"
    port = free_port()
    with proxies.proxy(name, tmp_path / name, port) as through:
        behind = Behind(through)
        with serving(logs, ministack, table, "--state-dir", str(state), port=port) as service:
            with stream(behind, seconds=AT_ONCE) as events:
                until(events, "ready")
                client.put_item(TableName=table, Item={"id": {"S": "before"}})
                event = next(event for event in events if event.kind == "message")
            service.program.stop()
        client.put_item(TableName=table, Item={"id": {"S": "between"}})
        with serving(logs, ministack, table, "--state-dir", str(state), port=port):
            with stream(behind, "/v1/events?timeout=20s", headers={"Last-Event-ID": event.id}, seconds=AT_ONCE) as events:
                assert next(events).kind == "hello"
                following = next(event for event in events if event.kind in ("message", "reset"))
                assert following.kind == "message" and following.json["key"]["id"] == "between"


def doctor(url, *options, idle="5s"):
    status, output, errors = run(["doctor", url, "--json", "--idle", idle, *options], seconds=60)
    assert errors == ""
    report = json.loads(output)
    assert report["ok"] == (status == 0)
    return status, {finding["check"]: finding for finding in report["findings"]}


CHECKS = [
    "service", "authentication", "path", "clock", "buffering", "compression", "idle", "resume", "replicas", "connections", "validation",
]


@pytest.fixture(scope="module")
def good(feed, tmp_path_factory):
    """What the doctor says behind each of the real proxies; asked all at once, since each waits most of the time."""

    def ask(name):
        with proxies.proxy(name, tmp_path_factory.mktemp(f"{name}-doctor"), feed.port) as port:
            return doctor(f"http://127.0.0.1:{port}")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        return dict(zip(proxies.NAMES, pool.map(ask, proxies.NAMES)))


@pytest.mark.parametrize("name", proxies.NAMES)
def test_the_doctor_finds_nothing_to_mend_behind_a_good_proxy(name, good):
    status, findings = good[name]
    assert status == 0, findings
    assert list(findings) == CHECKS
    assert [check for check, finding in findings.items() if finding["verdict"] == "fail"] == []
    assert findings["buffering"]["verdict"] == findings["compression"]["verdict"] == "ok"


def test_the_doctor_says_which_proxy_it_went_through(good):
    assert "nginx" in good["nginx"][1]["path"]["seen"]
    assert "varnish" in good["varnish"][1]["path"]["seen"].lower()


def test_the_doctor_finds_a_proxy_that_buffers(feed):
    with proxies.BadProxy(feed.port, buffers=True) as bad:
        status, findings = doctor(bad_url(bad))
    assert status == 1
    assert findings["buffering"]["verdict"] == "fail" and "proxy_buffering off" in findings["buffering"]["change"]


def test_the_doctor_finds_an_idle_time_out(feed):
    with proxies.BadProxy(feed.port, idle=3) as bad:
        status, findings = doctor(bad_url(bad), idle="8s")
    assert status == 1
    assert [check for check, finding in findings.items() if finding["verdict"] == "fail"] == ["idle"]
    # Neither end's reckoning begins at the very moment of the other's.
    silence = float(re.search(r"was cut .* after ([\d.]+) s,", findings["idle"]["seen"])[1])
    assert 2.5 < silence < 6
    advised = int(re.search(r"heartbeat=(\d+)s", findings["idle"]["change"])[1])
    assert advised == max(1, silence // 2)


def test_the_doctor_finds_a_proxy_that_drops_last_event_id(feed):
    with proxies.BadProxy(feed.port, strips="Last-Event-ID") as bad:
        status, findings = doctor(bad_url(bad))
    assert status == 1
    assert [check for check, finding in findings.items() if finding["verdict"] == "fail"] == ["resume"]


def test_the_doctor_finds_two_tables_that_answer_by_turns(feed, ministack, logs, tmp_path):
    with serving(logs, ministack, create_table(ministack.client())) as second:
        with proxies.proxy("haproxy-two", tmp_path, feed.port, second.port) as port:
            status, findings = doctor(f"http://127.0.0.1:{port}")
    assert status == 1
    assert [check for check, finding in findings.items() if finding["verdict"] == "fail"] == ["resume", "replicas"]
    assert "got a reset" in findings["resume"]["seen"]
    assert "2 epochs" in findings["replicas"]["seen"]
    for check in ("resume", "replicas"):
        # The advice names the balancer, whichever form the positions have.
        assert "balance" in findings[check]["change"]


def test_the_doctor_says_in_one_line_that_nobody_is_there():
    status, output, errors = run(["doctor", f"http://127.0.0.1:{free_port()}", "--no-color"], seconds=30)
    assert (status, errors) == (1, "")
    assert output.startswith("fail  service") and "cannot be reached" in output and output.endswith("1 to mend, 0 to know.\n")


def bad_url(bad):
    return f"http://127.0.0.1:{bad.port}"
