"""Queries over HTTP, with boto3 as the writer and its Query, Scan and FilterExpression as the oracle."""

import json
import re
import socket
import threading

import httpx
import pytest
from support import peers
from support.processes import wait_for
from support.service import serving
from support.tables import canonical, create_table, spelled, truth

LINES = {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
def sandbox(logs):
    """Our own endpoint: a second implementation of DynamoDB's expressions, checked against ministack by the parity tests."""
    with peers.sandbox(logs) as peer:
        yield peer


def put_all(client, table, items):
    for item in items:
        client.put_item(TableName=table, Item=item)


def items_of(service, path="/v1/items", **parameters):
    """All pages of a list, typed."""
    items, parameters = [], {"format": "dynamodb", "limit": "7", **parameters}
    while True:
        page = service.get(path, params=parameters)
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        if page.json()["next"] is None:
            return items
        parameters["cursor"] = page.json()["next"]


# What is asked of DynamoDB (a condition over the sort key, its values) and of us.
SORT_KEYS = {
    "S": {
        "values": ["", "a", "a#1", "a#10", "a#2", "b", "bé", "b😀", "c"][1:],
        "queries": [
            ("id = :p", [], {}),
            ("id = :p AND #at = :a", ["b"], {"sk_from": "b", "sk_to": "b"}),
            ("id = :p AND #at >= :a", ["a#2"], {"sk_from": "a#2"}),
            ("id = :p AND #at <= :a", ["b"], {"sk_to": "b"}),
            ("id = :p AND #at BETWEEN :a AND :b", ["a#1", "bé"], {"sk_from": "a#1", "sk_to": "bé"}),
            ("id = :p AND begins_with(#at, :a)", ["a#"], {"sk_prefix": "a#"}),
            ("id = :p AND begins_with(#at, :a)", ["b"], {"sk_prefix": "b"}),
        ],
    },
    "N": {
        "values": ["-1E+3", "-2.5", "-2", "0", "0.001", "2", "10", "1E+20", "12345678901234567890123456789012345678"],
        "queries": [
            ("id = :p", [], {}),
            ("id = :p AND #at >= :a", ["-2"], {"sk_from": "-2.0"}),
            ("id = :p AND #at <= :a", ["10"], {"sk_to": "1e1"}),
            ("id = :p AND #at BETWEEN :a AND :b", ["-2.5", "2"], {"sk_from": "-2.5", "sk_to": "2"}),
        ],
    },
}


@pytest.mark.parametrize("kind", SORT_KEYS)
def test_key_conditions_answer_as_query_does(ministack, logs, kind):
    client = ministack.client()
    table = create_table(client, sort_key="at", types="S" + kind)
    for partition in ("p", "p\u0001", "q/r"):
        put_all(client, table, ({"id": {"S": partition}, "at": {kind: value}} for value in SORT_KEYS[kind]["values"]))
    with serving(logs, ministack, table) as service:
        for partition in ("p", "q/r", "nobody"):
            for condition, values, parameters in SORT_KEYS[kind]["queries"]:
                names = dict(zip((":a", ":b"), ({kind: value} for value in values)))
                for forward, order in ((True, "asc"), (False, "desc")):
                    expected = client.query(
                        TableName=table, KeyConditionExpression=condition, ScanIndexForward=forward,
                        ExpressionAttributeValues={":p": {"S": partition}, **names},
                        **({"ExpressionAttributeNames": {"#at": "at"}} if "#at" in condition else {}),
                    )["Items"]
                    seen = items_of(service, pk=partition, order=order, limit="2", **parameters)
                    assert [spelled(item) for item in seen] == [spelled(item) for item in expected], (condition, values, order)


ITEMS = [
    {"id": {"S": "string"}, "v": {"S": "mango"}, "w": {"S": "man"}},
    {"id": {"S": "higher"}, "v": {"S": "zebra"}},
    {"id": {"S": "non-ascii"}, "v": {"S": "é😀"}},
    {"id": {"S": "empty"}, "v": {"S": ""}},
    {"id": {"S": "number"}, "v": {"N": "10.50"}, "w": {"N": "10.5"}},
    {"id": {"S": "negative"}, "v": {"N": "-3"}},
    {"id": {"S": "precise"}, "v": {"N": "12345678901234567890123456789012345678"}},
    {"id": {"S": "binary"}, "v": {"B": b"\x01\x02\xff"}},
    {"id": {"S": "true"}, "v": {"BOOL": True}},
    {"id": {"S": "null"}, "v": {"NULL": True}},
    {"id": {"S": "strings"}, "v": {"SS": ["a", "mango"]}},
    {"id": {"S": "numbers"}, "v": {"NS": ["1", "10.5"]}},
    {"id": {"S": "list"}, "v": {"L": [{"N": "1"}, {"S": "mango"}, {"M": {"k": {"N": "2"}}}]}},
    {"id": {"S": "map"}, "v": {"M": {"k": {"N": "5"}, "l": {"L": [{"S": "x"}]}}}},
    # Two names that differ only in Unicode normal form, and the same the other way round.
    {"id": {"S": "two names"}, "v": {"M": {"\u00e9": {"N": "5"}, "e\u0301": {"N": "6"}}}},
    {"id": {"S": "exchanged"}, "v": {"M": {"\u00e9": {"N": "6"}, "e\u0301": {"N": "5"}}}},
    {"id": {"S": "absent"}, "w": {"S": "only w"}},
]

VALUES = {
    "S": {"S": "mango"}, "N": {"N": "10.5"}, "P": {"S": "ma"}, "B": {"B": b"\x01\x02\xff"}, "T": {"BOOL": True}, "Z": {"NULL": True},
    "SS": {"SS": ["mango", "a"]}, "NS": {"NS": ["10.5", "1"]}, "L": {"L": [{"N": "1"}, {"S": "mango"}, {"M": {"k": {"N": "2"}}}]},
    "big": {"N": "12345678901234567890123456789012345677"}, "two": {"N": "2"}, "five": {"N": "5"}, "zero": {"N": "0"},
    "M": {"M": {"\u00e9": {"N": "5"}, "e\u0301": {"N": "6"}}},
}
LITERALS = {
    "S": "'mango'", "N": "10.5", "P": "'ma'", "B": "b'AQL/'", "T": "true", "Z": "null", "SS": "SS('a','mango')", "NS": "NS(1, 10.50)",
    "L": "[1, 'mango', {k: 2}]", "big": "12345678901234567890123456789012345677", "two": "2", "five": "5", "zero": "0",
    "M": "{`\u00e9`: 5, `e\u0301`: 6}",
}
# Each is DynamoDB's FilterExpression and our predicate at once, the literals put in for the placeholders.
FILTERS = [
    *(f"v {sign} :{name}" for sign in ("=", "<>") for name in ("S", "N", "B", "T", "Z", "SS", "NS", "L", "M")),
    *(f"v {sign} :{name}" for sign in ("<", "<=", ">", ">=") for name in ("S", "N", "B")),
    "v > :big", "v = w", "v <> w", "v < w", "v BETWEEN :P AND :S", "v BETWEEN :zero AND :N", "v IN (:S, :N, :T)",
    "begins_with(v, :P)", "begins_with(v, w)", "contains(v, :S)", "contains(v, :N)", "contains(v, :P)", "contains(v, :five)",
    "attribute_exists(v)", "attribute_not_exists(v)", "attribute_exists(v.k)", "attribute_exists(v[0])", "size(v) = :two",
    "size(v) > :two", "size(v) = :five", "v.k = :five", "v.k > :two", "v[1] = :S", "v[2].k = :two", "v.l[0] < :S", "NOT v = :S",
    "NOT contains(v, :S)", "v = :S OR v = :N AND w = :N", "(v = :S OR v = :N) AND w = :N", "NOT (attribute_exists(w) OR v = :T)",
    "v <> :S AND v <> :N AND attribute_exists(v)",
]


def our_predicate(expression):
    for name in sorted(VALUES, key=len, reverse=True):
        expression = expression.replace(f":{name}", LITERALS[name])
    return expression


@pytest.fixture(scope="module", params=["ministack", "sandbox"])
def filtered(request, logs):
    """(boto3 client, table, service) over the items above."""
    peer = request.getfixturevalue(request.param)
    client = peer.client()
    table = create_table(client)
    put_all(client, table, ITEMS)
    with serving(logs, peer, table) as service:
        yield client, table, service, request.param


# ministack refuses the whole scan where one item's attribute is no string; in DynamoDB the test fails for that item.
MINISTACK_DIFFERS = {"begins_with(v, :P)", "begins_with(v, w)"}


@pytest.mark.parametrize("expression", FILTERS)
def test_predicates_find_what_filter_expressions_find(filtered, expression):
    client, table, service, peer = filtered
    if peer == "ministack" and expression in MINISTACK_DIFFERS:
        pytest.skip("ministack differs from DynamoDB here")
    placeholders = set(re.findall(r":\w+", expression))
    used = {f":{name}": value for name, value in VALUES.items() if f":{name}" in placeholders}
    arguments = {"ExpressionAttributeValues": used} if used else {}
    expected = client.scan(TableName=table, FilterExpression=expression, **arguments)["Items"]
    seen = items_of(service, where=our_predicate(expression))
    assert sorted(item["id"]["S"] for item in seen) == sorted(item["id"]["S"] for item in expected)


@pytest.mark.parametrize("fields", ["id", "v", "v.k", "v[1],id", "v[2].k,v[0]", "v.l[0],w", "nothing", "id,v.k,v.l"])
def test_fields_are_what_a_projection_expression_gives(filtered, fields):
    client, table, service, _ = filtered
    for key in ("map", "list", "string", "absent"):
        expected = client.get_item(TableName=table, Key={"id": {"S": key}}, ProjectionExpression=fields).get("Item", {})
        assert spelled(service.item(key, params={"fields": fields, "format": "dynamodb"})) == spelled(expected), key


@pytest.fixture(scope="module")
def orders(ministack, logs):
    """(client, table, service): six megabytes in two partitions, so that an export does not fit into a socket's buffers."""
    client = ministack.client()
    table = create_table(client, sort_key="at", types="SN")
    put_all(
        client, table,
        ({"id": {"S": f"p{number % 2}"}, "at": {"N": str(number)}, "text": {"S": "x" * 30_000}} for number in range(200)),
    )
    with serving(logs, ministack, table) as service:
        yield client, table, service


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_an_export_is_the_whole_table_with_its_position(orders, coding):
    client, table, service = orders
    answer = service.get("/v1/items", params={"format": "dynamodb"}, headers={**LINES, "Accept-Encoding": coding})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers.get("Content-Encoding") == ("gzip" if coding == "gzip" else None)
    *items, last = [json.loads(line) for line in answer.text.splitlines()]
    assert canonical(items) == truth(client, table)
    assert last["as_of"]["position"] == answer.headers["Replica-Position"]


def test_an_export_of_a_query(orders):
    _, _, service = orders
    answer = service.get("/v1/items/p1", params={"sk_from": "20", "where": "at < 30", "fields": "at"}, headers=LINES)
    *items, last = [json.loads(line) for line in answer.text.splitlines()]
    assert items == [{"at": number} for number in range(21, 30, 2)] and "as_of" in last


def start_export(service):
    """An export whose client reads nothing but the head."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", service.port))
    connection.sendall(b"GET /v1/items HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n")
    return connection, connection.recv(12)


def test_clients_that_do_not_read_take_a_bounded_number_of_places_and_harm_nobody(orders):
    _, _, service = orders
    stuck = [start_export(service) for _ in range(8)]
    assert all(head == b"HTTP/1.1 200" for _, head in stuck)
    refused = service.get("/v1/items", headers=LINES)
    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
    assert refused.json()["type"].endswith(":too-many-exports")
    # Everything else goes on as ever.
    assert service.item("p1/21")["at"] == 21
    for connection, _ in stuck:
        connection.close()
    wait_for(lambda: service.get("/v1/items", headers=LINES).status_code == 200, 10, "places to be given back")


def test_an_untouched_item_is_in_one_page_while_a_writer_writes(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    put_all(client, table, ({"id": {"S": f"{number:03}"}, "n": {"N": "0"}} for number in range(120)))
    done = threading.Event()

    def write():
        turn = 0
        while not done.is_set():
            turn += 1
            for number in range(0, 120, 3):
                key = {"id": {"S": f"{number:03}"}}
                if turn % 2:
                    client.delete_item(TableName=table, Key=key)
                else:
                    client.put_item(TableName=table, Item={**key, "n": {"N": str(turn)}})

    with serving(logs, ministack, table) as service:
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for order in ("asc", "desc"):
                for parameters in ({}, {"where": "n >= 0"}):
                    seen = [item["id"]["S"] for item in items_of(service, order=order, **parameters)]
                    untouched = [name for name in seen if int(name) % 3]
                    assert untouched == sorted((f"{n:03}" for n in range(120) if n % 3), reverse=order == "desc")
                    assert len(set(seen)) == len(seen)
        finally:
            done.set()
            writer.join()


def test_the_feed_goes_on_from_a_list(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    put_all(client, table, ({"id": {"S": f"{number:03}"}, "n": {"N": "0"}} for number in range(20)))
    with serving(logs, ministack, table) as service:
        first = service.get("/v1/items", params={"limit": "10"})
        held = {item["id"]: item for item in first.json()["items"]}
        # Behind the first page's range, and before it: both are missing from what the second page tells.
        client.put_item(TableName=table, Item={"id": {"S": "005"}, "n": {"N": "1"}})
        client.delete_item(TableName=table, Key={"id": {"S": "003"}})
        client.put_item(TableName=table, Item={"id": {"S": "015"}, "n": {"N": "1"}})
        wait_for(lambda: service.item("015")["n"] == 1, 10, "the writes to arrive")
        second = service.follow(first, first.links["next"]["url"])
        assert second.json()["next"] is None
        held |= {item["id"]: item for item in second.json()["items"]}
        target = second.links["monitor"]["url"]
        # Both go on from where the first page was read. The second link also covers what the second page showed, up to a later time.
        began, covered = (httpx.URL(url).params for url in (first.links["monitor"]["url"], target))
        place, high = began["since"].rsplit(".", 1)
        later_place, later_high = covered["since"].rsplit(".", 1)
        assert (place, began.remove("since")) == (later_place, covered.remove("since"))
        assert int(later_high, 36) >= int(high, 36)
        with httpx.stream("GET", second.url.join(target + "&timeout=1s"), timeout=10) as events:
            changes = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith('data: {"op"')]
        for change in changes:
            held.pop(change["key"]["id"], None)
            if change["op"] == "put":
                held[change["key"]["id"]] = change["item"]
        assert held == {f"{n:03}": {"id": f"{n:03}", "n": 1 if n in (5, 15) else 0} for n in range(20) if n != 3}
        assert sorted(change["key"]["id"] for change in changes) == ["003", "005", "015"]


# A query of the table of orders (partition key S, sort key N): what is wrong with it, the parameter, and a word of what is allowed.
MISTAKES = {
    "an empty pk": ("pk=", "pk", "never empty"),
    "a long pk": ("pk=" + "x" * 2049, "pk", "2048"),
    "a repeated pk": ("pk=a&pk=b", "pk", "more than once"),
    "an unknown parameter": ("partition=a", "partition", "sk_prefix"),
    "a pk that is not UTF-8": ("pk=%C3%28", "pk", "UTF-8"),
    "sk without pk": ("sk=1", "sk", "pk"),
    "sk of the wrong type": ("pk=p1&sk=one", "sk", "number"),
    "sk out of range": ("pk=p1&sk=1e200", "sk", "38 digits"),
    "an empty sk_from": ("pk=p1&sk_from=", "sk_from", "never empty"),
    "a range upside down": ("pk=p1&sk_from=2&sk_to=1", "sk_to", "sk_from"),
    "a prefix of a number": ("pk=p1&sk_prefix=1", "sk_prefix", "sk_from"),
    "sk beside a range": ("pk=p1&sk=1&sk_to=2", "sk_to", "one item"),
    "an empty where": ("where=", "where", "column 1"),
    "a where that ends early": ("where=at%20%3D", "where", "column 5"),
    "a where of too many bytes": ("where=" + "a" * 4097, "where", "4096"),
    "a where nested too deeply": ("where=" + "(" * 40 + "a%3D1" + ")" * 40, "where", "32"),
    "a where with a big number": ("where=at%3D" + "1" * 39, "where", "38 digits"),
    "an empty fields": ("fields=", "fields", "name"),
    "fields that end early": ("fields=a,", "fields", "column 3"),
    "a format that is none": ("format=csv", "format", "dynamodb"),
    "numbers that are none": ("numbers=int", "numbers", "string"),
    "an order that is none": ("order=ASC", "order", "desc"),
    "a limit of nothing": ("limit=0", "limit", "1000"),
    "a limit too high": ("limit=1001", "limit", "1000"),
    "a limit over 64 bits": ("limit=99999999999999999999", "limit", "1000"),
    "an empty limit": ("limit=", "limit", "1000"),
    "an empty cursor": ("cursor=", "cursor", "not one"),
    "a cursor that is none": ("cursor=AAAA", "cursor", "not one"),
    "a cursor too long": ("cursor=" + "A" * 9000, "cursor", "not one"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_value_and_what_is_allowed(orders, name):
    query, parameter, word = MISTAKES[name]
    _, _, service = orders
    answer = service.get(f"/v1/items?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["parameter"] == parameter and f"'{parameter}'" in problem["detail"]
    assert word in problem["detail"] and len(problem["detail"]) < 700, problem["detail"]
    if "column" in word:
        assert problem["column"] == int(word.split()[1])


def test_a_broken_escape_is_named_with_its_parameter(orders):
    _, _, service = orders
    for query in (b"where=%zz", b"limit=1&where=%4", b"where=%00&limit=1", b"where=\xff"):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
            connection.sendall(b"GET /v1/items?" + query + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 400 "), answer
            problem = json.loads(answer[answer.index(b"\r\n\r\n") :])
            assert problem["parameter"] == "where" and problem["request_id"], problem
            assert problem["detail"].startswith("The query parameter 'where' cannot be '"), problem


def test_a_cursor_belongs_to_its_query(orders):
    _, _, service = orders
    cursor = service.get("/v1/items", params={"pk": "p1", "limit": "1"}).json()["next"]
    assert service.get("/v1/items", params={"pk": "p1", "fields": "at", "limit": "3", "cursor": cursor}).json()["items"][0] == {"at": 3}
    for other in ({}, {"pk": "p0"}, {"pk": "p1", "order": "desc"}, {"pk": "p1", "where": "at > 1"}, {"pk": "p1", "sk_from": "1"}):
        answer = service.get("/v1/items", params={**other, "cursor": cursor})
        assert answer.status_code == 400 and answer.json()["type"].endswith(":invalid-cursor"), answer.text


def test_a_list_that_no_client_takes(orders):
    _, _, service = orders
    answer = service.get("/v1/items", headers={"Accept": "text/csv"})
    assert answer.status_code == 406 and answer.json()["allowed"] == ["application/json", "application/x-ndjson"]


def test_a_sort_key_where_there_is_none(filtered):
    _, _, service, _ = filtered
    for name in ("sk", "sk_prefix", "sk_from", "sk_to"):
        answer = service.get("/v1/items", params={"pk": "string", name: "x"})
        assert answer.status_code == 400 and "no sort key" in answer.json()["detail"]
        assert answer.json()["parameter"] == name
