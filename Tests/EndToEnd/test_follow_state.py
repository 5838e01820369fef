"""Followers with a state directory: what a restart goes on with, what it serves without an upstream, and what it never believes."""

import contextlib
import random
import signal
import sqlite3
import threading

import pytest
from support.events import stream
from support.followers import following, held, readiness, wait_for_log, wait_until_equal
from support.following import Mirror, assert_follows, status, writing
from support.processes import free_port, wait_for
from support.service import metric, serving
from support.tables import canonical, create_table, fill, truth
from support.upstreams import Leader, Upstream

# Small, so that positions are soon old enough for another replica. ministack delivers at once.
LEADER = ("--poll-interval", "50ms", "--resume-overlap", "2s")
FILE = "tablecast.sqlite"
# The log of a state that is not gone on with.
UNUSED = "the saved state is not used"


class StreamLeader(Leader):
    """A well-behaved upstream that says of which stream its items are: without that nothing is saved."""

    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"

    def contents(self):
        return {**super().contents(), "stream_arn": self.arn, "stream": "aaaaaab"}


@contextlib.contextmanager
def noted(text):
    """Adds the text to whatever fails meanwhile."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(text)
        raise


def leader_with(count=4, **options):
    leader = StreamLeader(**options)
    for number in range(count):
        leader.put(f"item-{number}", n=number)
    leader.remove("item-1")
    return leader


def saved_state(service):
    return status(service)["saved_state"]


def options(directory, *more):
    return ["--state-dir", directory, "--max-lag", "1s", *more]


def wait_until_saved(service, seq):
    """Waits until the change with that number is on the disk."""
    wait_for(lambda: int(saved_state(service)["saved_seq"] or 0) >= seq, 20, lambda: f"seq {seq} saved; {saved_state(service)}")


def saved(logs, upstream, leader, directory, port=None, isStopped=True):
    """A life of a follower that saves what the upstream has."""
    with following(logs, upstream.url, options=options(directory), port=port) as follower:
        wait_until_equal(follower, leader)
        wait_until_saved(follower, leader.seq)
        if isStopped:
            assert follower.program.stop() == 0
        else:
            follower.program.kill()


@pytest.mark.parametrize("isStopped", [True, False], ids=["stopped", "killed"])
def test_a_restart_asks_for_what_follows_and_for_nothing_else(isStopped, logs, tmp_path):
    leader = leader_with(300)
    with Upstream(leader) as upstream:
        saved(logs, upstream, leader, tmp_path, isStopped=isStopped)
        at, before = leader.seq, len(upstream.taken())
        leader.put("item-2", n=22)
        leader.remove("item-3")
        with following(logs, upstream.url, options=options(tmp_path)) as follower:
            wait_until_equal(follower, leader)
            assert upstream.taken()[before].since == f"{leader.epoch}.{at}"
            wait_for(lambda: status(follower)["upstream"]["resumptions"] == 1, 20, lambda: status(follower)["upstream"])
            now = status(follower)
            assert now["epoch"] == leader.epoch and now["tombstones"] == 2 and now["changes_applied"] == 2
            assert now["upstream"]["loads"] == 0 and now["upstream"]["differences"] == 0
            assert now["saved_state"]["resumed"] and now["saved_state"]["start"].startswith("resumed from a state of")
            assert now["rebuilds"] == 0
            assert metric(follower, "tablecast_state_resumed") == 1
            wait_for_log(follower, "resuming from the saved state of")


def test_without_an_upstream_the_saved_state_is_served_and_said(logs, tmp_path):
    leader = leader_with()
    with Upstream(leader) as upstream:
        saved(logs, upstream, leader, tmp_path)
        upstream.stop()
        port = free_port()
        more = options(tmp_path, "--start-timeout", "1s")
        with following(logs, upstream.url, options=more, port=port, ready=False) as follower:
            follower.program.wait_until_accepting(port)
            wait_for(lambda: readiness(follower)[:2] == (503, "saved-state"), 20, lambda: readiness(follower))
            assert held(follower) == leader.items()
            now = status(follower)
            assert now["state"] == "stale" and now["epoch"] == leader.epoch and now["table"] == "orders"
            assert now["lag_ms"] >= 0 and now["saved_state"]["start"].startswith("served as it was saved")
            assert follower.get("/v1/items/item-0", params={"max_lag": "1ms"}).status_code == 503
            wait_for(lambda: upstream.url in readiness(follower)[2], 20, lambda: readiness(follower))
            leader.put("item-0", n=100)
            upstream.start()
            wait_until_equal(follower, leader, 40)
            follower.wait_until_ready()
            assert status(follower)["upstream"]["loads"] == 0
            assert UNUSED not in follower.program.output


def test_ready_when_serving_counts_a_saved_state(logs, tmp_path):
    leader = leader_with()
    with Upstream(leader) as upstream:
        saved(logs, upstream, leader, tmp_path)
        upstream.stop()
        with following(logs, upstream.url, options=options(tmp_path, "--ready-when", "serving")) as follower:
            assert held(follower) == leader.items() and status(follower)["state"] == "stale"


def test_another_epoch_is_loaded_while_the_saved_state_is_served(logs, tmp_path):
    leader = leader_with(30)
    with Upstream(leader) as upstream:
        saved(logs, upstream, leader, tmp_path)
        before = leader.items()
        leader.rebuild("bbbbbbbbbbbb", reason="position-gone")
        leader.put("item-5", n=55)
        # Nothing is proved yet.
        leader.digest = lambda items: "0" * 32
        with following(logs, upstream.url, options=options(tmp_path), ready=False) as follower:
            follower.program.wait_until_accepting(follower.port)
            wait_for(lambda: status(follower)["state"] == "rebuilding", 20, lambda: status(follower))
            assert held(follower) == before and status(follower)["epoch"] == "aaaaaaaaaaaa"
            line = wait_for_log(follower, UNUSED)
            assert "cannot continue from where the state ends (position-gone)" in line
            del leader.digest
            wait_until_equal(follower, leader, 40)
            follower.wait_until_ready()
            assert status(follower)["epoch"] == "bbbbbbbbbbbb"
            wait_until_saved(follower, leader.seq)
            follower.program.kill()
        with following(logs, upstream.url, options=options(tmp_path)) as follower:
            wait_until_equal(follower, leader)
            assert status(follower)["upstream"]["loads"] == 0 and saved_state(follower)["resumed"]


def test_a_state_of_another_table_or_stream_is_given_up_once_that_is_known(logs, tmp_path):
    leader, other = leader_with(), leader_with(2, table="invoices", epoch="cccccccccccc")
    other.arn = StreamLeader.arn.replace("orders", "invoices")
    with Upstream(leader) as upstream, Upstream(other) as second:
        saved(logs, upstream, leader, tmp_path)
        second.stop()
        with following(logs, second.url, options=options(tmp_path), ready=False) as follower:
            follower.program.wait_until_accepting(follower.port)
            wait_for(lambda: readiness(follower)[1] == "saved-state", 20, lambda: readiness(follower))
            assert held(follower) == leader.items()
            second.start()
            wait_until_equal(follower, other, 40)
            follower.wait_until_ready()
            assert "the state is of table orders" in wait_for_log(follower, UNUSED)
            assert not saved_state(follower)["resumed"]
            wait_until_saved(follower, other.seq)
            follower.program.kill()
        # Where the table is named, another one's state is not even shown.
        with following(logs, upstream.url, options=options(tmp_path, "--table", "orders")) as follower:
            wait_until_equal(follower, leader)
            assert "table/invoices" in wait_for_log(follower, UNUSED)


def damage_a_record(path):
    with contextlib.closing(sqlite3.connect(path / FILE)) as database, database:
        database.execute("UPDATE records SET item = x'00' WHERE id = 1")


def drop_a_record(path):
    with contextlib.closing(sqlite3.connect(path / FILE)) as database, database:
        database.execute("DELETE FROM records WHERE id = 1")


def overwrite(path):
    (path / FILE).write_bytes(b"not a database at all" * 500)


@pytest.mark.parametrize("harm", [damage_a_record, drop_a_record, overwrite])
def test_a_damaged_state_is_refused_and_everything_loaded(harm, logs, tmp_path):
    leader = leader_with(20)
    with Upstream(leader) as upstream:
        saved(logs, upstream, leader, tmp_path)
        before = len(upstream.taken())
        harm(tmp_path)
        with following(logs, upstream.url, options=options(tmp_path)) as follower:
            wait_until_equal(follower, leader)
            assert upstream.taken()[before].since == "0"
            wait_for_log(follower, UNUSED)
            assert saved_state(follower)["start"].startswith("loaded from the upstream: the state")
            wait_until_saved(follower, leader.seq)


def test_contents_that_differ_from_the_saved_ones_are_found_at_the_first_bookmark(logs, tmp_path):
    leader = leader_with(20)
    with Upstream(leader) as upstream:
        saved(logs, upstream, leader, tmp_path)
        with leader.news:
            seq, line, _ = leader.rows["item-3"]
            item = {"id": {"S": "item-3"}, "n": {"N": "333"}}
            leader.rows["item-3"] = (seq, {**line, "item": item}, item)
        with following(logs, upstream.url, options=options(tmp_path)) as follower:
            wait_until_equal(follower, leader)
            wait_for_log(follower, "the contents differ from the upstream's")
            assert "its items differ from the upstream's" in wait_for_log(follower, UNUSED)
            assert status(follower)["upstream"]["differences"] == 1
            # A slow start shows the saved contents: who has seen them starts over, under another name.
            isShown = "serving the saved state as it was" in follower.program.output
            assert isShown or status(follower)["epoch"] == leader.epoch, "nobody had seen what was wrong"
            wait_until_saved(follower, leader.seq)
            follower.program.kill()
        with following(logs, upstream.url, options=options(tmp_path)) as follower:
            wait_until_equal(follower, leader)
            assert status(follower)["upstream"]["differences"] == 0


def test_an_upstream_that_does_not_say_its_stream_is_followed_and_not_saved(logs, tmp_path):
    leader = Leader()
    leader.put("item-0", n=1)
    with Upstream(leader) as upstream, following(logs, upstream.url, options=options(tmp_path)) as follower:
        wait_until_equal(follower, leader)
        wait_for(lambda: "does not tell all that a restart needs" in (saved_state(follower)["trouble"] or ""), 20, "the reason")
        follower.wait_until_ready()


def test_a_state_of_the_other_kind_of_replica_is_refused_in_words(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 30)
    state = ("--state-dir", tmp_path)
    with serving(logs, ministack, table, *LEADER, *state) as service:
        wait_for(lambda: saved_state(service)["saved_at"], 20, "a save")
        assert service.program.stop() == 0
    with serving(logs, ministack, table, *LEADER) as leader:
        with following(logs, leader.url, options=options(tmp_path)) as follower:
            assert "saved by a replica of the table, without --follow" in wait_for_log(follower, UNUSED)
            assert_follows(client, table, follower)
            wait_for(lambda: saved_state(follower)["saved_at"], 20, "a save")
            assert follower.program.stop() == 0
        with serving(logs, ministack, table, *LEADER, *state) as service:
            assert "saved by a follower of another replica, with --follow" in wait_for_log(service, UNUSED)
            assert_follows(client, table, service)


def test_killed_at_any_moment_a_follower_goes_on_where_it_was(ministack, logs, tmp_path, record_property):
    seed = random.randrange(1 << 32)
    client, chance, mirror = ministack.client(), random.Random(seed), Mirror()
    table = create_table(client)
    fill(client, table, 300)
    with noted(f"seed {seed}"), serving(logs, ministack, table, *LEADER) as leader, contextlib.ExitStack() as stack:
        stack.enter_context(writing(ministack, table))
        port, lives, resumed = free_port(), 0, 0
        with following(logs, leader.url, options=options(tmp_path), port=port) as follower:
            with mirror.following(follower):
                wait_for(lambda: saved_state(follower)["saved_at"], 20, "a first save")
        while lives < 8 or not resumed:
            with following(logs, leader.url, options=options(tmp_path), port=port, ready=False) as follower:
                lives += 1
                follower.program.wait_until_accepting(port)
                if chance.random() < 0.7:
                    follower.wait_until_ready()
                    now = status(follower)
                    assert now["saved_state"]["resumed"], follower.program.output
                    assert now["upstream"]["loads"] == 0 and now["upstream"]["differences"] == 0
                    assert now["epoch"] == status(leader)["epoch"]
                    resumed += 1
                    with mirror.following(follower):
                        threading.Event().wait(chance.uniform(0.2, 1.5))
                else:
                    threading.Event().wait(chance.uniform(0, 0.5))
                    follower.program.kill()
        stack.close()
        with following(logs, leader.url, options=options(tmp_path), port=port) as follower:
            with mirror.following(follower):
                assert_follows(client, table, follower)
                expected = truth(client, table)
                wait_for(lambda: canonical(mirror.items.values()) == expected, 20, "the subscriber to have everything")
                now = status(follower)
                assert now["upstream"]["loads"] == 0, now["upstream"]
        assert resumed > 0 and mirror.resets == 0
        assert UNUSED not in follower.program.output
        record_property("kills", lives + 2)
        print(f"killed {lives + 2} times; {resumed} of {lives} lives were followed")


def test_ids_of_before_a_restart_are_good_on_it_and_on_its_siblings(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 400)

    def resumed(service, last, to):
        """The events that a subscriber gets from its id on, up to the change of an item."""
        with stream(service, "/v1/events?format=dynamodb&heartbeat=1s", {"Last-Event-ID": last}, seconds=30) as events:
            told = []
            for event in events:
                told.append(event)
                if event.kind == "message" and event.json["key"]["id"]["S"] == to:
                    return told
        raise AssertionError(told)

    with serving(logs, ministack, table, *LEADER) as leader, following(logs, leader.url, options=["--max-lag", "2s"]) as sibling:
        with following(logs, leader.url, options=options(tmp_path)) as follower:
            assert_follows(client, table, follower)
            wait_for(lambda: saved_state(follower)["saved_seq"] == status(follower)["position"].split(".")[1], 20, "a save")
            last, loaded = status(follower)["position"], status(follower)["upstream"]["bytes"]
            follower.program.process.send_signal(signal.SIGKILL)
            follower.program.wait(10)
        client.put_item(TableName=table, Item={"id": {"S": "later"}})
        client.delete_item(TableName=table, Key={"id": {"S": "item-00004"}})
        client.put_item(TableName=table, Item={"id": {"S": "last"}})
        with following(logs, leader.url, options=options(tmp_path)) as follower:
            assert status(follower)["upstream"]["bytes"] < loaded / 4
            told = [resumed(service, last, "last") for service in (follower, sibling, leader)]
            for events in told:
                assert not {"reset", "moved"} & {event.kind for event in events}
            changes = [[(event.id.split(".")[:2], event.json["op"]) for event in events if event.kind == "message"] for events in told]
            assert changes[0] == changes[1] == changes[2] and len(changes[0]) == 3
