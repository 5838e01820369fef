"""A machine whose clock is wrong: AWS's time is taken from its responses, requests are signed with it, and the error is reported."""

import pytest
from support import peers
from support.credentials import Bare, SharedFiles, put, refusal
from support.following import status
from support.iam import User, make_role
from support.processes import wait_for
from support.service import metric, serving
from support.tables import create_table
from support.wall_clock import WallClock


@pytest.fixture(scope="module")
def strict(logs):
    """ministack that verifies signatures and their time."""
    with peers.ministack(logs, AUTH="true") as peer:
        yield peers.iam_user(peer)


@pytest.mark.parametrize("seconds", [3600, -3600], ids=["ahead", "behind"])
def test_an_hour_off(strict, logs, tmp_path, seconds):
    clock = WallClock(tmp_path, seconds)
    client = strict.client()
    table = create_table(client)
    put(client, table, at="first")
    with serving(logs, strict, table, "--poll-interval", "50ms", **clock.settings) as service:
        put(client, table, at="second")
        wait_for(lambda: (service.item("a") or {}).get("at") == "second", 10, "the write to arrive")
        told = status(service)
        assert told["state"] == "live" and abs(told["aws"]["clock_skew_ms"] - seconds * 1000) < 5000, told["aws"]
        assert abs(metric(service, "tablecast_clock_skew_seconds") - seconds) < 5
        # The table's lag is told by AWS's clock, too.
        assert told["lag_ms"] < 60_000
        way = "ahead of" if seconds > 0 else "behind"
        wait_for(lambda: f"s {way} AWS's; requests are signed with AWS's time" in service.program.output, 5, "a line that says so")
        clock.set(0)
        wait_for(lambda: "this machine's clock agrees with AWS's again" in service.program.output, 10, "the end of it to be said")
        assert service.program.output.count("requests are signed with AWS's time") == 1
        put(client, table, at="third")
        wait_for(lambda: (service.item("a") or {}).get("at") == "third", 10, "a write after the correction to arrive")
        assert status(service)["aws"]["clock_skew_ms"] == 0


def test_the_peer_does_verify_the_time(strict, tmp_path):
    """boto3 with a clock like that, which it does not correct for DynamoDB."""
    clock = WallClock(tmp_path, -3600)
    said = refusal(Bare(strict, AWS_ACCESS_KEY_ID=strict.key, AWS_SECRET_ACCESS_KEY=strict.secret, **clock.settings), "any")
    assert "Signature expired" in said


@pytest.mark.parametrize("seconds", [3600, -3600], ids=["ahead", "behind"])
def test_a_role_is_assumed_by_a_machine_an_hour_off(logs, tmp_path, seconds):
    """Without the time of STS, its keys would seem to have ended when they come, or the call would be rejected."""
    with peers.ministack(logs, AUTH="true") as strict:
        clock, files, user = WallClock(tmp_path, seconds), SharedFiles(tmp_path), User(strict)
        role = make_role(strict, {"AWS": user.arn}, "sts:AssumeRole")
        files.put_keys(user.make_key(), "base")
        files.config.write_text(f"[default]\nrole_arn = {role}\nsource_profile = base\n")
        client = strict.client()
        table = create_table(client)
        put(client, table, at="first")
        with serving(logs, Bare(strict, **files.settings), table, "--poll-interval", "50ms", **clock.settings) as service:
            put(client, table, at="second")
            wait_for(lambda: (service.item("a") or {}).get("at") == "second", 30, "the write to arrive")
            told = status(service)["aws"]
            assert abs(told["clock_skew_ms"] - seconds * 1000) < 5000, told
            assert (told["credentials"]["loads"], told["credentials"]["trouble"]) == (1, None)
