"""`--ignore-attributes`: one event a write on a table whose replication writes every item twice (global tables of version 2017.11.29)."""

from support.events import stream, until
from support.processes import wait_for
from support.service import run, serving
from support.tables import create_table

OPTIONS = ("--poll-interval", "50ms")
IGNORE = ("--ignore-attributes", "aws:rep:*")


def write(client, table, name, value, moment):
    """A write of an application, and what the global table adds to it."""
    item = {"id": {"S": name}, "n": {"N": str(value)}}
    client.put_item(TableName=table, Item=item)
    replicate(client, table, name, moment)


def replicate(client, table, name, moment):
    client.update_item(
        TableName=table, Key={"id": {"S": name}}, UpdateExpression="SET #d = :d, #t = :t, #r = :r",
        ExpressionAttributeNames={"#d": "aws:rep:deleting", "#t": "aws:rep:updatetime", "#r": "aws:rep:updateregion"},
        ExpressionAttributeValues={":d": {"BOOL": False}, ":t": {"N": str(moment)}, ":r": {"S": "eu-central-1"}},
    )  # fmt: skip


def test_a_write_of_a_global_table_is_one_event_and_one_version(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    for number in range(3):
        write(client, table, f"item-{number}", 0, 1)
    options = (*OPTIONS, *IGNORE, "--state-dir", tmp_path / "state")
    with serving(logs, ministack, table, *options) as service:
        assert service.item("item-0") == {"id": "item-0", "n": 0}
        position = service.get("/v1/status").json()["position"]
        tag = service.get("/v1/items/item-1").headers["ETag"]
        with stream(service, f"/v1/events?since={position}") as events:
            until(events, "ready")
            write(client, table, "item-0", 1, 2)
            replicate(client, table, "item-1", 2)
            client.put_item(TableName=table, Item={"id": {"S": "end"}})
            told = []
            for event in events:
                if event.kind == "message":
                    told.append((event.json["key"]["id"], event.json["item"]))
                    if told[-1][0] == "end":
                        break
        assert told == [("item-0", {"id": "item-0", "n": 1}), ("end", {"id": "end"})]
        assert service.get("/v1/items/item-1").headers["ETag"] == tag
        position = service.get("/v1/status").json()["position"]
        seq = position.split(".")[1]
        wait_for(lambda: service.get("/v1/status").json()["saved_state"]["saved_seq"] == seq, 10, "a save")
        assert service.program.stop() == 0
    replicate(client, table, "item-2", 3)
    with serving(logs, ministack, table, *options) as service:
        assert service.get("/v1/status").json()["saved_state"]["resumed"]
        assert service.get("/v1/changes", params={"since": position}).json()["changes"] == []
        assert service.program.stop() == 0
    # Without the option the table is read again, with all that it has.
    with serving(logs, ministack, table, *OPTIONS, "--state-dir", tmp_path / "state") as service:
        assert "the state was saved with --ignore-attributes 'aws:rep:*'" in service.program.output
        assert service.item("item-2")["aws:rep:updatetime"] == 3


def test_the_key_cannot_be_ignored(ministack, logs):
    table = create_table(ministack.client())
    arguments = ["serve", "--table", table, "--listen", "127.0.0.1:0", "--ignore-attributes", "aws:rep:*", "--ignore-attributes", "i*"]
    status, _, error = run(arguments, ministack.settings())
    assert status == 78
    assert f"--ignore-attributes 'aws:rep:*,i*' covers 'id' of the primary key of table {table}" in error
    status, _, error = run(["serve", "--table", table, "--ignore-attributes", "a*b"])
    assert status == 2
    assert "--ignore-attributes: 'a*b' is not allowed; give names of attributes" in error
