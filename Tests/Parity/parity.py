"""Runs one long list of DynamoDB and DynamoDB Streams calls and prints what came back, a canonical JSON line a call.

    python parity.py http://127.0.0.1:8000

Two endpoints that behave alike print the same lines. Only boto3 is needed; tables are created and deleted.
"""

import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from canonical import line, words
from validation import validation

BINARY = bytes(range(256))


class Endpoint:
    """Both clients of one endpoint, and the printing of what they answer."""

    def __init__(self, url):
        settings = dict(
            endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, parameter_validation=False))
        self.tables = boto3.client("dynamodb", **settings)
        self.streams = boto3.client("dynamodbstreams", **settings)

    def call(self, step, operation, sort_by=None, **parameters):
        """Makes a call, prints its line, and gives the answer back; None for an error, which is printed too."""
        client = self.streams if hasattr(self.streams, operation) else self.tables
        try:
            answer = getattr(client, operation)(**parameters)
        except ClientError as error:
            result = {"error": error.response["Error"]["Code"], "message": words(error.response["Error"]["Message"])}
            for member in ("CancellationReasons", "Item"):
                if member in error.response:
                    result[member] = error.response[member]
            print(line(step, result))
            return None
        if sort_by:
            answer = dict(answer, Items=sorted(answer["Items"], key=lambda item: str(item[sort_by])))
        print(line(step, answer))
        return answer

    def create(self, name, keys="id:S", view=None):
        attributes = [part.split(":") for part in keys.split()]
        parameters = dict(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": attribute, "KeyType": kind}
                       for (attribute, _), kind in zip(attributes, ("HASH", "RANGE"))],
            AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": kind} for attribute, kind in attributes])
        if view:
            parameters["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
        return self.call(f"create {name}", "create_table", **parameters)


def s(text):
    return {"S": text}


def n(number):
    return {"N": str(number)}


def tables(at):
    at.create("parity-plain")
    at.create("parity-plain")
    at.create("parity-pair", "id:S pos:N")
    at.create("parity-binary", "id:B pos:B")
    at.call("describe", "describe_table", TableName="parity-plain")
    at.call("describe pair", "describe_table", TableName="parity-pair")
    at.call("describe absent", "describe_table", TableName="parity-absent")
    at.call("delete absent", "delete_table", TableName="parity-absent")
    at.call("list tables", "list_tables", Limit=2)
    at.call("list tables after", "list_tables", ExclusiveStartTableName="parity-pair")
    at.call("bad table name", "create_table", TableName="a b", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    at.call("key without definition", "create_table", TableName="parity-bad", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}])
    at.call("definition without key", "create_table", TableName="parity-bad", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"},
                                  {"AttributeName": "other", "AttributeType": "S"}])


def types(at):
    everything = {
        "id": s("types"), "s": s("déjà \u2028 \"vu\" 🚲"), "empty": s(""), "n": n("-1.50"), "b": {"B": BINARY},
        "nob": {"B": b""}, "yes": {"BOOL": True}, "no": {"BOOL": False}, "null": {"NULL": True},
        "ss": {"SS": ["b", "a", "ä"]}, "ns": {"NS": ["2", "1.0", "-3"]}, "bs": {"BS": [b"\x01", b"\x00\xff"]},
        "l": {"L": [s("x"), n(1), {"L": []}, {"M": {}}]}, "m": {"M": {"a": {"M": {"b": {"L": [n(7)]}}}, "": s("no name")}},
    }
    at.call("put every type", "put_item", TableName="parity-plain", Item=everything)
    at.call("get every type", "get_item", TableName="parity-plain", Key={"id": s("types")}, ConsistentRead=True)
    at.call("put returns nothing new", "put_item", TableName="parity-plain", Item=everything, ReturnValues="ALL_OLD")
    at.call("get projection", "get_item", TableName="parity-plain", Key={"id": s("types")},
            ProjectionExpression="m.a.b[0], l[0], l[2], #s", ExpressionAttributeNames={"#s": "s"})
    at.call("get absent", "get_item", TableName="parity-plain", Key={"id": s("absent")})
    at.call("get from absent table", "get_item", TableName="parity-absent", Key={"id": s("a")})
    for number in ("0", "-0", "00012.3400", "1E+2", "1.5e3", "12345678901234567890123456789012345678", "0.1e-100",
                   "1E-130", "9.9999999999999999999999999999999999999E+125", "-5", "+5", ".5", "5."):
        at.call(f"put number {number}", "put_item", TableName="parity-plain", Item={"id": s("number"), "n": n(number)})
        at.call(f"get number {number}", "get_item", TableName="parity-plain", Key={"id": s("number")})
    for number in ("123456789012345678901234567890123456789", "1E+126", "1E-131", "one", "", "1 ", "1_0", "0x1", "NaN"):
        at.call(f"refuse number {number!r}", "put_item", TableName="parity-plain",
                Item={"id": s("number"), "n": n(number)})
    for name, value in (("empty string set", {"SS": []}), ("empty number set", {"NS": []}),
                        ("string twice", {"SS": ["a", "b", "a"]}), ("null false", {"NULL": False})):
        at.call(f"refuse {name}", "put_item", TableName="parity-plain", Item={"id": s("bad"), "v": value})
    at.call("refuse empty value", "put_item", TableName="parity-plain", Item={"id": s("bad"), "v": {}})
    at.call("refuse missing key", "put_item", TableName="parity-plain", Item={"v": n(1)})
    at.call("refuse key type", "put_item", TableName="parity-plain", Item={"id": n(1)})
    at.call("refuse empty key", "put_item", TableName="parity-plain", Item={"id": s("")})
    at.call("refuse get with more than the key", "get_item", TableName="parity-plain", Key={"id": s("a"), "x": s("b")})
    at.call("refuse get with half a key", "get_item", TableName="parity-pair", Key={"id": s("a")})
    at.call("refuse large item", "put_item", TableName="parity-plain", Item={"id": s("large"), "v": s("x" * 409_600)})
    at.call("binary key", "put_item", TableName="parity-binary", Item={"id": {"B": b"\x00\xff"}, "pos": {"B": b"\x01"}})
    at.call("get binary key", "get_item", TableName="parity-binary",
            Key={"id": {"B": b"\x00\xff"}, "pos": {"B": b"\x01"}})
    at.call("number key", "put_item", TableName="parity-pair", Item={"id": s("n"), "pos": n("1E+2"), "v": n(1)})
    at.call("get number key", "get_item", TableName="parity-pair", Key={"id": s("n"), "pos": n("1e2")})
    at.call("same number key", "put_item", TableName="parity-pair", Item={"id": s("n"), "pos": n("100.0"), "v": n(2)},
            ReturnValues="ALL_OLD")


def conditions(at):
    item = {"id": s("c"), "n": n(5), "s": s("hello"), "b": {"B": b"abc"}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]},
            "l": {"L": [s("x"), n(2)]}, "m": {"M": {"k": s("v")}}, "t": {"BOOL": True}}
    at.call("condition item", "put_item", TableName="parity-plain", Item=item)
    values = {":n": n(5), ":low": n(1), ":high": n(9), ":s": s("hello"), ":he": s("he"), ":x": s("x"), ":a": s("a"),
              ":two": n(2), ":type": s("SS"), ":b": {"B": b"ab"}, ":t": {"BOOL": True}, ":zero": n(0)}
    holds = ["n = :n", "n <> :s", "n < :high AND n > :low", "n <= :n AND n >= :n", "n BETWEEN :low AND :high",
             "n IN (:low, :n)", "attribute_exists(m.k)", "attribute_not_exists(m.z)", "attribute_type(ss, :type)",
             "begins_with(s, :he)", "begins_with(b, :b)", "contains(s, :he)", "contains(ss, :a)", "contains(ns, :two)",
             "contains(l, :x)", "size(s) = :n", "size(l) = :two", "size(m) < :two", "NOT n = :low", "t = :t",
             "(n = :low OR n = :n) AND NOT (s = :x)", "n = :low OR n = :n AND s = :s", "l[1] = :two", "m.k <> :x",
             "absent <> :n", "NOT attribute_exists(absent)", "size(ss) > :low"]
    fails = ["n = :s", "n = :low", "n < :s", "absent = :n", "absent < :n", "attribute_exists(l[7])", "contains(s, :two)",
             "begins_with(n, :he)", "n IN (:s, :low)", "NOT t = :t", "size(n) = :n", "l[0] = :two", "s BETWEEN :x AND :x",
             "n = :low AND n = :n"]
    for expression in holds + fails:
        used = {name: value for name, value in values.items() if name in expression.replace("(", " ").replace(")", " ")
                .replace(",", " ").split()}
        parameters = {"ExpressionAttributeValues": used} if used else {}
        at.call(f"condition {expression}", "update_item", TableName="parity-plain", Key={"id": s("c")},
                ConditionExpression=expression, **parameters)
    at.call("condition names", "delete_item", TableName="parity-plain", Key={"id": s("c")},
            ConditionExpression="#size = :n", ExpressionAttributeNames={"#size": "size"},
            ExpressionAttributeValues={":n": n(1)}, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    at.call("put if absent", "put_item", TableName="parity-plain", Item={"id": s("c")},
            ConditionExpression="attribute_not_exists(id)")
    broken = ["n =", "= :n", "n == :n", "n = :n AND", "(n = :n", "n = :n)", "name = :n", "nothing(n)", "n BETWEEN :n",
              "begins_with(n)", "attribute_exists(:n)", "n = :undefined", "#undefined = :n", "n ; :n", "", "n IN ()",
              "n BETWEEN :nine AND :n", "begins_with(s, :n)", "attribute_type(n, :n)"]
    for expression in broken:
        parameters = {"ExpressionAttributeValues": {":n": n(5)}} if ":n" in expression else {}
        if ":nine" in expression:
            parameters["ExpressionAttributeValues"][":nine"] = n(9)
        at.call(f"broken condition {expression!r}", "delete_item", TableName="parity-plain", Key={"id": s("c")},
                ConditionExpression=expression, **parameters)
    at.call("unused value", "delete_item", TableName="parity-plain", Key={"id": s("c")},
            ConditionExpression="n = :n", ExpressionAttributeValues={":n": n(1), ":m": n(2)})
    at.call("unused name", "delete_item", TableName="parity-plain", Key={"id": s("c")},
            ConditionExpression="n = :n", ExpressionAttributeNames={"#x": "x"}, ExpressionAttributeValues={":n": n(1)})
    at.call("values without expression", "put_item", TableName="parity-plain", Item={"id": s("c")},
            ExpressionAttributeValues={":n": n(1)})


def updates(at):
    def update(expression, names=None, values=None, returns="ALL_NEW", key="u", **more):
        if names:
            more["ExpressionAttributeNames"] = names
        if values:
            more["ExpressionAttributeValues"] = values
        at.call(f"update {expression} {returns}", "update_item", TableName="parity-plain", Key={"id": s(key)},
                UpdateExpression=expression, ReturnValues=returns, **more)

    update("SET a = :a, b.c = :a", values={":a": n(1)})
    update("SET a = :a, m = :m, l = :l", values={":a": n(1), ":m": {"M": {"x": n(1)}}, ":l": {"L": [n(0), n(1), n(2)]}})
    update("SET a = a + :one, z = if_not_exists(z, :one)", values={":one": n("0.5")})
    update("SET a = a - :one, z = if_not_exists(a, :one)", values={":one": n(3)})
    update("SET m.y = :y, l[1] = :y", values={":y": s("y")})
    update("SET l[3] = :b", values={":b": s("three")})
    update("SET l = list_append(l, :more)", values={":more": {"L": [{"BOOL": True}]}})
    update("SET l = list_append(if_not_exists(fresh, :none), l)", values={":none": {"L": []}})
    update("REMOVE l[4], m.x")
    update("REMOVE absent, m.absent, l[99]")
    update("ADD a :one, counter :one, tags :tags", values={":one": n(1), ":tags": {"SS": ["x", "y"]}})
    update("ADD tags :tags DELETE other :tags", values={":tags": {"SS": ["y", "z"]}})
    update("DELETE tags :tags", values={":tags": {"SS": ["x", "nothing"]}})
    update("DELETE tags :tags", values={":tags": {"SS": ["y", "z"]}})
    update("set #n = :v Remove z", names={"#n": "name"}, values={":v": s("lower case")})
    for returns in ("NONE", "ALL_OLD", "UPDATED_OLD", "UPDATED_NEW"):
        update("SET m.y = :v, fresh = :v REMOVE counter", values={":v": s(returns)}, returns=returns)
    at.call("update without expression", "update_item", TableName="parity-plain", Key={"id": s("bare")},
            ReturnValues="ALL_NEW")
    update("SET id = :v", values={":v": s("no")})
    at.call("update in absent table", "update_item", TableName="parity-absent", Key={"id": s("a")},
            UpdateExpression="REMOVE a")
    at.call("put returns updated", "put_item", TableName="parity-plain", Item={"id": s("u")}, ReturnValues="ALL_NEW")
    at.call("delete returns old", "delete_item", TableName="parity-plain", Key={"id": s("u")}, ReturnValues="ALL_OLD")
    at.call("delete again", "delete_item", TableName="parity-plain", Key={"id": s("u")}, ReturnValues="ALL_OLD")


def lone_updates(at):
    """Updates of one same item each, so that what one endpoint gets wrong stays in its line."""
    def update(expression, values=None, returns="ALL_NEW", **more):
        at.tables.put_item(TableName="parity-plain", Item={
            "id": s("lone"), "a": n(1), "text": s("x"), "l": {"L": [n(0), n(1), n(2), n(3)]}, "m": {"M": {"y": s("y")}}})
        if values:
            more["ExpressionAttributeValues"] = values
        at.call(f"lone update {expression} {returns}", "update_item", TableName="parity-plain", Key={"id": s("lone")},
                UpdateExpression=expression, ReturnValues=returns, **more)

    one = {":v": n(1)}
    update("SET l[9] = :a, l[7] = :b", {":a": s("nine"), ":b": s("seven")})
    update("REMOVE l[0], l[2]")
    update("SET l[0] = :v", one, "UPDATED_NEW")
    update("SET m.z = :v", one, "UPDATED_NEW")
    update("SET text.t = :v", one)
    update("SET m[0] = :v", one)
    update("REMOVE absent.x")
    update("SET a = absent")
    update("SET a = absent + :v", one)
    update("SET a = text + :v", one)
    update("SET a = :s + :v", one | {":s": s("1")})
    update("SET l = list_append(a, :l)", {":l": {"L": []}})
    update("SET a = :v, l[1] = a, m.y = text", {":v": s("new")})
    update("ADD text :v", one)
    update("ADD a :s", {":s": s("text")})
    update("ADD m.count :v", one)
    update("DELETE a :s", {":s": {"SS": ["x"]}})
    update("DELETE a :v", one)
    update("SET m = :v, m.x = :v", one)
    update("SET a = :v, a = :v", one)
    update("SET a = :v REMOVE a", one)
    update("SET a = :v SET b = :v", one)
    update("SET a :v", one)
    update("SET")
    update("")
    update("DROP a")
    update("SET a = :v,", one)
    update("SET a = :undefined")
    update("SET #undefined = :v", one)
    update("SET status = :v", one)
    update("SET a = nothing(:v)", one)
    update("SET id = :v", {":v": s("no")})
    update("SET big = :v", {":v": s("x" * 409_590)}, "NONE")
    update("SET a = :v", {":v": n("9" * 38)})
    update("ADD a :v", {":v": n("9.9999999999999999999999999999999999999E+125")})


def batches(at):
    puts = [{"PutRequest": {"Item": {"id": s(f"b{i:02}"), "n": n(i)}}} for i in range(25)]
    at.call("batch write", "batch_write_item", RequestItems={"parity-plain": puts})
    at.call("batch write too many", "batch_write_item",
            RequestItems={"parity-plain": puts + [{"PutRequest": {"Item": {"id": s("more")}}}]})
    at.call("batch write twice the same", "batch_write_item", RequestItems={"parity-plain": [puts[0], puts[0]]})
    at.call("batch write mixed", "batch_write_item", RequestItems={
        "parity-plain": [{"DeleteRequest": {"Key": {"id": s("b00")}}}, {"PutRequest": {"Item": {"id": s("b99")}}}],
        "parity-pair": [{"PutRequest": {"Item": {"id": s("b"), "pos": n(1)}}}]})
    at.call("batch write absent table", "batch_write_item",
            RequestItems={"parity-absent": [{"PutRequest": {"Item": {"id": s("a")}}}]})
    at.call("batch write without key", "batch_write_item",
            RequestItems={"parity-plain": [{"PutRequest": {"Item": {"n": n(1)}}}]})
    keys = [{"id": s(f"b{i:02}")} for i in range(3)]
    answer = at.tables.batch_get_item(RequestItems={"parity-plain": {"Keys": keys, "ConsistentRead": True}})
    answer["Responses"]["parity-plain"].sort(key=str)
    print(line("batch get", answer))
    at.call("batch get projection", "batch_get_item",
            RequestItems={"parity-plain": {"Keys": keys[1:2], "ProjectionExpression": "n"}})
    at.call("batch get twice the same", "batch_get_item", RequestItems={"parity-plain": {"Keys": [keys[0], keys[0]]}})
    at.call("batch get wrong key", "batch_get_item", RequestItems={"parity-plain": {"Keys": [{"x": s("a")}]}})
    at.call("batch get absent table", "batch_get_item", RequestItems={"parity-absent": {"Keys": keys}})


def transactions(at):
    put = {"Put": {"TableName": "parity-plain", "Item": {"id": s("t1"), "n": n(1)}}}
    update = {"Update": {"TableName": "parity-plain", "Key": {"id": s("t2")}, "UpdateExpression": "SET n = :n",
                         "ExpressionAttributeValues": {":n": n(2)}}}
    other = {"Put": {"TableName": "parity-pair", "Item": {"id": s("t"), "pos": n(3)}}}
    check = {"ConditionCheck": {"TableName": "parity-plain", "Key": {"id": s("t1")},
                                "ConditionExpression": "attribute_exists(id)"}}
    delete = {"Delete": {"TableName": "parity-plain", "Key": {"id": s("t2")}, "ConditionExpression": "n = :n",
                         "ExpressionAttributeValues": {":n": n(9)}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
    at.call("transaction", "transact_write_items", TransactItems=[put, update, other])
    at.call("transaction with check", "transact_write_items",
            TransactItems=[check, {"Delete": {"TableName": "parity-pair", "Key": {"id": s("t"), "pos": n(3)}}}])
    at.call("cancelled transaction", "transact_write_items", TransactItems=[
        {"Put": {"TableName": "parity-plain", "Item": {"id": s("t3")}}}, delete, check])
    at.call("nothing of it was done", "get_item", TableName="parity-plain", Key={"id": s("t3")})
    at.call("transaction twice the same", "transact_write_items", TransactItems=[put, check])
    at.call("transaction with bad update", "transact_write_items", TransactItems=[
        {"Update": {"TableName": "parity-plain", "Key": {"id": s("t2")}, "UpdateExpression": "SET n = absent"}}, put])
    at.call("transaction in absent table", "transact_write_items", TransactItems=[
        {"Put": {"TableName": "parity-absent", "Item": {"id": s("a")}}}])
    at.call("empty transaction", "transact_write_items", TransactItems=[])


def queries(at):
    at.create("parity-query", "id:S pos:S")
    at.create("parity-numbers", "id:S pos:N")
    for index, name in enumerate(("", "a", "aa", "ab", "b", "ba", "c")):
        if name:
            at.tables.put_item(TableName="parity-query", Item={"id": s("q"), "pos": s(name), "n": n(index)})
    for number in ("-100", "-1.5", "0", "0.001", "2", "10", "1E+20"):
        at.tables.put_item(TableName="parity-numbers", Item={"id": s("q"), "pos": n(number)})

    def query(condition, values, table="parity-query", **more):
        return at.call(f"query {table} {condition} {sorted(more.items())}", "query", TableName=table,
                       KeyConditionExpression=condition, ExpressionAttributeValues=values, **more)

    q, a, b = {":q": s("q")}, {":a": s("a")}, {":b": s("b")}
    query("id = :q", q)
    query("id = :q AND pos = :a", q | a)
    query("id = :q AND pos < :b", q | b)
    query("id = :q AND pos <= :b", q | b)
    query("id = :q AND pos > :a", q | a)
    query("pos >= :a AND id = :q", q | a)
    query("id = :q AND pos BETWEEN :a AND :b", q | a | b)
    query("id = :q AND begins_with(pos, :a)", q | a)
    query("(id = :q) AND (begins_with(pos, :a))", q | a)
    query("id = :q", {":q": s("nobody")})
    query("id = :q", q, ScanIndexForward=False)
    query("id = :q", q, ScanIndexForward=False, Limit=2)
    query("id = :q", q, Limit=2, ExclusiveStartKey={"id": s("q"), "pos": s("ab")})
    query("id = :q", q, ScanIndexForward=False, ExclusiveStartKey={"id": s("q"), "pos": s("ab")})
    query("id = :q", q | {":three": n(3)}, FilterExpression="n > :three", ProjectionExpression="pos")
    query("id = :q", q, Select="COUNT")
    query("id = :q", q, table="parity-numbers")
    query("id = :q AND pos BETWEEN :l AND :h", q | {":l": n(-2), ":h": n(2)}, table="parity-numbers")
    query("id = :q AND pos > :l", q | {":l": n("0.0005")}, table="parity-numbers", ScanIndexForward=False)
    query("id > :q", q)
    query("pos = :a", a)
    query("id = :q AND n = :a", q | a)
    query("id = :q OR pos = :a", q | a)
    query("id = :q AND pos <> :a", q | a)
    query("id = :q AND pos = :n", q | {":n": n(1)})
    query("id = :q AND contains(pos, :a)", q | a)
    query("id = :q", q | a, FilterExpression="pos = :a")
    query("id = :q", q, Limit=0)
    query("id = :q", q, ExclusiveStartKey={"id": s("q")})
    at.call("query without condition", "query", TableName="parity-query")


def scans(at):
    at.create("parity-scan", "id:S")
    for index in range(30):
        at.tables.put_item(TableName="parity-scan", Item={"id": s(f"s{index:02}"), "n": n(index), "v": s("x" * 100)})
    at.call("scan", "scan", sort_by="id", TableName="parity-scan", ConsistentRead=True)
    at.call("scan filter", "scan", sort_by="id", TableName="parity-scan", FilterExpression="n < :n",
            ExpressionAttributeValues={":n": n(3)}, ProjectionExpression="id, n")
    at.call("scan count", "scan", TableName="parity-scan", Select="COUNT")
    at.call("scan capacity", "scan", TableName="parity-scan", Select="COUNT", ReturnConsumedCapacity="TOTAL",
            ConsistentRead=True)
    for limit in (7, 30):
        pages, found, start = 0, [], {}
        while True:
            page = at.tables.scan(TableName="parity-scan", Limit=limit, **start)
            pages += 1
            found += [item["id"]["S"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        print(line(f"scan pages of {limit}", {"pages": pages, "items": sorted(found)}))
    found = []
    for segment in range(3):
        found += [item["id"]["S"] for item in
                  at.tables.scan(TableName="parity-scan", Segment=segment, TotalSegments=3)["Items"]]
    print(line("scan segments", {"items": sorted(found)}))
    at.create("parity-large", "id:S")
    for index in range(30):
        at.tables.put_item(TableName="parity-large", Item={"id": s(f"l{index:02}"), "v": s("x" * 100_000)})
    counts, start = [], {}
    while True:
        page = at.tables.scan(TableName="parity-large", **start)
        counts.append(page["Count"])
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    print(line("scan pages of a megabyte", {"counts": counts}))
    at.call("scan segment without total", "scan", TableName="parity-scan", Segment=0)
    at.call("scan total without segment", "scan", TableName="parity-scan", TotalSegments=2)
    at.call("scan segment too high", "scan", TableName="parity-scan", Segment=2, TotalSegments=2)
    at.call("scan limit 0", "scan", TableName="parity-scan", Limit=0)
    at.call("scan wrong start key", "scan", TableName="parity-scan", ExclusiveStartKey={"x": s("a")})
    at.call("scan absent table", "scan", TableName="parity-absent")


def read_stream(at, table):
    """Every record of a table's stream by all its shards, in the order of their sequence numbers."""
    arn = at.tables.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    records = []
    for shard in at.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = at.streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        for _ in range(20):
            page = at.streams.get_records(ShardIterator=iterator, Limit=3)
            records += page["Records"]
            iterator = page.get("NextShardIterator")
            if not iterator:
                break
    return sorted(records, key=lambda record: int(record["dynamodb"]["SequenceNumber"]))


def stream_records(at, view):
    table = "parity-" + view.lower().replace("_", "-")
    at.create(table, "id:S pos:N", view)
    t, key = at.tables, {"id": s("k"), "pos": n(1)}
    t.put_item(TableName=table, Item=key | {"v": n(1), "b": {"B": b"\x00"}})
    t.put_item(TableName=table, Item=key | {"v": n("1.0"), "b": {"B": b"\x00"}})
    t.put_item(TableName=table, Item=key | {"v": n(2)})
    t.update_item(TableName=table, Key=key, UpdateExpression="SET v = v + :one REMOVE b",
                  ExpressionAttributeValues={":one": n(1)})
    t.update_item(TableName=table, Key=key, UpdateExpression="REMOVE nothing")
    t.update_item(TableName=table, Key=key, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": n(3)})
    t.delete_item(TableName=table, Key=key)
    t.delete_item(TableName=table, Key=key)
    t.update_item(TableName=table, Key={"id": s("fresh"), "pos": n(2)})
    t.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": {"id": s("batch"), "pos": n(1)}}},
                                             {"DeleteRequest": {"Key": {"id": s("fresh"), "pos": n(2)}}}]})
    t.transact_write_items(TransactItems=[
        {"Put": {"TableName": table, "Item": {"id": s("tx"), "pos": n(1), "ss": {"SS": ["b", "a"]}}}},
        {"Delete": {"TableName": table, "Key": {"id": s("batch"), "pos": n(1)}}},
        {"ConditionCheck": {"TableName": table, "Key": {"id": s("none"), "pos": n(1)},
                            "ConditionExpression": "attribute_not_exists(id)"}}])
    at.call(f"{view} cancelled", "transact_write_items", TransactItems=[
        {"Put": {"TableName": table, "Item": {"id": s("never"), "pos": n(1)}}},
        {"ConditionCheck": {"TableName": table, "Key": {"id": s("none"), "pos": n(1)},
                            "ConditionExpression": "attribute_exists(id)"}}])
    for index, record in enumerate(read_stream(at, table)):
        print(line(f"{view} record {index}", record))


def stream_reading(at):
    at.create("parity-stream", "id:S", "NEW_AND_OLD_IMAGES")
    arn = at.tables.describe_table(TableName="parity-stream")["Table"]["LatestStreamArn"]
    at.call("list streams", "list_streams", TableName="parity-stream")
    description = at.streams.describe_stream(StreamArn=arn)["StreamDescription"]
    description["Shards"] = len(description["Shards"]) > 0
    print(line("describe stream", description))
    for index in range(5):
        at.tables.put_item(TableName="parity-stream", Item={"id": s("one partition"), "n": n(index)})
    shard, records = busy_shard(at, arn)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    print(line("sequence numbers", {"ascending": numbers == sorted(numbers, key=int), "count": len(numbers)}))

    def read(kind, number=None):
        more = {"SequenceNumber": number} if number else {}
        answer = at.call(f"iterator {kind} {number is not None}", "get_shard_iterator", StreamArn=arn, ShardId=shard,
                         ShardIteratorType=kind, **more)
        if answer:
            page = at.streams.get_records(ShardIterator=answer["ShardIterator"])
            print(line(f"read {kind} {number is not None}", page))
            return page
        return None

    read("TRIM_HORIZON")
    read("AT_SEQUENCE_NUMBER", numbers[2])
    read("AFTER_SEQUENCE_NUMBER", numbers[2])
    read("AFTER_SEQUENCE_NUMBER", numbers[4])
    page = read("LATEST")
    at.tables.put_item(TableName="parity-stream", Item={"id": s("one partition"), "n": n(99)})
    at.call("read after LATEST", "get_records", ShardIterator=page["NextShardIterator"])
    read("AT_SEQUENCE_NUMBER")
    at.call("wrong iterator type", "get_shard_iterator", StreamArn=arn, ShardId=shard, ShardIteratorType="SOON")
    at.call("absent shard", "get_shard_iterator", StreamArn=arn, ShardId="shardId-00000000000000000001-deadbeef",
            ShardIteratorType="LATEST")
    at.call("absent stream", "describe_stream",
            StreamArn="arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2020-01-01T00:00:00.000")
    at.call("broken iterator", "get_records", ShardIterator="nonsense")
    at.call("limit 0", "get_records", ShardIterator=page["NextShardIterator"], Limit=0)
    at.call("children of a leaf", "describe_stream", StreamArn=arn,
            ShardFilter={"Type": "CHILD_SHARDS", "ShardId": shard})
    at.call("disable stream", "update_table", TableName="parity-stream", StreamSpecification={"StreamEnabled": False})
    closed = at.streams.describe_stream(StreamArn=arn)["StreamDescription"]
    print(line("closed stream", {"status": closed["StreamStatus"], "ended": all(
        "EndingSequenceNumber" in shard["SequenceNumberRange"] for shard in closed["Shards"])}))
    read("TRIM_HORIZON")
    at.call("enable stream", "update_table", TableName="parity-stream",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    at.call("enable again", "update_table", TableName="parity-stream",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    fresh = at.tables.describe_table(TableName="parity-stream")["Table"]["LatestStreamArn"]
    print(line("new stream", {"new": fresh != arn}))


def busy_shard(at, arn):
    """The shard that has records, and its records."""
    for shard in at.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = at.streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        records = at.streams.get_records(ShardIterator=iterator)["Records"]
        if records:
            return shard["ShardId"], records
    raise AssertionError("no shard has records")


def clean(at):
    at.call("delete table", "delete_table", TableName="parity-pair")
    at.call("deleted table", "get_item", TableName="parity-pair", Key={"id": s("a"), "pos": n(1)})
    for name in at.tables.list_tables()["TableNames"]:
        if name.startswith("parity-"):
            at.tables.delete_table(TableName=name)
    deadline = time.monotonic() + 10
    while any(name.startswith("parity-") for name in at.tables.list_tables()["TableNames"]):
        if time.monotonic() > deadline:
            raise AssertionError("tables are still there after 10 s")


def main():
    at = Endpoint(sys.argv[1])
    for part in (tables, types, conditions, updates, lone_updates, batches, transactions, queries, scans, validation):
        part(at)
    for view in ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"):
        stream_records(at, view)
    stream_reading(at)
    clean(at)


if __name__ == "__main__":
    main()
