"""Two processes and one state directory: a rolling update on one volume, and a lock that nobody gives back in time."""

import os
import pathlib
import signal

import pytest
from support.following import assert_follows
from support.processes import wait_for
from support.service import metric, serving
from support.tables import canonical, create_table, fill, truth


@pytest.fixture
def client(ministack):
    return ministack.client()


@pytest.fixture
def table(client):
    name = create_table(client)
    fill(client, name, 50)
    return name


def saved_state(service):
    return service.get("/v1/status").json()["saved_state"]


def opens_the_state(service):
    """Whether the process has the database open; the lock's file does not count."""
    folder = pathlib.Path(f"/proc/{service.program.process.pid}/fd")
    return any("tablecast.sqlite" in os.readlink(entry) for entry in folder.iterdir())


def trouble(path):
    return (
        f"the state directory {path} is in use by another process: nothing is saved until it is free. "
        "Stop the other process, or give each one its own with --state-dir"
    )


def test_a_predecessor_that_drains_is_waited_for_and_its_state_resumed(ministack, client, table, logs, tmp_path):
    options = ("--state-dir", tmp_path)
    with serving(logs, ministack, table, *options, "--drain-delay", "4s") as first:
        assert_follows(client, table, first)
        wait_for(lambda: saved_state(first)["saves"], 20, "a first save")
        with serving(logs, ministack, table, *options, ready=False) as second:
            wait_for(lambda: "waiting up to 15 s for the state directory" in second.program.output, 10, "the line that it waits")
            assert second.get("/livez").status_code == 200
            assert second.get("/readyz").status_code == 503
            assert "waiting for the state directory" in second.get("/readyz").text
            client.delete_item(TableName=table, Key={"id": {"S": "item-00003"}})
            first.program.process.send_signal(signal.SIGTERM)
            second.wait_until_ready(20)
            assert first.program.wait(10) == 0
            assert saved_state(second)["resumed"] and second.get("/v1/status").json()["scan"]["items"] == 0
            wait_for(lambda: second.item("item-00003") is None, 10, "the removal")
            assert canonical(second.export()) == truth(client, table)
            log = second.program.output
            assert log.count("waiting up to") == 1 and f"the state directory {tmp_path} is free: this process has taken it" in log


def test_a_directory_that_stays_in_use_is_never_written_to_and_taken_from_a_killed_holder(ministack, client, table, logs, tmp_path):
    # With --crash-dumps the system shows what the process has open to its own user, too.
    options = ("--state-dir", tmp_path, "--crash-dumps")
    with serving(logs, ministack, table, *options) as first:
        assert_follows(client, table, first)
        wait_for(lambda: saved_state(first)["saves"], 20, "a first save")
        with serving(logs, ministack, table, *options, ready=False) as second:
            second.wait_until_ready(40)
            state = saved_state(second)
            assert not state["resumed"] and state["start"] == f"read from the table: {trouble(tmp_path)}"
            assert state["trouble"] == trouble(tmp_path)
            assert metric(second, "tablecast_state_failing") == 1 and metric(first, "tablecast_state_failing") == 0
            for service in (first, second, first, second):
                saves = saved_state(first)["saves"]
                assert_follows(client, table, service)
                wait_for(lambda: saved_state(first)["saves"] > saves, 10, "another save of the first")
            assert opens_the_state(first) and not opens_the_state(second)
            assert saved_state(second)["saves"] == 0
            first.program.kill()
            wait_for(lambda: saved_state(second)["trouble"] is None and saved_state(second)["saves"], 20, "the second to save")
            assert opens_the_state(second) and metric(second, "tablecast_state_failing") == 0
            log = second.program.output
            assert log.count("nothing is saved until it is free") == 2, "once for the wait and once for its end"
            assert "this process has taken it, and the state is saved from now on" in log
            assert_follows(client, table, second)
            assert second.program.stop() == 0
    with serving(logs, ministack, table, *options) as third:
        assert saved_state(third)["resumed"] and third.get("/v1/status").json()["scan"]["items"] == 0
        assert canonical(third.export()) == truth(client, table)


def test_a_lock_that_was_removed_ends_saving_and_leaves_the_directory_to_the_next(ministack, client, table, logs, tmp_path):
    with serving(logs, ministack, table, "--state-dir", tmp_path) as service:
        wait_for(lambda: saved_state(service)["saves"], 20, "a first save")
        (tmp_path / "tablecast.lock").unlink()
        assert_follows(client, table, service)
        wait_for(lambda: "was removed while it was in use" in service.program.output, 20, "the line that says so")
        with serving(logs, ministack, table, "--state-dir", tmp_path) as other:
            wait_for(lambda: saved_state(other)["saves"], 20, "a save of the next process")
            assert other.program.stop() == 0
        assert_follows(client, table, service)
        assert "Start the service again" in saved_state(service)["trouble"]
        assert service.program.stop() == 0
    with serving(logs, ministack, table, "--state-dir", tmp_path) as service:
        assert canonical(service.export()) == truth(client, table)


def test_a_service_without_its_directory_stops_in_order_and_leaves_it_alone(ministack, client, table, logs, tmp_path):
    with serving(logs, ministack, table, "--state-dir", tmp_path) as first:
        wait_for(lambda: saved_state(first)["saves"], 20, "a first save")
        with serving(logs, ministack, table, "--state-dir", tmp_path, ready=False) as second:
            wait_for(lambda: "waiting up to" in second.program.output, 10, "the line that it waits")
            assert second.program.stop() == 0
        assert_follows(client, table, first)
        assert first.program.stop() == 0
    with serving(logs, ministack, table, "--state-dir", tmp_path) as third:
        assert saved_state(third)["resumed"]
