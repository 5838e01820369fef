"""Signing, against a server that checks signatures."""

import pytest
from support import peers
from support.following import assert_follows
from support.processes import free_port
from support.service import command, run, serving
from support.tables import create_table, fill


@pytest.fixture(scope="module")
def strict(logs):
    """ministack that refuses what is not signed by a user's key: (the administrator's view, the user's)."""
    with peers.ministack(logs, AUTH="true") as peer:
        yield peers.iam_user(peer)


def test_our_signatures_are_accepted(strict, logs):
    client = strict.client()
    table = create_table(client)
    fill(client, table, 40)
    with serving(logs, strict, table) as service:
        client.put_item(TableName=table, Item={"id": {"S": "later ☃"}})
        assert_follows(client, table, service)


def test_a_wrong_secret_is_one_line_and_a_status(strict):
    settings = strict.settings(AWS_SECRET_ACCESS_KEY="wrong" * 8)
    status, _, errors = run(command("any", free_port())[1:], settings)
    assert status == 78
    lines = errors.strip().splitlines()
    assert len(lines) == 1, errors
    assert "DescribeTable" in lines[0] and "Signature" in lines[0]
    assert "wrong" * 8 not in errors
