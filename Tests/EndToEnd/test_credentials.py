"""Keys from the environment and from the shared files, as boto3 finds them there; keys that are replaced under a running service."""

import contextlib
import json
import signal

import pytest
from support import peers
from support.credentials import Bare, SharedFiles, assert_says_no_secret, oracle, put, refusal, typed
from support.following import status
from support.iam import User, secrets, variables
from support.processes import free_port, looks, wait_for
from support.service import command, metric, run, serving
from support.tables import create_table

OFTEN = ("--poll-interval", "50ms")


@pytest.fixture(scope="module")
def strict(logs):
    """ministack that verifies signatures, seen by its administrator."""
    with peers.ministack(logs, AUTH="true") as peer:
        yield peer


@pytest.fixture
def user(strict):
    """A user of its own, whose keys a test makes and takes away."""
    return User(strict)


def credentials(service):
    return status(service)["aws"]["credentials"]


def test_keys_of_the_environment(strict, user, logs):
    client, key = strict.client(), user.make_key()
    table = create_table(client)
    put(client, table, by="environment")
    peer = Bare(strict, **variables(key))
    with serving(logs, peer, table) as service:
        assert (typed(service, "a"), "env") == oracle(peer, table, "a")
        told = status(service)["aws"]
        assert told["credentials"] == {"source": "environment", "expires_at": None, "loads": 1, "failures": 0, "trouble": None}
        assert (told["region"], told["endpoint"], told["streams_endpoint"]) == (peers.REGION, strict.url, strict.url)
        assert told["clock_skew_ms"] == 0
        assert "credentials loaded from environment" in service.program.output
        assert 'tablecast_credentials_loads_total{outcome="ok"} 1' in service.get("/metrics").text
        assert "tablecast_credentials_expiry" not in service.get("/metrics").text
        assert_says_no_secret(service, *secrets(key))


@pytest.mark.parametrize("named", [False, True], ids=["default", "AWS_PROFILE"])
def test_keys_of_a_profile(strict, user, logs, tmp_path, named):
    client, key, files = strict.client(), user.make_key(), SharedFiles(tmp_path)
    table = create_table(client)
    put(client, table, by="profile")
    profile = "dev" if named else "default"
    files.put_keys(key, profile)
    peer = Bare(strict, **files.settings, **({"AWS_PROFILE": "dev"} if named else {}))
    with serving(logs, peer, table) as service:
        assert (typed(service, "a"), "shared-credentials-file") == oracle(peer, table, "a")
        assert credentials(service)["source"] == f"profile {profile}"
        assert f"credentials loaded from profile {profile}" in service.program.output
        assert_says_no_secret(service, *secrets(key))


def test_variables_win_over_a_profile_in_a_variable_and_lose_against_the_option(strict, user, logs, tmp_path):
    client, files = strict.client(), SharedFiles(tmp_path)
    table = create_table(client)
    put(client, table, by="both")
    own, other = user.make_key(), {"AccessKeyId": "AKIANOBODYKNOWSTHIS0", "SecretAccessKey": "x" * 40}
    files.put_keys(other, "dev")
    peer = Bare(strict, **files.settings, **variables(own), AWS_PROFILE="dev")
    with serving(logs, peer, table) as service:
        assert (typed(service, "a"), "env") == oracle(peer, table, "a")
        assert credentials(service)["source"] == "environment"
    files.put_keys(own, "dev")
    peer = Bare(strict, **files.settings, **variables(other))
    with serving(logs, peer, table, "--profile", "dev") as service:
        assert credentials(service)["source"] == "profile dev"


def test_a_key_that_nobody_knows_is_one_line_and_a_status(strict):
    key = {"AccessKeyId": "AKIANOBODYKNOWSTHIS0", "SecretAccessKey": "x" * 40}
    table = create_table(strict.client())
    peer = Bare(strict, **variables(key))
    state, _, errors = run(command(table, free_port())[1:], peer.settings())
    assert state == 78, errors
    (line,) = errors.strip().splitlines()
    assert "DescribeTable" in line and "UnrecognizedClientException" in line and "access key" in line, line
    assert "UnrecognizedClientException" in refusal(peer, table)
    assert "x" * 40 not in errors and key["AccessKeyId"] not in errors


@contextlib.contextmanager
def following_by_file(strict, user, logs, tmp_path):
    """A service that follows with a key of the shared file: (service, administrator's client, table, files, the key)."""
    client, key, files = strict.client(), user.make_key(), SharedFiles(tmp_path)
    table = create_table(client)
    put(client, table, by="first")
    files.put_keys(key)
    with serving(logs, Bare(strict, **files.settings), table, *OFTEN, "--max-lag", "1s") as service:
        yield service, client, table, files, key


def assert_arrives(service, client, table, text, seconds=40):
    put(client, table, by=text)
    wait_for(
        lambda: (service.item("a") or {}).get("by") == text and status(service)["state"] == "live", seconds,
        lambda: f"{text!r} to arrive: {status(service)}",
    )


def test_b7_a_replaced_key_in_the_shared_file_is_used_within_seconds(strict, user, logs, tmp_path):
    with following_by_file(strict, user, logs, tmp_path) as (service, client, table, files, key):
        epoch, fresh = status(service)["epoch"], user.make_key()
        files.put_keys(fresh)
        user.remove(key)
        assert_arrives(service, client, table, "with the new key")
        after = status(service)
        assert (after["epoch"], after["rebuilds"], credentials(service)["trouble"]) == (epoch, 0, None)
        assert credentials(service)["loads"] >= 2
        # Not by an attempt that fails: boto3 in the same environment reads the same.
        assert oracle(Bare(strict, **files.settings), table, "a")[0] == typed(service, "a")
        assert service.program.output.count("credentials loaded from profile default") == 2
        assert_says_no_secret(service, *secrets(key, fresh))


def test_b7_a_key_that_is_taken_away_first_is_found_when_it_comes(strict, user, logs, tmp_path):
    with following_by_file(strict, user, logs, tmp_path) as (service, client, table, files, key):
        user.remove(key)
        wait_for(lambda: status(service)["state"] == "stale", 15, lambda: f"stale without a key: {status(service)}")
        assert service.item("a") == {"id": "a", "by": "first"}
        fresh = user.make_key()
        files.put_keys(fresh)
        assert_arrives(service, client, table, "with the new key")
        assert status(service)["rebuilds"] == 0


def test_b7_a_half_written_file_keeps_the_old_keys(strict, user, logs, tmp_path):
    with following_by_file(strict, user, logs, tmp_path) as (service, client, table, files, key):
        files.credentials.write_text(f"[default]\naws_access_key_id = {key['AccessKeyId']}\n")
        # The file is read because the service rejects the key.
        user.set_active(key, False)
        trouble = wait_for(lambda: credentials(service)["trouble"], 15, "the half-written file to be seen")
        assert "aws_access_key_id is set, but aws_secret_access_key is not" in trouble
        assert "credentials could not be loaded, and the keys in use are kept" in service.program.output
        assert metric(service, "tablecast_credentials_failing") == 1
        # The old keys are good again, and the file is as it was.
        user.set_active(key, True)
        assert_arrives(service, client, table, "with the old key")
        # The file is looked at again by itself, although the old key is good.
        fresh = user.make_key()
        files.put_keys(fresh)
        wait_for(lambda: credentials(service)["trouble"] is None, 60, lambda: f"the whole file to be seen: {credentials(service)}")
        user.remove(key)
        assert_arrives(service, client, table, "with the new key")
        assert metric(service, "tablecast_credentials_failing") == 0
        assert_says_no_secret(service, *secrets(key, fresh))


def test_a_hang_up_takes_new_keys_while_the_old_ones_hold(strict, user, logs, tmp_path):
    with following_by_file(strict, user, logs, tmp_path) as (service, client, table, files, key):
        fresh = user.make_key()
        files.put_keys(fresh)
        service.program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: credentials(service)["loads"] == 2, 10, lambda: f"the reading: {credentials(service)}")
        # Without a rejection, which would be followed by a third reading.
        user.remove(key)
        assert_arrives(service, client, table, "with the new key")
        assert (credentials(service)["loads"], credentials(service)["failures"]) == (2, 0)
        assert status(service)["rebuilds"] == 0
        assert service.program.output.count("credentials loaded from profile default") == 2
        # A file without keys changes nothing.
        files.credentials.write_text("[default]\n")
        service.program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: credentials(service)["trouble"], 10, "the empty file to be seen")
        assert_arrives(service, client, table, "with the keys of before")
        assert_says_no_secret(service, *secrets(key, fresh))


def test_a_source_whose_keys_are_all_rejected_is_asked_rarely_and_a_good_key_is_used_when_it_comes(strict, user, logs, tmp_path):
    client, files, given, runs = strict.client(), SharedFiles(tmp_path), tmp_path / "given", tmp_path / "runs"
    table, key, program = create_table(client), user.make_key(), tmp_path / "give-keys"
    put(client, table, by="first")

    def give(key):
        document = {"Version": 1, "AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
        fresh = given.with_suffix(".new")
        fresh.write_text(json.dumps(document))
        fresh.replace(given)

    # Each run has another key: its number stands for `RUN`.
    program.write_text(f"#!/bin/sh\necho run >> '{runs}'\nsed \"s/RUN/$(wc -l < '{runs}')/\" '{given}'\n")
    program.chmod(0o755)
    files.config.write_text(f"[default]\ncredential_process = {program}\n")
    give(key)
    with serving(logs, Bare(strict, **files.settings), table, *OFTEN, "--max-lag", "1s") as service:
        give({"AccessKeyId": "AKIANOBODYKNOWSRUN", "SecretAccessKey": "x" * 40})
        user.remove(key)
        wait_for(lambda: credentials(service)["loads"] >= 2, 20, lambda: f"a rejection: {credentials(service)}")
        before = len(runs.read_text().splitlines())
        for _ in looks(20, every=0.5):
            assert service.get("/livez").status_code == 200
        # One shard alone makes few calls; CredentialsLifetimeTests has the pauses for many.
        assert len(runs.read_text().splitlines()) - before <= 14
        give(user.make_key())
        assert_arrives(service, client, table, "with a good key")
