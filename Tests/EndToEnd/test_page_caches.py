"""Pages of changes through real caches with the rules of Documentation/caching.md: what a thousand readers cost, and what they get."""

import contextlib
import itertools
import json
import threading
import time

import httpx
import pytest

from support import page_readers, proxies
from support.processes import wait_for
from support.service import serving
from support.tables import create_table, fill

NUMBERS = itertools.count()
ROWS = 300


class Cached:
    """A service and a cache in front of it."""

    def __init__(self, service, port, client, table):
        self.service, self.port, self.client, self.table = service, port, client, table

    @property
    def asked(self):
        """Requests for changes that reached the service."""
        lines = self.service.get("/metrics").text.splitlines()
        found = [line for line in lines if line.startswith("tablecast_http_requests_total{") and 'route="/v1/changes"' in line]
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in found)

    def get(self, since, **fields):
        """A page by way of the cache, from a client without a cache of its own."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=40) as through:
            return through.get(f"/v1/changes?{since}", headers=fields)

    def put(self, name, **attributes):
        """A write that changes something."""
        item = {"id": {"S": name}, "n": {"N": str(next(NUMBERS))}, **attributes}
        self.client.put_item(TableName=self.table, Item=item)

    def truth(self):
        items, parameters = {}, {"limit": "1000"}
        while True:
            page = self.service.get("/v1/items", params=parameters).json()
            items |= {item["id"]: item for item in page["items"]}
            if page["next"] is None:
                return items
            parameters["cursor"] = page["next"]


@pytest.fixture(scope="module", params=list(proxies.CACHES))
def cached(request, ministack, logs, tmp_path_factory):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, ROWS)
    with serving(logs, ministack, table) as service:
        with proxies.proxy(request.param, tmp_path_factory.mktemp(request.param), service.port) as port:
            yield Cached(service, port, client, table)


@contextlib.contextmanager
def writing(cached, last, seconds=6, every=0.25):
    """Writes and removals for so long, and then one item named `last`."""

    def write():
        ends = time.monotonic() + seconds
        for number in itertools.count():
            if time.monotonic() > ends:
                break
            cached.put(f"written-{number % 20}")
            if number % 5 == 4:
                cached.client.delete_item(TableName=cached.table, Key={"id": {"S": f"written-{(number - 2) % 20}"}})
            time.sleep(every)
        cached.put(last)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        writer.join()


def test_a_thousand_readers_cost_what_one_costs(cached):
    """They begin within two seconds of each other, and read on as fast as they can."""
    costs = {}
    for count in (1, 1000):
        last = f"last-{next(NUMBERS)}"
        before = cached.asked
        with writing(cached, last):
            readers = page_readers.follow(cached.port, count, lambda items, last=last: last in items, spread=2)
        costs[count] = cached.asked - before
        truth = cached.truth()
        assert len(truth) > ROWS
        assert all(reader.items == truth for reader in readers)
    requests = sum(reader.requests for reader in readers)
    # Each of them made the requests of about one; readers that came late to a page asked for it again.
    assert requests > 10_000
    assert costs[1000] <= 4 * costs[1], costs


def next_of(page):
    assert page.status_code == 200, page.text
    return page.json()["next"]


def test_a_closed_page_is_read_once_and_stays_right(cached):
    """Two pages, one sent whole and one in pieces; all that its copy lacks comes behind it."""
    start = next_of(cached.get("since=now"))
    names = [f"closed-{number}" for number in range(6)]
    for name in names:
        cached.put(name, text={"S": "tablecast " * 2000})
    wait_for(lambda: len(cached.service.get(f"/v1/changes?since={start}").json()["changes"]) == len(names))
    for limit in (2, 5):
        target = f"since={start}&limit={limit}"
        first = cached.get(target, Prefer="wait=1")
        assert first.headers["cache-control"] == "public, max-age=3600, immutable"
        told = first.json()
        assert told["more"] and told["as_of"]["lag_ms"] is None and "replica-lag" not in first.headers
        cached.put(names[0])
        before = cached.asked
        assert cached.get(target, Prefer="wait=1").content == first.content
        assert cached.asked == before
        held = cached.get(target, **{"Prefer": "wait=1", "If-None-Match": first.headers["etag"]})
        assert (held.status_code, held.content) == (304, b"")
        seen, since = {change["key"]["id"]: change["item"] for change in told["changes"]}, told["next"]
        while (truth := cached.truth()) and any(seen.get(name) != truth[name] for name in names):
            page = cached.get(f"since={since}&limit={limit}", Prefer="wait=1").json()
            seen |= {change["key"]["id"]: change["item"] for change in page["changes"]}
            since = page["next"]


def test_the_same_page_goes_to_each_client_in_the_coding_that_it_takes(cached):
    start = next_of(cached.get("since=now"))
    for number in range(40):
        cached.put(f"coded-{number}", text={"S": "tablecast " * 5})
    wait_for(lambda: len(cached.service.get(f"/v1/changes?since={start}").json()["changes"]) >= 40)
    target = f"since={start}&limit=30"
    with httpx.Client(base_url=f"http://127.0.0.1:{cached.port}") as through:
        bodies = []
        for coding in ("gzip", "identity", "gzip", "identity"):
            with through.stream("GET", f"/v1/changes?{target}", headers={"Accept-Encoding": coding}) as response:
                raw = b"".join(response.iter_raw())
                assert response.headers.get("content-encoding", "identity") == coding
                assert (raw[:2] == b"\x1f\x8b") == (coding == "gzip")
                bodies.append(raw)
        assert bodies[1] == bodies[3] and len(json.loads(bodies[1])["changes"]) == 30


def test_pages_of_one_origin_are_not_given_to_another(cached):
    """Of several fields `Vary` nginx 1.22 reads the last."""
    target = f"since={next_of(cached.get('since=now'))}"
    cached.put("origin")
    for origin in ("http://localhost:3000", "http://localhost:4000", None, "http://localhost:3000"):
        page = cached.get(target, Prefer="wait=5", **({"Origin": origin} if origin else {}))
        assert page.headers.get("access-control-allow-origin") == origin
        assert {"Accept", "Accept-Encoding", "Prefer", "Origin"} == set(page.headers.get_list("vary")[-1].split(", "))


def test_errors_are_kept_by_nobody(cached):
    for target, status in (("since=aaaaaaaaaaaa.5", 410), ("since=yesterday", 400), ("since=0&limit=0", 400)):
        before = cached.asked
        for _ in range(3):
            error = cached.get(target)
            assert (error.status_code, error.headers["cache-control"]) == (status, "no-store")
        assert cached.asked == before + 3


def test_a_stream_goes_past_the_cache(cached):
    before = cached.asked
    for _ in range(2):
        lines = cached.get("since=0&limit=3", Accept="application/x-ndjson").text.splitlines()
        assert [json.loads(line).get("op") for line in lines] == [None, "put", "put", "put", None]
    assert cached.asked == before + 2


def test_without_an_age_and_with_tokens_no_page_is_kept(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 5)
    token = "reader-0123456789abcdef0123456789"
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"tokens": [{"name": "reader", "token": token, "scopes": ["read", "stream"]}]}))
    for options, fields in (
        (("--page-cache-age", "0"), {}),
        (("--auth-token-file", str(tokens)), {"Authorization": f"Bearer {token}"}),
    ):
        with serving(logs, ministack, table, *options) as service:
            for target in ("since=0&limit=2", "since=now"):
                page = service.get(f"/v1/changes?{target}", headers=fields)
                assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
                assert "etag" not in page.headers and page.json()["as_of"]["lag_ms"] is not None
