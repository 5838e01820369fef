"""Several replicas of one table behind one address: what a client holds never goes back, misses nothing, and is not loaded again."""

import http.client
import itertools
import json
import random
import time

import pytest
from support.events import stream, until
from support.following import status, writing
from support.processes import wait_for
from support.service import serving
from support.tables import create_table
from test_feed_convergence import KINDS, Client, Killing, Writes, subscribed

# Small, so that a test need not wait long before positions are older than the replicas. ministack delivers at once.
OVERLAP = 2
OPTIONS = ("--poll-interval", "50ms", "--resume-overlap", f"{OVERLAP}s")


def position(service):
    return status(service)["position"]


def low(text):
    """The time up to which a reader with this position has everything, in milliseconds since 1970 UTC."""
    return int(text.split(".")[3], 36)


def wait_until_positions_carry(service, seconds=30):
    """Waits until the positions of `service` are younger than every replica, by the overlap and a second more."""
    began = time.time() * 1000
    wait_for(
        lambda: len(position(service).split(".")) == 5 and low(position(service)) > began + OVERLAP * 1000 + 1000,
        seconds,
        lambda: f"a position that other replicas can place; it is {position(service)}",
    )


@pytest.fixture
def pair(ministack, logs):
    """A table with some items, and two replicas of it that can place each other's positions."""
    table = create_table(ministack.client(), sort_key="at")
    writes = Writes(ministack.client(), table, 7)
    for _ in range(150):
        writes.one()
    with serving(logs, ministack, table, *OPTIONS) as first, serving(logs, ministack, table, *OPTIONS) as second:
        for service in (first, second):
            wait_until_positions_carry(service)
        yield first, second, writes


class Hopper(Client):
    """A subscriber that a balancer sends to any of the replicas."""

    def __init__(self, kind, services, writes, seed):
        super().__init__(kind, services[0].port, writes, Killing(), seed)
        self.services, self.moves, self.hops = services, 0, 0

    def connect(self, stop):
        port = self.chance.choice(self.services).port
        self.hops += port != self.port and self.last is not None
        self.port = port
        super().connect(stop)

    def read(self, events, stop):
        # Nobody kills its server here, so it always leaves by itself. One that begins anew may meet a replica that is behind the other.
        if not self.last:
            self.state = 0
        super().read(itertools.islice(events, self.chance.choice([10, 30, 200])), stop)

    def take(self, event):
        if event.kind == "moved":
            self.moves += 1
            assert event.json == {"from": self.last, "overlap_s": OVERLAP}
        if event.kind == "reset":
            # Only one that left in the middle of the rows of the scan: of those nobody knows until when they are complete.
            assert not self.whole, f"an undue reset: {event}"
            self.state = 0
        super().take(event)


def moves(clients):
    return sum(client.moves for client in clients)


def marks(clients):
    """How often a client's map was compared with the table."""
    return sum(client.counts["marks"] for client in clients)


def test_subscribers_hop_between_replicas_at_random_without_a_reset(pair):
    first, second, writes = pair
    clients = [Hopper(kind, (first, second), writes, number) for number, kind in enumerate(KINDS)]
    with writes.going_on(), subscribed(clients):
        deadline = time.monotonic() + 25
        while time.monotonic() < deadline or moves(clients) < 20 or marks(clients) <= 50:
            assert [client.failure for client in clients if client.failure] == []
            assert time.monotonic() < deadline + 180, {client.kind: (client.hops, client.moves) for client in clients}
            time.sleep(0.1)
    assert [client.failure for client in clients if client.failure] == []
    print({client.kind: (client.hops, client.moves, client.counts) for client in clients})


def test_a_list_walked_over_two_replicas_leads_to_a_feed_that_misses_nothing(ministack, logs):
    table = create_table(ministack.client())
    with writing(ministack, table, keys=60):
        with serving(logs, ministack, table, *OPTIONS) as first, serving(logs, ministack, table, *OPTIONS) as second:
            for service in (first, second):
                wait_until_positions_carry(service)
            chance = random.Random(3)
            for _ in range(6):
                items, monitor = walk((first, second), chance)
                follow(chance.choice((first, second)), monitor, items)


def walk(services, chance):
    """The items of a list whose pages come from replicas at random, and its last `monitor` link."""
    items, path = {}, "/v1/items?limit=7"
    while True:
        response = chance.choice(services).get(path)
        assert response.status_code == 200, response.text
        page = response.json()
        items |= {item["id"]: item["n"] for item in page["items"]}
        if page["next"] is None:
            return items, response.links["monitor"]["url"]
        path = f"/v1/items?limit=7&cursor={page['next']}"


def follow(service, monitor, items):
    """Reads the feed to `ready`: no key goes back on the way, and at its end the client has what that replica has."""
    with stream(service, "/v1/" + monitor, seconds=60) as events:
        for event in events:
            assert event.kind != "reset", event
            if event.kind == "message":
                change = event.json
                key = change["key"]["id"]
                if change["op"] == "remove":
                    items.pop(key, None)
                    continue
                assert change["item"]["n"] >= items.get(key, 0), f"{key} went back from {items[key]} to {change}"
                items[key] = change["item"]["n"]
            if event.kind == "ready":
                break
        head = event.id
    for _ in range(200):
        page = service.get("/v1/items?limit=1000").json()
        if page["as_of"]["position"].split(".")[:2] == head.split(".")[:2]:
            assert items == {item["id"]: item["n"] for item in page["items"]}
            return
        # Written to meanwhile: the feed goes on to where the list is.
        page = service.get(f"/v1/changes?since={head}&limit=10000").json()
        for change in page["changes"]:
            items.pop(change["key"]["id"], None)
            if change["op"] == "put":
                items[change["key"]["id"]] = change["item"]["n"]
        head = page["next"]
    raise AssertionError("the list and the feed never met")


def test_a_position_of_another_table_starts_over_and_says_so(pair, ministack, logs):
    first, _, _ = pair
    other = create_table(ministack.client())
    with serving(logs, ministack, other, *OPTIONS) as stranger:
        wait_until_positions_carry(stranger)
        foreign = position(stranger)
    with stream(first, headers={"Last-Event-ID": foreign}) as events:
        seen = until(events, "ready")
    assert [event.json for event in seen if event.kind == "reset"] == [{"reason": "other-stream"}]
    answer = first.get(f"/v1/changes?since={foreign}")
    assert (answer.status_code, answer.json()["reason_code"]) == (410, "other-stream")
    assert "another table or stream" in answer.json()["detail"]


def test_a_replica_sends_nothing_to_a_client_that_is_ahead_of_it(pair):
    first, second, _ = pair
    parts = position(first).split(".")
    # As if the other replica were an hour ahead.
    parts[4] = base36(low(position(first)) + 3_600_000)
    ahead = ".".join(parts)
    answer = second.get(f"/v1/changes?since={ahead}")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:tablecast:problem:replica-behind")
    assert int(answer.headers["Retry-After"]) >= 1 and "Prefer: wait" in answer.json()["detail"]
    began = time.monotonic()
    waited = second.get(f"/v1/changes?since={ahead}", headers={"Prefer": "wait=2"})
    assert waited.status_code == 503 and time.monotonic() - began > 1.9
    with stream(second, "/v1/events?heartbeat=3s", {"Last-Event-ID": ahead}, seconds=60) as events:
        seen = list(events)
    assert [event.kind for event in seen][:2] == ["hello", "busy"] and {event.kind for event in seen} == {"hello", "busy"}
    assert all(event.id is None for event in seen)
    assert seen[-1].json["reason"] == "behind" and "has not yet reached" in seen[-1].json["detail"]


def test_ids_of_older_releases_resume_where_they_were_made_and_start_over_elsewhere(pair):
    first, second, _ = pair
    old = ".".join(position(first).split(".")[:2])
    assert first.get(f"/v1/changes?since={old}").status_code == 200
    answer = second.get(f"/v1/changes?since={old}")
    assert (answer.status_code, answer.json()["reason_code"]) == (410, "other-epoch")


def test_a_page_of_another_replicas_position_says_where_it_comes_from(pair):
    first, second, writes = pair
    before = position(first)
    writes.one()
    answer = wait_for(lambda: page_after(second, before), 30, "the change on the other replica")
    assert answer["moved"] == {"from": before, "overlap_s": OVERLAP}
    assert answer["next"].split(".")[0] == status(second)["epoch"]
    with lines(second, before) as read:
        assert next(read)["event"] == "hello"
        assert next(read) == {"event": "moved", "from": before, "overlap_s": OVERLAP}


def page_after(service, before):
    page = service.get(f"/v1/changes?since={before}", headers={"Prefer": "wait=5"}).json()
    return page if page.get("changes") else None


class lines:
    """The objects of a feed as NDJSON."""

    def __init__(self, service, since):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        self.since = since

    def __enter__(self):
        self.connection.request("GET", f"/v1/changes?since={self.since}", headers={"Accept": "application/x-ndjson"})
        response = self.connection.getresponse()
        assert response.status == 200, response.read()
        return (json.loads(line) for line in iter(response.readline, b""))

    def __exit__(self, *_):
        self.connection.close()


def base36(number):
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


@pytest.mark.parametrize("text", ["x", "aaaaaaaaaaaa.1.bbbbbbb", "aaaaaaaaaaaa.1.bbbbbbb.1", "aaaaaaaaaaaa.1.bbbbbbb.01.1"])
def test_a_cut_or_forged_position_is_named(pair, text):
    first, _, _ = pair
    answer = first.get(f"/v1/changes?since={text}")
    assert answer.status_code == 400 and text in answer.json()["detail"]
    with stream(first, headers={"Last-Event-ID": text}) as events:
        seen = until(events, "ready")
    assert [event.json for event in seen if event.kind == "reset"] == [{"reason": "unreadable-position"}]
