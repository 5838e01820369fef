"""Restarts with a state directory: killed at any moment, asked for where it cannot be. For one in use twice see test_process_state.py."""

import random
import threading
import time

from support.following import Mirror, assert_follows
from support.processes import wait_for
from support.service import run, serving
from support.tables import canonical, create_table, fill, truth


def saved_state(service):
    return service.get("/v1/status").json()["saved_state"]


def test_killed_at_any_moment_it_goes_on_where_it_was(ministack, logs, tmp_path, record_property):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 200)
    chance, mirror, stop, failures = random.Random(), Mirror(), threading.Event(), []

    def write():
        writer, number = ministack.client(), 0
        try:
            while not stop.is_set():
                number += 1
                key = {"id": {"S": f"item-{number * 7 % 150:05d}"}}
                if number % 5 == 0:
                    writer.delete_item(TableName=table, Key=key)
                else:
                    writer.put_item(TableName=table, Item={**key, "n": {"N": str(number)}, "text": {"S": "x" * 500}})
        except Exception as error:
            failures.append(error)

    writing = threading.Thread(target=write)
    writing.start()
    lives, deadline = 0, time.monotonic() + 25
    options = ("--state-dir", tmp_path / "state", "--poll-interval", "50ms")
    try:
        with serving(logs, ministack, table, *options) as service:
            port = service.port
            reading = threading.Thread(target=mirror.follow, args=(service,))
            reading.start()
            wait_for(lambda: saved_state(service)["saved_at"], 10, "a first save")
            service.program.kill()
            reading.join(10)
        while time.monotonic() < deadline or lives < 5:
            with serving(logs, ministack, table, *options, port=port, ready=False) as service:
                lives += 1
                if chance.random() < 0.7:
                    service.wait_until_ready()
                    assert saved_state(service)["resumed"], service.program.output
                    reading = threading.Thread(target=mirror.follow, args=(service,))
                    reading.start()
                threading.Event().wait(chance.uniform(0, 1.2))
                service.program.kill()
                reading.join(10)
            assert mirror.failure is None, mirror.failure
            assert not failures, failures
    finally:
        stop.set()
        writing.join(30)
    record_property("kills", lives + 1)
    with serving(logs, ministack, table, *options, port=port) as service:
        assert saved_state(service)["resumed"]
        reading = threading.Thread(target=mirror.follow, args=(service,))
        reading.start()
        assert_follows(client, table, service)
        expected = truth(client, table)
        wait_for(lambda: canonical(mirror.items.values()) == expected, 10, "the subscriber to have everything")
        assert service.program.stop() == 0
        reading.join(10)
    assert mirror.resets == 0
    assert mirror.failure is None
    log = service.program.output
    print(f"killed {lives + 1} times; {log.count('resuming from the saved state')} starts resumed")
    assert "the saved state is not used" not in log
    assert lives >= 5


def test_after_a_stop_in_order_it_is_ready_without_a_scan(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 50)
    with serving(logs, ministack, table, "--state-dir", tmp_path) as service:
        port = service.port
        assert_follows(client, table, service)
        assert service.program.stop() == 0
    client.delete_item(TableName=table, Key={"id": {"S": "item-00003"}})
    with serving(logs, ministack, table, "--state-dir", tmp_path, port=port) as service:
        status = service.get("/v1/status").json()
        assert status["saved_state"]["resumed"] and status["scan"]["items"] == 0
        assert service.item("item-00003") is None
        assert canonical(service.export()) == truth(client, table)
        metrics = service.get("/metrics").text
        assert "tablecast_state_resumed 1" in metrics


def test_a_directory_that_cannot_be_is_refused_with_one_line(ministack, tmp_path):
    (tmp_path / "file").write_text("x")
    for path, words in [(tmp_path / "file", "is a file"), (tmp_path / "a/b", "No such file or directory")]:
        arguments = ["serve", "--table", "any", "--listen", "127.0.0.1:0", "--state-dir", str(path)]
        status, _, errors = run(arguments, ministack.settings())
        assert status == 78
        assert len(errors.splitlines()) == 1 and words in errors
