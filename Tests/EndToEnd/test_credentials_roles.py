"""Keys of roles: web identity, a role that a profile assumes, a program, an instance and a container. boto3 is the judge."""

import datetime
import json

import pytest
from support import peers
from support.credentials import Bare, SharedFiles, assert_says_no_secret, oracle, put, refusal, typed
from support.following import status
from support.iam import User, make_role, make_web_role, secrets, web_token
from support.processes import free_port, wait_for
from support.service import command, metric, run, serving
from support.tables import create_table

SUBJECT = "system:serviceaccount:shop:replica"
OFTEN = ("--poll-interval", "50ms")


@pytest.fixture(scope="module")
def strict(logs):
    """ministack that verifies signatures, seen by its administrator."""
    with peers.ministack(logs, AUTH="true") as peer:
        yield peer


@pytest.fixture(scope="module")
def instance(logs):
    """ministack as the instance's and the container's own service. It does not know the keys that it hands out there, so it takes any."""
    with peers.ministack(logs, MINISTACK_IMDS_V2_REQUIRED="1") as peer:
        yield peer


def credentials(service):
    return status(service)["aws"]["credentials"]


def seconds_left(service):
    end = datetime.datetime.fromisoformat(credentials(service)["expires_at"])
    return (end - datetime.datetime.now(datetime.UTC)).total_seconds()


def assert_like_boto3(logs, peer, table, source, method, *hidden):
    """The service and boto3 read the same item by the same kind of credentials, which end within an hour and are not shown."""
    with serving(logs, peer, table, *OFTEN) as service:
        assert (typed(service, "a"), method) == oracle(peer, table, "a")
        assert credentials(service)["source"] == source
        assert 3000 < seconds_left(service) <= 3601
        end = metric(service, "tablecast_credentials_expiry_timestamp_seconds")
        assert abs(end - datetime.datetime.now().timestamp() - seconds_left(service)) < 5
        assert f"credentials loaded from {source} expires_at=" in service.program.output
        assert_says_no_secret(service, *hidden)


def web_identity(strict, folder, subject=SUBJECT):
    """A peer whose environment is that of a pod: (peer, role's ARN, the token's file)."""
    role, file = make_web_role(strict, SUBJECT), folder / "token"
    file.write_text(web_token(subject))
    return Bare(strict, AWS_ROLE_ARN=role, AWS_WEB_IDENTITY_TOKEN_FILE=str(file)), role, file


def table_with_item(peer):
    client = peer.client()
    table = create_table(client)
    put(client, table, by="role")
    return table


def test_web_identity(strict, logs, tmp_path):
    peer, role, _ = web_identity(strict, tmp_path)
    method = "assume-role-with-web-identity"
    assert_like_boto3(logs, peer, table_with_item(strict), f"web identity of role {role}", method, web_token(SUBJECT))


def test_a_web_identity_that_may_not_assume_the_role_is_one_line(strict, tmp_path):
    peer, role, _ = web_identity(strict, tmp_path, "system:serviceaccount:shop:other")
    table = table_with_item(strict)
    state, _, errors = run(command(table, free_port())[1:], peer.settings())
    assert state == 78, errors
    (line,) = errors.strip().splitlines()
    assert "AccessDenied" in line and "AssumeRoleWithWebIdentity" in line and role in line, line
    assert "AccessDenied" in refusal(peer, table)


def test_a_role_that_a_profile_assumes(strict, logs, tmp_path):
    user, files = User(strict), SharedFiles(tmp_path)
    key, role = user.make_key(), make_role(strict, {"AWS": user.arn}, "sts:AssumeRole")
    files.put_keys(key, "base")
    files.config.write_text(f"[profile dev]\nrole_arn = {role}\nsource_profile = base\n")
    peer = Bare(strict, **files.settings, AWS_PROFILE="dev")
    assert_like_boto3(logs, peer, table_with_item(strict), f"role {role} by profile dev", "assume-role", *secrets(key))


def test_a_role_that_trusts_somebody_else_is_one_line(strict, tmp_path):
    user, other, files = User(strict), User(strict), SharedFiles(tmp_path)
    key, role = user.make_key(), make_role(strict, {"AWS": other.arn}, "sts:AssumeRole")
    files.put_keys(key, "base")
    files.config.write_text(f"[profile dev]\nrole_arn = {role}\nsource_profile = base\n")
    peer, table = Bare(strict, **files.settings, AWS_PROFILE="dev"), table_with_item(strict)
    state, _, errors = run(command(table, free_port())[1:], peer.settings())
    assert state == 78, errors
    (line,) = errors.strip().splitlines()
    assert "AccessDenied" in line and role in line and "AssumeRole" in line, line
    assert "AccessDenied" in refusal(peer, table)


def test_a_program_whose_keys_end_soon_is_run_again_and_again(strict, logs, tmp_path):
    key, files, runs = User(strict).make_key(), SharedFiles(tmp_path), tmp_path / "runs"
    program = tmp_path / "give-keys"
    document = {"Version": 1, "AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"], "Expiration": "END"}
    program.write_text(
        f"#!/bin/sh\necho run >> '{runs}'\nend=$(date -u -d '+6 seconds' +%Y-%m-%dT%H:%M:%SZ)\n"
        f"echo '{json.dumps(document)}' | sed \"s/END/$end/\"\n"
    )
    program.chmod(0o755)
    files.config.write_text(f"[profile dev]\ncredential_process = {program}\n")
    peer, table = Bare(strict, **files.settings, AWS_PROFILE="dev"), table_with_item(strict)
    assert oracle(peer, table, "a") == ({"id": {"S": "a"}, "by": {"S": "role"}}, "custom-process")
    with serving(logs, peer, table, *OFTEN, "--max-lag", "1s") as service:
        assert typed(service, "a") == oracle(peer, table, "a")[0]
        assert credentials(service)["source"] == "process of profile dev"
        first = credentials(service)["expires_at"]
        # A renewal ahead of the end each time: the keys never end while they are used.
        wait_for(lambda: credentials(service)["loads"] >= 4, 25, lambda: f"three renewals: {credentials(service)}")
        assert credentials(service)["expires_at"] > first and seconds_left(service) > 0
        assert (credentials(service)["failures"], status(service)["state"]) == (0, "live")
        assert service.program.output.count("replica is stale") == 0
        assert_says_no_secret(service, *secrets(key))


def test_the_role_of_an_instance(instance, logs):
    metadata = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": instance.url}
    peer = Bare(instance, **metadata)
    assert_like_boto3(logs, peer, table_with_item(instance), "instance role ministack-instance-role", "iam-role")


def test_the_role_of_a_container(instance, logs):
    # The relative URI is for 169.254.170.2, which no test has.
    peer = Bare(instance, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{instance.url}/v2/credentials/task")
    assert_like_boto3(logs, peer, table_with_item(instance), f"container at 127.0.0.1:{instance.port}", "container-role")


def test_keys_of_a_role_that_have_expired_are_replaced_and_a_token_that_vanished_is_waited_for(logs, tmp_path):
    clock = peers.Clock(tmp_path / "clock")
    with peers.ministack(logs, AUTH="true", **clock.environment()) as strict:
        peer, _, file = web_identity(strict, tmp_path)
        table, client = table_with_item(strict), strict.client()
        with serving(logs, peer, table, *OFTEN, "--max-lag", "1s") as service:
            token, before = file.read_text(), status(service)
            # Keys hold for an hour. The peer's clock passes their end at once, so no renewal ahead of it helps. The administrator's
            # own key is checked for nothing, so its requests may be late.
            clock.set("+61m")
            put(client, table, by="after the first hour")
            wait_for(lambda: (service.item("a") or {}).get("by") == "after the first hour", 20, lambda: f"the write: {status(service)}")
            assert credentials(service)["loads"] >= 2
            file.unlink()
            clock.set("+122m")
            trouble = wait_for(lambda: credentials(service)["trouble"], 20, "the missing token in the status")
            assert str(file) in trouble, trouble
            wait_for(lambda: status(service)["state"] == "stale", 20, "stale without keys")
            put(client, table, by="after the second hour")
            file.write_text(token)
            wait_for(lambda: (service.item("a") or {}).get("by") == "after the second hour", 70, lambda: f"the write: {status(service)}")
            assert credentials(service)["trouble"] is None
            assert (status(service)["epoch"], status(service)["rebuilds"]) == (before["epoch"], 0)
