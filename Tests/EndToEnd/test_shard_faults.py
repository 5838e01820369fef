"""A fault of some shards that lasts: the writes of the others are seen meanwhile, the status says what is wrong with which, and all is well afterwards."""

import pytest
from support.faulty_shards import FAULTS, TABLE, FaultyShards
from support.processes import wait_for
from support.service import serving

# Writes are seen within a second; the bound allows for a slow machine.
SEEN_SECONDS = 10
# A call without an answer ends after 10 s: what is seen before does not wait for one.
UNDELAYED_SECONDS = 5


def shard(service, endpoint, name):
    """A shard as the status tells of it."""
    return next(entry for entry in service.get("/v1/status").json()["shards"] if entry["id"] == endpoint.ids[name])


@pytest.mark.parametrize("was_read", [False, True], ids=["quiet", "read before"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_lasting_fault_of_one_shard_stays_there(logs, fault, was_read):
    endpoint = FaultyShards()
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
        told = wait_for(lambda: (found := shard(service, endpoint, "a"))["last_error"] and found, 40, lambda: f"the fault in the status: {shard(service, 'a')}")
        assert told["last_error"].startswith("GetRecords "), told
        wait_for(lambda: shard(service, endpoint, "a")["lag_ms"] > 2_000, SEEN_SECONDS, "the lag of the shard")
        assert shard(service, endpoint, "b")["last_error"] is None
        assert shard(service, endpoint, "b")["lag_ms"] < shard(service, endpoint, "a")["lag_ms"]
        wait_for(lambda: service.get("/readyz").status_code == 503, SEEN_SECONDS, "the replica to say that it is behind")
        endpoint.write("b", "other", 3)
        wait_for(lambda: service.item("other")["n"] == 3, SEEN_SECONDS, "a write of the other shard while the replica is stale")
        assert service.item("hidden") is None
        endpoint.fault = None
        wait_for(lambda: service.item("hidden"), 60, "the write behind the fault")
        wait_for(lambda: service.get("/readyz").status_code == 200, 60, "the replica to be ready again")
        assert service.get("/v1/status").json()["rebuilds"] == 0


def test_more_silent_shards_than_are_read_at_once_delay_no_other(logs):
    silent = [f"silent{number}" for number in range(20)]
    endpoint = FaultyShards(("well", *silent), faulty=silent)
    with endpoint.running() as peer, serving(logs, peer, TABLE, "--max-lag", "2s") as service:
        endpoint.fault = "stall"
        wait_for(lambda: endpoint.met >= 16, SEEN_SECONDS, "reads without an answer")
        for value in range(10):
            endpoint.write("well", "other", value)
            wait_for(lambda: (service.item("other") or {}).get("n") == value, UNDELAYED_SECONDS, f"write {value} of the shard that is well")
        endpoint.write(silent[0], "hidden", 0)

        def all_are_named():
            errors = {entry["id"]: entry["last_error"] for entry in service.get("/v1/status").json()["shards"]}
            assert errors.pop(endpoint.ids["well"]) is None
            return all((error or "").startswith("GetRecords ") for error in errors.values()) and errors

        assert len(wait_for(all_are_named, 60, "every silent shard in the status")) == len(silent)
        for value in range(10, 20):
            endpoint.write("well", "other", value)
            wait_for(lambda: service.item("other")["n"] == value, UNDELAYED_SECONDS, f"write {value} of the shard that is well")
        assert service.item("hidden") is None
        endpoint.fault = None
        wait_for(lambda: service.item("hidden"), 60, "the write of a shard that was silent")
        wait_for(lambda: service.get("/readyz").status_code == 200, 60, "the replica to be ready again")
        assert service.get("/v1/status").json()["rebuilds"] == 0
