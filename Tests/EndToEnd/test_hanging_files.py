"""A volume that stops to respond under a running service: it goes on following and serving, says what hangs, and ends when it is asked to."""

import itertools
import json
import time

import pytest
from support.hanging import HangingFolder
from support.processes import free_port, wait_for
from support.service import serving
from support.tables import create_table

WRITES = itertools.count(1)
TOKEN = "operator-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def table(ministack):
    return create_table(ministack.client())


@pytest.fixture
def volume(tmp_path):
    return HangingFolder(tmp_path)


def assert_follows(ministack, table, service, **options):
    number = next(WRITES)
    ministack.client().put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": str(number)}})
    wait_for(lambda: (service.item("a", **options) or {}).get("n") == number, 20, f"write {number} to be visible")


def status(service, **options):
    return service.get("/v1/status", **options).json()


def assert_stops(service, seconds):
    """A bound that allows for a slow machine; the last resort would end the process with another status."""
    asked = time.monotonic()
    assert service.program.stop(seconds) == 0, service.program.output[-2000:]
    return time.monotonic() - asked


def test_a_state_volume_that_hangs_holds_up_neither_the_replica_nor_its_end(ministack, table, logs, volume):
    port, options = free_port(), ("--state-dir", volume.path, "--shutdown-grace", "2s")
    with serving(logs, ministack, table, *options, port=port, **volume.settings) as service:
        assert_follows(ministack, table, service)
        wait_for(lambda: status(service)["saved_state"]["saved_at"], 20, "a first save")
        with volume.silent():
            # A save that is in progress hangs; the next write makes one begin where none is.
            assert_follows(ministack, table, service)
            told = wait_for(
                lambda: (found := status(service))["saved_state"]["trouble"] and found, 60,
                lambda: f"the volume's silence in the status: {status(service)}",
            )
            assert told["saved_state"]["trouble"] == f"saving to {volume.path} has not ended after 30 s: the volume does not respond"
            assert told["state"] == "live"
            assert "the volume does not respond" in service.program.output
            for _ in range(3):
                assert_follows(ministack, table, service)
            assert service.get("/readyz").status_code == 200
            assert int(service.get("/v1/items/a").headers["Replica-Lag"]) < 30_000
            assert_stops(service, 25)
    with serving(logs, ministack, table, *options, port=port) as service:
        assert_follows(ministack, table, service)


def test_a_volume_that_responds_again_is_saved_to_again(ministack, table, logs, volume):
    with serving(logs, ministack, table, "--state-dir", volume.path, **volume.settings) as service:
        assert_follows(ministack, table, service)
        wait_for(lambda: status(service)["saved_state"]["saved_at"], 20, "a first save")
        with volume.silent():
            assert_follows(ministack, table, service)
            wait_for(lambda: status(service)["saved_state"]["trouble"], 60, "the volume's silence in the status")
        wait_for(lambda: status(service)["saved_state"]["trouble"] is None, 20, "the end of the silence in the status")
        before = status(service)["saved_state"]["saves"]
        assert_follows(ministack, table, service)
        wait_for(lambda: status(service)["saved_state"]["saves"] > before, 20, "another save")
        assert_stops(service, 25)


def test_a_token_file_that_hangs_leaves_the_tokens_in_use_and_is_said(ministack, table, logs, volume):
    path = volume.path / "tokens.json"
    path.write_text(json.dumps({"tokens": [{"name": "operator", "token": TOKEN, "scopes": ["read", "status", "metrics"]}]}))
    with serving(logs, ministack, table, "--auth-token-file", path, "--shutdown-grace", "2s", **volume.settings) as service:
        assert_follows(ministack, table, service, headers=BEARER)
        assert status(service, headers=BEARER)["authentication"]["trouble"] is None
        with volume.silent():
            told = wait_for(
                lambda: status(service, headers=BEARER)["authentication"]["trouble"], 40, "the file's silence in the status"
            )
            assert told.startswith("the last check that came to an end is 1") and told.endswith(" s old; see why its volume does not answer")
            line = f"the token file {path} cannot be checked, the tokens read before stay in use: "
            wait_for(lambda: line in service.program.output, 10, "the file's silence in the log")
            for _ in range(3):
                assert_follows(ministack, table, service, headers=BEARER)
            assert service.get("/v1/items/a").status_code == 401
        wait_for(
            lambda: status(service, headers=BEARER)["authentication"]["trouble"] is None, 20, "the end of the silence in the status"
        )
        with volume.silent():
            assert_stops(service, 25)


@pytest.mark.parametrize("option, said", [("--state-dir", "the state directory"), ("--auth-token-file", "the token file"), (None, "the AWS configuration")])
def test_a_start_that_meets_a_hanging_volume_ends_with_one_line(ministack, table, logs, volume, option, said):
    path, settings = volume.path / "file", dict(volume.settings)
    options = (option, path) if option else ()
    if not option:
        path.write_text("[default]\nregion = eu-central-1\n")
        settings["AWS_CONFIG_FILE"] = str(path)
    with volume.silent(), serving(logs, ministack, table, *options, ready=False, **settings) as service:
        assert service.program.wait(30) == 1
        lines = service.program.output.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith(f"tablecast: {said}"), lines
        assert "has not responded for 10 s. Check the volume" in lines[0]


@pytest.mark.parametrize("option, said", [("--state-dir", "the state directory"), ("--auth-token-file", "the token file"), (None, "the AWS configuration")])
def test_a_start_waits_for_a_hanging_volume_no_longer_than_for_anything_else(ministack, table, logs, volume, option, said):
    path, settings = volume.path / "file", dict(volume.settings)
    options = (option, path) if option else ()
    if not option:
        path.write_text("[default]\nregion = eu-central-1\n")
        settings["AWS_CONFIG_FILE"] = str(path)
    with volume.silent(), serving(logs, ministack, table, *options, "--start-timeout", "2s", ready=False, **settings) as service:
        assert service.program.wait(30) == 1
        lines = service.program.output.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith(f"tablecast: {said}"), lines
        assert "has not responded for 2 s. Check the volume" in lines[0]
