"""A table that is named by its ARN: of the caller's own account, of another one, and of another Region."""

import http.server
import json
import urllib.error
import urllib.request

from support.endpoints import Endpoint
from support.peers import REGION
from support.processes import free_port, wait_for
from support.service import command, run, serving
from support.tables import canonical, create_table, truth

OTHER = f"arn:aws:dynamodb:{REGION}:222222222222:table/orders"


class Accounts(Endpoint):
    """DynamoDB with two accounts in front of a peer: the caller's own table `orders`, and another account's by its ARN alone.

    The peer has both tables in one account, the other account's as `elsewhere`. `foreign_stream` makes DescribeTable of the own table
    answer with the other one's stream, as nothing in AWS should."""

    def __init__(self, peer, arn):
        self.peer, self.arn, self.calls, self.foreign_stream = peer, arn, [], None
        super().__init__("accounts", AccountsHandler)


class AccountsHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        request = json.loads(body)
        named = request.get("TableName") or next(iter(request.get("RequestItems", {})), None)
        server.calls.append((operation, named))
        inner = body.replace(f'"{OTHER}"'.encode(), b'"elsewhere"').replace(OTHER.encode(), server.arn.encode())
        forwarded = urllib.request.Request(server.peer.url, inner, {name: self.headers[name] for name in ("X-Amz-Target", "Authorization", "Content-Type")})
        try:
            with urllib.request.urlopen(forwarded, timeout=20) as answer:
                status, answered = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, answered = error.code, error.read()
        answered = answered.replace(server.arn.encode(), OTHER.encode())
        # In descriptions the table's name is a name; where a request named the table by its ARN, that comes back.
        answered = answered.replace(b'"elsewhere"', f'"{OTHER}"'.encode() if operation == "BatchGetItem" else b'"orders"')
        if server.foreign_stream and operation == "DescribeTable":
            description = json.loads(answered)
            description["Table"]["LatestStreamArn"] = server.foreign_stream
            answered = json.dumps(description).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answered)))
        self.end_headers()
        self.wfile.write(answered)


def fill(client, table, owner, count=30):
    for number in range(count):
        client.put_item(TableName=table, Item={"id": {"S": f"k{number}"}, "owner": {"S": owner}})


def test_a_table_named_by_its_arn(peer, logs):
    client = peer.client()
    table = create_table(client, view="KEYS_ONLY")
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    fill(client, table, "own")
    with serving(logs, peer, arn) as service:
        client.put_item(TableName=table, Item={"id": {"S": "late"}, "owner": {"S": "own"}})
        wait_for(lambda: service.item("late"), 20, "the write to arrive")
        assert canonical(service.export()) == truth(client, table)
        assert service.get("/v1/status").json()["table"] == arn


def test_two_accounts_with_a_table_of_one_name(ministack, logs):
    client = ministack.client()
    create_table(client, name="orders")
    create_table(client, name="elsewhere", view="KEYS_ONLY")
    arns = {name: client.describe_table(TableName=name)["Table"] for name in ("orders", "elsewhere")}
    fill(client, "orders", "own")
    fill(client, "elsewhere", "other")
    accounts = Accounts(ministack, arns["elsewhere"]["TableArn"])
    with accounts.running() as peer:
        with serving(logs, peer, OTHER, "--verify-rcu", "1000") as service:
            fill(client, "orders", "own again", 5)
            fill(client, "elsewhere", "other again", 5)
            wait_for(lambda: (service.item("k4") or {}).get("owner") == "other again", 20, "the write to arrive")
            assert canonical(service.export()) == truth(client, "elsewhere")
        named = {operation: {name for called, name in accounts.calls if called == operation} for operation, _ in accounts.calls}
        assert all(named[operation] == {OTHER} for operation in ("DescribeTable", "Scan", "BatchGetItem")), named

        # A description that mixes the two is refused before anything is served.
        accounts.foreign_stream = f"{OTHER}/stream/2026-01-01T00:00:00.000"
        status, _, errors = run(command("orders", free_port())[1:], peer.settings())
        assert status == 78, errors
        own = arns["orders"]["TableArn"].split(":")[4]
        assert f"its account is 222222222222, not {own}" in errors and len(errors.splitlines()) == 1, errors


def test_an_arn_of_another_region_than_the_configured_one(ministack):
    arn = "arn:aws:dynamodb:eu-west-1:000000000000:table/orders"
    status, _, errors = run(command(arn, free_port())[1:], ministack.settings())
    assert status == 78, errors
    (line,) = errors.splitlines()
    assert "is in the Region eu-west-1, and requests would go to us-east-1. Set --region or AWS_REGION to eu-west-1" in line


def test_the_region_of_an_arn_where_none_is_configured(ministack):
    settings = ministack.settings()
    del settings["AWS_REGION"]
    arn = f"arn:aws:dynamodb:{REGION}:000000000000:table/nowhere"
    status, _, errors = run(command(arn, free_port())[1:], settings)
    # Not a missing Region: DynamoDB was asked, and has no such table.
    assert status == 78 and "ResourceNotFoundException" in errors, errors


def test_a_text_that_is_no_arn_of_a_table(ministack):
    status, _, errors = run(command("arn:aws:dynamodb:us-east-1:1:table/t/index/i", free_port())[1:], ministack.settings())
    assert status == 2 and "arn:aws:dynamodb:REGION:ACCOUNT:table/NAME" in errors, errors
