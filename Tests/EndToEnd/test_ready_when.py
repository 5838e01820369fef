"""Readiness as a choice: while AWS is away a replica leaves a balancer that asks for current contents, and stays behind one that asks for some."""

import pytest
from support.faulty_shards import TABLE, FaultyShards
from support.processes import wait_for
from support.service import metric, run, serving

OPTIONS = ("--poll-interval", "50ms", "--max-lag", "1s")


def readiness(service, path="/readyz", **parameters):
    """The status, and the members that every response has."""
    response = service.get(path, params=parameters)
    body = response.json()
    return response.status_code, body["state"], body["when"]


@pytest.mark.parametrize("chosen", ["live", "serving"])
def test_a_replica_without_aws_is_ready_for_those_who_prefer_old_contents(logs, chosen):
    endpoint = FaultyShards(faulty=("a", "b"))
    with endpoint.running() as peer, serving(logs, peer, TABLE, *OPTIONS, "--ready-when", chosen) as service:
        assert readiness(service) == (200, "live", chosen)
        endpoint.write("a", "first", 1)
        wait_for(lambda: service.item("first"), 10, "the write before the outage")
        endpoint.fault = "error 500"
        wait_for(lambda: service.get("/v1/status").json()["state"] == "stale", 20, "the replica to be stale")
        for path in ("/readyz", "/healthz"):
            assert readiness(service, path) == (200 if chosen == "serving" else 503, "stale", chosen)
            assert readiness(service, path, when="live") == (503, "stale", "live")
            assert readiness(service, path, when="serving") == (200, "stale", "serving")
        status = service.get("/v1/status").json()
        assert (status["ready"], status["ready_when"]) == (chosen == "serving", chosen)
        assert metric(service, "tablecast_ready ") == (chosen == "serving")
        old = service.get("/v1/items/first")
        assert (old.status_code, old.headers["Replica-State"]) == (200, "stale")
        refused = service.get("/v1/items/first", params={"max_lag": "1s"})
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:tablecast:problem:replica-too-stale")
        endpoint.fault = None
        wait_for(lambda: readiness(service, when="live") == (200, "live", "live"), 30, "the replica to be live again")


def test_another_condition_is_refused(logs):
    with FaultyShards().running() as peer, serving(logs, peer, TABLE, *OPTIONS) as service:
        problem = service.get("/readyz", params={"when": "stale"})
        assert problem.status_code == 400
        assert problem.json()["allowed"] == ["live", "serving"]
    status, _, error = run(["serve", "--table", TABLE, "--ready-when", "always"])
    assert status == 2
    assert "--ready-when: 'always' is not allowed; allowed are live, serving" in error
