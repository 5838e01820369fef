"""Followers of real leaders: what they hold and tell is the leader's, and subscribers may be sent from one to the other."""

import contextlib
import http.client
import json
import time

import pytest
from support.events import stream
from support.followers import following, held, wait_for_log, wait_for_reason
from support.following import assert_follows, status, writing
from support.processes import free_port, wait_for
from support.service import serving
from support.tables import canonical, create_table, every_type, fill, truth
from test_replicas import wait_until_positions_carry

# Small, so that positions are soon old enough for another replica. ministack delivers at once.
LEADER = ("--poll-interval", "50ms", "--resume-overlap", "2s")
FOLLOWER = ("--resume-overlap", "2s", "--max-lag", "2s")


def seq(text):
    """What a position means where it was made: the times behind it grow while nothing changes."""
    return text.split(".")[:2]


def position(service):
    return seq(status(service)["position"])


def wait_until_level(*services, seconds=20):
    """Waits until all stand at one position."""
    wait_for(lambda: len({tuple(position(each)) for each in services}) == 1, seconds, lambda: [position(each) for each in services])


def feed(service):
    """The newest change of each key in a service's feed for followers, from the first row to where it is ready.

    Those who join together share rows as of a moment ago, and are told the changes since then after them."""
    with replica_feed(service) as lines:
        newest, last = {}, 0
        for line in lines:
            if line.get("event") == "ready":
                return newest
            if "op" in line:
                number = int(line["id"].split(".")[1])
                assert number > last, f"{line} came after {last}"
                last = number
                newest[(line.get("key") or line["item"])["id"]["S"]] = line
    raise AssertionError(f"the feed ended before it was ready: {newest}")


def source(service):
    """The first line of a service's feed for followers."""
    with replica_feed(service) as lines:
        return next(lines)


@contextlib.contextmanager
def replica_feed(service):
    """The lines of a service's feed for followers."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/v1/changes?mode=replica", headers={"Accept": "application/x-ndjson"})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        yield (json.loads(line) for line in iter(response.readline, b""))


class Subscriber:
    """One that is sent from service to service: its items, and what it was told."""

    def __init__(self):
        self.items, self.last, self.kinds = {}, None, []

    def visit(self, service, to=None):
        """Reads on with its last id until it stands where a service stands, and leaves."""
        headers = {"Last-Event-ID": self.last} if self.last else {}
        with stream(service, "/v1/events?format=dynamodb&heartbeat=1s", headers, seconds=30) as events:
            for event in events:
                self.take(event)
                if event.kind in ("ready", "bookmark") and (to is None or seq(self.last)[0] != to[0] or int(seq(self.last)[1]) >= int(to[1])):
                    return

    def take(self, event):
        self.kinds.append(event.kind)
        if event.kind == "reset":
            self.items = {}
        if event.kind == "message":
            change = event.json
            key = change["key"]["id"]["S"]
            self.items.pop(key, None)
            if change["op"] == "put":
                self.items[key] = change["item"]
        self.last = event.id or self.last


@pytest.fixture
def table(ministack):
    """A table with items of every kind and some that were deleted."""
    client = ministack.client()
    name = create_table(client)
    fill(client, name, 60)
    client.put_item(TableName=name, Item=every_type())
    return name


def change_some(client, table):
    """Puts, overwrites and deletes that the stream tells."""
    for number in range(20):
        client.put_item(TableName=table, Item={"id": {"S": f"item-{number:05d}"}, "n": {"N": str(1000 + number)}})
    for number in range(10, 15):
        client.delete_item(TableName=table, Key={"id": {"S": f"item-{number:05d}"}})
    client.put_item(TableName=table, Item={"id": {"S": "item-00012"}, "again": {"BOOL": True}})


def test_a_follower_tells_what_its_leader_tells(ministack, table, logs):
    client = ministack.client()
    with serving(logs, ministack, table, *LEADER) as leader:
        change_some(client, table)
        assert_follows(client, table, leader)
        with following(logs, leader.url) as late:
            assert_follows(client, table, late)
            wait_until_level(leader, late)
            change_some(client, table)
            assert_follows(client, table, leader)
            wait_until_level(leader, late)
            told = feed(late)
            assert told == feed(leader), "ids, versions, causes, times, items and removals"
            assert {change["cause"] for change in told.values()} == {"snapshot", "stream"}
            assert {change["op"] for change in told.values()} == {"put", "remove"}
            assert any("version" in change for change in told.values())
            ours, leaders = status(late), status(leader)
            for name in ("table", "epoch", "key", "stream_arn", "items", "bytes", "tombstones", "state"):
                assert ours[name] == leaders[name], name
            assert ours["aws"] is None and ours["shards"] == []


def test_a_removal_from_before_its_own_time_is_told_by_a_follower(ministack, table, logs):
    client = ministack.client()
    with serving(logs, ministack, table, *LEADER) as leader:
        subscriber = Subscriber()
        subscriber.visit(leader)
        client.delete_item(TableName=table, Key={"id": {"S": "item-00007"}})
        assert_follows(client, table, leader)
        with following(logs, leader.url) as follower:
            wait_until_level(leader, follower)
            assert "item-00007" in subscriber.items
            subscriber.visit(follower, position(leader))
            assert "item-00007" not in subscriber.items and "reset" not in subscriber.kinds
            assert canonical(subscriber.items.values()) == truth(client, table)


def test_subscribers_go_from_leader_to_follower_and_back(ministack, table, logs):
    client = ministack.client()
    with serving(logs, ministack, table, *LEADER) as leader, following(logs, leader.url) as one, following(logs, leader.url) as two:
        subscriber = Subscriber()
        with writing(ministack, table):
            began = time.monotonic()
            while time.monotonic() - began < 5:
                for service in (leader, one, two):
                    subscriber.visit(service)
        client.put_item(TableName=table, Item={"id": {"S": "last"}})
        wait_for(lambda: leader.item("last"), 20, "the last write")
        wait_until_level(leader, one, two)
        for service in (two, leader, one):
            subscriber.visit(service, position(leader))
            assert canonical(subscriber.items.values()) == truth(client, table)
        assert not {"reset", "moved"} & set(subscriber.kinds)


def test_a_follower_of_a_follower(ministack, table, logs):
    client = ministack.client()
    with serving(logs, ministack, table, *LEADER) as leader, following(logs, leader.url) as near:
        with following(logs, near.url) as far:
            change_some(client, table)
            assert_follows(client, table, far)
            wait_until_level(leader, near, far)
            assert feed(far) == feed(leader)
            chain = source(far)["chain"]
            assert chain[1:] == source(near)["chain"] and len(chain) == 3
            with following(logs, far.url, options=["--follow-max-depth", "2"], ready=False) as farther:
                farther.program.wait_until_accepting(farther.port)
                wait_for_reason(farther, "upstream-unusable", "is 3 replicas away from the stream, and --follow-max-depth is 2")


def test_a_loop_of_followers_serves_nothing_and_says_so(logs):
    first, second = free_port(), free_port()
    with following(logs, f"http://127.0.0.1:{second}", port=first, ready=False) as one:
        with following(logs, f"http://127.0.0.1:{first}", port=second, ready=False) as two:
            for follower in (one, two):
                follower.program.wait_until_accepting(follower.port)
            wait_for(lambda: any("a loop. Give --follow" in each.program.output for each in (one, two)), 40, "the loop to be named")
            assert [each.get("/readyz").status_code for each in (one, two)] == [503, 503]


def test_a_follower_waits_for_a_leader_that_waits_for_its_table(ministack, logs):
    name = f"later-{time.time_ns()}"
    with serving(logs, ministack, name, *LEADER, "--endpoint-url", f"http://127.0.0.1:{free_port()}", ready=False) as leader:
        leader.program.wait_until_accepting(leader.port)
        with following(logs, leader.url, ready=False) as follower:
            follower.program.wait_until_accepting(follower.port)
            wait_for_reason(follower, "waiting-for-upstream", "has no contents to follow", 10)
            assert follower.program.process.poll() is None


def lives(logs, ministack, table, port, *options):
    return serving(logs, ministack, table, *LEADER, *options, port=port)


def test_a_leader_that_resumes_its_saved_state_is_followed_on(ministack, table, logs, tmp_path):
    client, port, subscriber = ministack.client(), free_port(), Subscriber()
    state = ("--state-dir", tmp_path / "state")
    with contextlib.ExitStack() as stack:
        with lives(logs, ministack, table, port, *state) as leader:
            follower = stack.enter_context(following(logs, leader.url, options=FOLLOWER))
            subscriber.visit(follower)
            before = status(follower)
            wait_for(lambda: status(leader)["saved_state"]["saved_seq"], 10, "a save")
            assert leader.program.stop() == 0
        client.put_item(TableName=table, Item={"id": {"S": "meanwhile"}})
        wait_for(lambda: follower.get("/readyz").status_code == 503, 20, "the follower to be stale")
        assert len(held(follower)) == before["items"]
        with lives(logs, ministack, table, port, *state) as leader:
            assert_follows(client, table, follower)
            follower.wait_until_ready()
            assert status(follower)["epoch"] == before["epoch"] == status(leader)["epoch"]
            wait_until_level(leader, follower)
            subscriber.visit(follower, position(leader))
            assert canonical(subscriber.items.values()) == truth(client, table)
            assert not {"reset", "moved"} & set(subscriber.kinds)


def test_a_leader_that_was_killed_is_followed_on_with_its_next_contents(ministack, table, logs):
    client, port, subscriber = ministack.client(), free_port(), Subscriber()
    with contextlib.ExitStack() as stack:
        with lives(logs, ministack, table, port) as leader:
            wait_until_positions_carry(leader)
            follower = stack.enter_context(following(logs, leader.url, options=FOLLOWER))
            wait_until_positions_carry(follower)
            subscriber.visit(follower)
            leader.program.kill()
        client.delete_item(TableName=table, Key={"id": {"S": "item-00003"}})
        with lives(logs, ministack, table, port) as leader:
            assert_follows(client, table, leader)
            assert_follows(client, table, follower)
            wait_for(lambda: canonical(follower.export()) == truth(client, table), 20, "equal items")
            subscriber.visit(follower, position(follower))
            assert canonical(subscriber.items.values()) == truth(client, table)


def test_failover_to_a_second_leader_is_a_move_without_a_reset(ministack, table, logs):
    client, subscriber = ministack.client(), Subscriber()
    with serving(logs, ministack, table, *LEADER) as first, serving(logs, ministack, table, *LEADER) as second:
        for leader in (first, second):
            change_some(client, table)
            wait_until_positions_carry(leader)
        with following(logs, first.url, second.url, options=FOLLOWER) as follower:
            subscriber.visit(follower)
            wait_until_positions_carry(follower)
            old = status(follower)["epoch"]
            assert old == status(first)["epoch"]
            with writing(ministack, table):
                first.program.kill()
                wait_for_log(follower, "following another replica of the stream from where this one stood", 40)
                subscriber.visit(follower)
            assert_follows(client, table, second)
            assert_follows(client, table, follower)
            subscriber.visit(follower, position(follower))
            assert canonical(subscriber.items.values()) == truth(client, table)
            assert "reset" not in subscriber.kinds
            follower.wait_until_ready()
            assert status(follower)["rebuilds"] == 0


TOKENS = [
    {"name": "follower", "token": "follower-0123456789abcdef", "scopes": ["read", "stream"]},
    {"name": "tenant", "token": "tenant-0123456789abcdef", "scopes": ["read", "stream"], "keys": {"partition_prefix": "item-0000"}},
]


def test_a_follower_brings_its_token_and_sees_its_part_alone_where_it_is_restricted(ministack, table, logs, tmp_path):
    client = ministack.client()
    (tmp_path / "tokens.json").write_text(json.dumps({"tokens": TOKENS}))
    for token in TOKENS:
        (tmp_path / token["name"]).write_text(token["token"] + "\n")
    with serving(logs, ministack, table, *LEADER, "--auth-token-file", tmp_path / "tokens.json") as leader:
        with following(logs, leader.url, options=FOLLOWER, ready=False) as follower:
            follower.program.wait_until_accepting(follower.port)
            assert "--follow-token-file" in wait_for_reason(follower, "upstream-unusable", "answered 401")
        with following(logs, leader.url, options=["--follow-token-file", tmp_path / "follower"]) as follower:
            assert_follows(client, table, follower)
        restricted = ["--follow-token-file", tmp_path / "tenant"]
        with following(logs, leader.url, options=restricted, ready=False) as follower:
            follower.program.wait_until_accepting(follower.port)
            assert "--follow-partial" in wait_for_reason(follower, "upstream-unusable", "answered 403")
        with following(logs, leader.url, options=[*restricted, "--follow-partial"]) as follower:
            change_some(client, table)
            part = [item for item in truth(client, table) if item["id"]["S"].startswith("item-0000")]
            wait_for(lambda: canonical(follower.export()) == part, 20, "the part of the table")


def test_followers_that_join_together_all_come_to_hold_the_table(ministack, table, logs):
    client = ministack.client()
    with serving(logs, ministack, table, *LEADER) as leader, contextlib.ExitStack() as stack:
        with writing(ministack, table):
            followers = [stack.enter_context(following(logs, leader.url, ready=False)) for _ in range(5)]
            for follower in followers:
                follower.wait_until_ready()
        for follower in followers:
            assert_follows(client, table, follower)
            assert status(follower)["epoch"] == status(leader)["epoch"]
