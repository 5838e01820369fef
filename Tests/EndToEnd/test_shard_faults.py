"""A fault of one shard that lasts: the writes of the other are seen meanwhile, the status says what is wrong with which, and all is well afterwards."""

import pytest
from support.processes import wait_for
from support.service import serving
from support.two_shards import FAULTS, TABLE, TwoShards, shard_id

# Writes are seen within a second; the bound allows for a slow machine.
SEEN_SECONDS = 10


def shard(service, name):
    """A shard as the status tells of it."""
    return next(entry for entry in service.get("/v1/status").json()["shards"] if entry["id"] == shard_id(name))


@pytest.mark.parametrize("was_read", [False, True], ids=["quiet", "read before"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_lasting_fault_of_one_shard_stays_there(logs, fault, was_read):
    endpoint = TwoShards()
    with endpoint.running() as peer, serving(logs, peer, TABLE, "--poll-interval", "50ms", "--max-lag", "2s") as service:
        if was_read:
            endpoint.write("a", "first", 0)
            wait_for(lambda: service.item("first"), SEEN_SECONDS, "a write of the shard that will fail")
        endpoint.fault = fault
        wait_for(lambda: endpoint.met > 0, SEEN_SECONDS, "the fault to be met")
        endpoint.write("a", "hidden", 1)
        for value in range(3):
            endpoint.write("b", "other", value)
            wait_for(lambda: (service.item("other") or {}).get("n") == value, SEEN_SECONDS, f"write {value} of the other shard")
        told = wait_for(lambda: (found := shard(service, "a"))["last_error"] and found, 40, lambda: f"the fault in the status: {shard(service, 'a')}")
        assert told["last_error"].startswith("GetRecords "), told
        wait_for(lambda: shard(service, "a")["lag_ms"] > 2_000, SEEN_SECONDS, "the lag of the shard")
        assert shard(service, "b")["last_error"] is None
        assert shard(service, "b")["lag_ms"] < shard(service, "a")["lag_ms"]
        wait_for(lambda: service.get("/readyz").status_code == 503, SEEN_SECONDS, "the replica to say that it is behind")
        endpoint.write("b", "other", 3)
        wait_for(lambda: service.item("other")["n"] == 3, SEEN_SECONDS, "a write of the other shard while the replica is stale")
        assert service.item("hidden") is None
        endpoint.fault = None
        wait_for(lambda: service.item("hidden"), 60, "the write behind the fault")
        wait_for(lambda: service.get("/readyz").status_code == 200, 60, "the replica to be ready again")
        assert service.get("/v1/status").json()["rebuilds"] == 0
