"""A peer whose clock the test moves: iterators expire, records are trimmed, and the replica is never quietly wrong."""

import pytest
from support import peers
from support.following import Mirror, assert_follows, status, wait_for_new_epoch, writing
from support.processes import wait_for
from support.service import serving
from support.tables import canonical, create_table, fill, truth

# An iterator lives for 15 minutes, a record for 24 hours.
PAST_ITERATORS, PAST_RECORDS = "+16m", "+1445m"
OFTEN = ("--poll-interval", "50ms")


@pytest.fixture(scope="module")
def ministack_and_clock(logs):
    with peers.ministack_and_clock(logs) as (peer, clock):
        yield peer, clock


@pytest.fixture
def movable(ministack_and_clock):
    """(peer, clock), with the clock at the present."""
    yield ministack_and_clock
    ministack_and_clock[1].set("+0")


class HeldIterator:
    """An iterator that boto3 got for a table's only shard: what becomes of it becomes of the replica's."""

    def __init__(self, peer, table):
        self.streams = peer.client("dynamodbstreams")
        arn = peer.client().describe_table(TableName=table)["Table"]["LatestStreamArn"]
        shard = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        self.iterator = self.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]

    def has_expired(self):
        try:
            self.streams.get_records(ShardIterator=self.iterator)
        except self.streams.exceptions.ExpiredIteratorException:
            return True
        return False


def change_unseen(client, table, name="unseen"):
    """A put, an update and a removal of what `fill` wrote."""
    client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": "1"}})
    client.put_item(TableName=table, Item={"id": {"S": "item-00002"}, "n": {"N": "2000"}})
    client.delete_item(TableName=table, Key={"id": {"S": "item-00003"}})


def test_expired_iterators_lose_nothing_while_writes_go_on(movable, logs):
    peer, clock = movable
    client = peer.client()
    table = create_table(client)
    fill(client, table, 60)
    with serving(logs, peer, table, *OFTEN) as service, Mirror().following(service) as mirror:
        before, held = status(service), HeldIterator(peer, table)
        with writing(peer, table) as made:
            wait_for(lambda: made() > 50 and status(service)["changes_applied"] > 0, 10, "the replica to follow")
            clock.set(PAST_ITERATORS)
            assert held.has_expired()
            moved_at = made()
            wait_for(lambda: made() > moved_at + 100, 10, "writes after the move")
        assert_follows(client, table, service)
        after = status(service)
        assert (after["state"], after["reason_code"]) == ("live", "following")
        assert (after["epoch"], after["rebuilds"]) == (before["epoch"], 0)
        assert after["lag_ms"] >= 0
        expected = truth(client, table)
        wait_for(lambda: canonical(mirror.items.values()) == expected, 10, "the subscriber to have everything")
    assert mirror.resets == 0


def test_an_iterator_that_expires_before_a_record_was_read_loses_nothing(movable, logs):
    peer, clock = movable
    client = peer.client()
    table = create_table(client, view=None)
    fill(client, table, 10)
    # What was written before the stream was there is in no shard: the replica knows of no sequence number.
    specification = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    client.update_table(TableName=table, StreamSpecification=specification)
    with serving(logs, peer, table, *OFTEN) as service:
        before, held = status(service), HeldIterator(peer, table)
        assert [shard["last_sequence_number"] for shard in before["shards"]] == [None]
        with service.program.paused():
            change_unseen(client, table)
            clock.set(PAST_ITERATORS)
            assert held.has_expired()
        assert_follows(client, table, service)
        after = status(service)
        assert after["state"] == "live" and (after["epoch"], after["rebuilds"]) == (before["epoch"], 0)
        assert service.item("item-00003") is None and service.item("unseen") == {"id": "unseen", "n": 1}


@pytest.mark.parametrize("with_state", [False, True], ids=["in-memory", "state-dir"])
def test_trimmed_unread_records_are_a_gap_that_is_said_and_mended(movable, logs, tmp_path, with_state):
    peer, clock = movable
    client = peer.client()
    table = create_table(client)
    fill(client, table, 60)
    options = (*OFTEN, *(("--state-dir", tmp_path / "state") if with_state else ()))
    with serving(logs, peer, table, *options) as service, Mirror().following(service) as mirror:
        assert_follows(client, table, service)
        before = status(service)
        wait_for(lambda: len(mirror.items) == 61, 10, "the subscriber to have everything")
        with service.program.paused():
            change_unseen(client, table)
            clock.set(PAST_RECORDS)
        wait_for(lambda: status(service)["reason_code"] == "gap", 5, lambda: f"the gap to be said, not {status(service)}")
        # The old contents are served meanwhile, and every answer says what they are.
        old = service.get("/v1/items/item-00003")
        assert (old.status_code, old.headers["Replica-State"]) == (200, "stale")
        assert service.get("/readyz").status_code == 503
        seen = wait_for_new_epoch(service, before)
        assert {state for state, code, _ in seen if code == "gap"} == {"rebuilding"}
        assert any("trimmed" in reason for _, code, reason in seen if code == "gap"), seen
        assert status(service)["rebuilds"] == 1
        assert "tablecast_replica_rebuilds_total 1" in service.get("/metrics").text
        assert "trimmed" in service.program.output
        assert canonical(service.export()) == truth(client, table)
        assert service.item("item-00003") is None
        assert_follows(client, table, service)
        expected = truth(client, table)
        wait_for(lambda: canonical(mirror.items.values()) == expected, 10, "the subscriber to have everything")
        assert mirror.resets == 1


def test_saved_state_whose_records_were_trimmed_is_not_resumed_quietly(movable, logs, tmp_path):
    peer, clock = movable
    client = peer.client()
    table = create_table(client)
    fill(client, table, 60)
    options = (*OFTEN, "--state-dir", tmp_path / "state")
    with serving(logs, peer, table, *options) as service:
        assert_follows(client, table, service)
        before = status(service)
        assert service.program.stop() == 0
    change_unseen(client, table)
    clock.set(PAST_RECORDS)
    with serving(logs, peer, table, *options) as service:
        after = status(service)
        assert after["epoch"] != before["epoch"] and after["scan"]["items"] == 61
        assert "trimmed" in service.program.output
        assert canonical(service.export()) == truth(client, table)
        assert_follows(client, table, service)


def test_a_machine_that_slept_past_the_retention_with_nothing_read_is_a_gap(movable, logs):
    """Suspended, or a virtual machine that was paused: for the service too the wall clock moves, CLOCK_MONOTONIC does not."""
    peer, clock = movable
    client = peer.client()
    table = create_table(client, view=None)
    fill(client, table, 10)
    specification = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    client.update_table(TableName=table, StreamSpecification=specification)
    with serving(logs, peer, table, *OFTEN, **clock.environment()) as service:
        assert [shard["last_sequence_number"] for shard in status(service)["shards"]] == [None]
        with service.program.paused():
            change_unseen(client, table)
            clock.set(PAST_RECORDS)
        assert_follows(client, table, service)
        assert service.item("item-00003") is None


def test_a_new_stream_of_the_table_is_a_new_epoch(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 60)
    with serving(logs, ministack, table, *OFTEN) as service, Mirror().following(service) as mirror:
        assert_follows(client, table, service)
        before = status(service)
        wait_for(lambda: len(mirror.items) == 61, 10, "the subscriber to have everything")
        client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
        wait_for(
            lambda: (status(service)["state"], status(service)["reason_code"]) == ("stale", "stream-disabled"),
            10,
            lambda: f"stale for a disabled stream, not {status(service)}",
        )
        assert "disabled" in status(service)["reason"] and service.get("/readyz").status_code == 503
        assert service.get("/v1/items/item-00003").headers["Replica-State"] == "stale"
        # In no stream at all.
        change_unseen(client, table)
        specification = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        client.update_table(TableName=table, StreamSpecification=specification)
        change_unseen(client, table, "in the new stream")
        arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        assert arn != before["stream_arn"]
        seen = wait_for_new_epoch(service, before)
        assert any(code == "new-stream" and arn in reason for _, code, reason in seen), seen
        after = status(service)
        assert (after["stream_arn"], after["rebuilds"]) == (arn, 1)
        assert canonical(service.export()) == truth(client, table)
        assert_follows(client, table, service)
        expected = truth(client, table)
        wait_for(lambda: canonical(mirror.items.values()) == expected, 10, "the subscriber to have everything")
        assert mirror.resets == 1
