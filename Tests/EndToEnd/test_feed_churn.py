"""S12: ten thousand subscribers that come and go for a minute leave no descriptor and no memory behind."""

import os
import random
import resource
import time

import pytest
from support.crowd import Crowd
from support.following import status
from support.processes import resident, wait_for
from support.service import serving
from support.tables import create_table, fill

SUBSCRIBERS = 10_000
# Enough of them leave and come each second for everybody to be replaced in the first round.
CHURNED_EACH_SECOND = 200
# Every change goes to all of them, from a program that is not optimised, while other tests run.
SECONDS_BETWEEN_CHANGES = 3
ROUNDS = [60, 15]
# What a second round may add to what the first one left, its 13,000 connections together: the heap's own scatter (1 MiB was seen).
GROWTH = 4 << 20
# 2 KB were seen.
BYTES_OF_A_SUBSCRIBER = 12 << 10
PATHS = ["/v1/events?heartbeat=300s", "/v1/events?heartbeat=300s&fields=id,text", "/v1/events?heartbeat=300s&where=n%20%3E%3D%200"]


def descriptors(process):
    # Without --crash-dumps only root may look.
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def subscribers(service):
    lines = service.get("/metrics", timeout=30).text.splitlines()
    return next(int(float(line.split(" ")[1])) for line in lines if line.startswith("tablecast_feed_subscribers "))


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= SUBSCRIBERS + 1000, f"ten thousand subscribers need a higher hard limit of open files than {hard} (ulimit -Hn)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def churn(crowd, service, change, seconds):
    """Subscribers come and go; the resident bytes with all of them there, before the last change has been heard."""
    while len(crowd) < SUBSCRIBERS:
        crowd.join()
        if len(crowd) % 100 == 0:
            crowd.listen()
    begun = changed = time.monotonic()
    gone = 0
    while (now := time.monotonic()) - begun < seconds:
        if now - changed > SECONDS_BETWEEN_CHANGES:
            changed = now
            change()
            # The service answers others in between.
            assert status(service)["state"] == "live"
            assert service.item("item-00001")["id"] == "item-00001"
        # Behind its plan, on a busy machine, it goes on in steps.
        for _ in range(min(50, int((now - begun) * CHURNED_EACH_SECOND) - gone)):
            crowd.leave()
            crowd.join()
            gone += 1
        crowd.listen(0.02)
    crowd.all_hear(change(), 60)
    assert subscribers(service) == SUBSCRIBERS
    held = resident(service.program.process)
    while len(crowd):
        crowd.leave(next(iter(crowd.sockets)))
    return held, gone


@pytest.mark.timeout(400)
def test_s12_ten_thousand_subscribers_come_and_go(ministack, logs, many_descriptors):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 5)
    numbers = iter(range(1, 1_000_000))

    def change():
        text = f"change-{next(numbers):06d}"
        item = {"id": {"S": "item-00002"}, "n": {"N": "2"}, "text": {"S": text}}
        client.put_item(TableName=table, Item=item)
        return text.encode()

    with serving(logs, ministack, table, "--max-subscribers", str(SUBSCRIBERS + 100), "--crash-dumps") as service:
        process = service.program.process
        assert status(service)["subscribers"] == 0
        begun, empty = descriptors(process), resident(process)
        left = []
        with Crowd(service.port, PATHS, seed) as crowd:
            for seconds in ROUNDS:
                held, gone = churn(crowd, service, change, seconds)
                wait_for(lambda: subscribers(service) == 0, 30, "all places to be free again")
                wait_for(lambda: descriptors(process) <= begun, 30, lambda: f"{descriptors(process)} descriptors to be {begun}")
                left.append(resident(process))
                print(f"{gone} were replaced; resident {empty >> 20} MiB before, {held >> 20} MiB held, {left[-1] >> 20} MiB left")
                assert gone >= seconds * CHURNED_EACH_SECOND / 4, "the machine is too busy for a churn that is one"
                assert held - empty < SUBSCRIBERS * BYTES_OF_A_SUBSCRIBER
        assert left[1] - left[0] < GROWTH, f"{left[0]} bytes were left by the first round, {left[1]} by the second"
        assert process.poll() is None
