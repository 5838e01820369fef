"""Tables that are there and refuse reads: a disabled KMS key, an archive, a restore without a stream."""

import contextlib
import time

import httpx
from support import peers
from support.faulty_shards import TABLE, FaultyShards
from support.processes import wait_for
from support.service import run, serving
from support.tables import create_table, fill

OPTIONS = ("--poll-interval", "50ms", "--max-lag", "1s")
KEY = "arn:aws:kms:us-east-1:000000000000:key/1"
INACCESSIBLE = {"TableStatus": "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "SSEDescription": {"KMSMasterKeyArn": KEY, "InaccessibleEncryptionDateTime": 1.7e9}}


def status(service):
    return service.get("/v1/status").json()


def start(peer):
    return run(["serve", "--table", TABLE, "--listen", "127.0.0.1:0"], peer.settings())


def obstruct(sandbox, table, obstacle, **members):
    assert httpx.post(f"{sandbox.url}/_sandbox/obstruct", json={"table": table, "obstacle": obstacle, **members}, timeout=10).status_code == 200


def test_a_table_whose_key_is_disabled_is_served_and_followed_again(logs):
    with peers.sandbox(logs) as sandbox:
        client = sandbox.client()
        table = create_table(client)
        fill(client, table, 3)
        with serving(logs, sandbox, table, *OPTIONS) as service:
            obstruct(sandbox, table, "inaccessible-key", key=KEY)
            told = wait_for(lambda: (found := status(service))["reason_code"] == "key-inaccessible" and found, 40, lambda: f"the key, not {status(service)}")
            assert told["state"] == "stale" and KEY in told["reason"]
            assert service.get("/v1/items/item-00001").headers["Replica-State"] == "stale"
            obstruct(sandbox, table, "none")
            client.put_item(TableName=table, Item={"id": {"S": "second"}})
            wait_for(lambda: service.item("second"), 30, "the write after")
            wait_for(lambda: status(service)["state"] == "live", 30, "the replica to be live again")
            assert status(service)["rebuilds"] == 0


def test_an_archived_table_is_served_as_it_was_and_ends_a_start(logs):
    with peers.sandbox(logs) as sandbox:
        client = sandbox.client()
        table = create_table(client)
        fill(client, table, 3)
        with serving(logs, sandbox, table, *OPTIONS) as service:
            obstruct(sandbox, table, "archived", backup="arn:b")
            wait_for(lambda: status(service)["reason_code"] == "table-archived", 40, lambda: f"the archive, not {status(service)}")
            assert service.get("/v1/items/item-00001").headers["Replica-State"] == "stale"
            assert "--backup-arn arn:b" in status(service)["reason"]
        code, _, error = run(["serve", "--table", table, "--listen", "127.0.0.1:0"], sandbox.settings())
        assert code == 78 and f"table {table} cannot be read: DynamoDB archived it" in error and "--backup-arn arn:b" in error


def test_a_start_waits_for_a_disabled_key_and_ends_for_an_archive_or_a_restore_without_a_stream(logs):
    endpoint = FaultyShards()
    with endpoint.running() as peer:
        endpoint.described = INACCESSIBLE
        with serving(logs, peer, TABLE, *OPTIONS, ready=False) as service:
            wait_for(lambda: service.program.process.poll() is None and reachable(service), 15, "the service to listen")
            wait_for(lambda: status(service)["reason_code"] == "key-inaccessible", 15, lambda: f"the reason, not {status(service)}")
            endpoint.described = {}
            service.wait_until_ready(30)
        endpoint.described = {"TableStatus": "ARCHIVED", "ArchivalSummary": {"ArchivalReason": "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ArchivalBackupArn": "arn:b"}}
        began = time.monotonic()
        code, _, error = start(peer)
        assert code == 78 and time.monotonic() - began < 40
        assert f"table {TABLE} cannot be read: DynamoDB archived it (INACCESSIBLE_ENCRYPTION_CREDENTIALS)" in error
        assert "--backup-arn arn:b" in error
        endpoint.described = {"StreamSpecification": None, "LatestStreamArn": None, "RestoreSummary": {"SourceTableArn": "arn:source"}}
        code, _, error = start(peer)
        assert code == 78
        assert "has no stream, so its changes cannot be followed (it was restored from arn:source, and a restore brings no stream back)" in error
        assert f"aws dynamodb update-table --table-name {TABLE}" in error


def reachable(service):
    with contextlib.suppress(httpx.ConnectError):
        return service.get("/livez").status_code == 200
