"""Reading items over HTTP: keys of every type, lists and partitions, pages, tags, and what a bad request gets."""

import base64
import socket

import pytest
from support.service import serving
from support.tables import create_table


@pytest.fixture(scope="module")
def letters(ministack, logs):
    """A service over a table with a string key."""
    client = ministack.client()
    table = create_table(client)
    for name in ["a", "b", "c", "slash/and space", "ümlaut", "100%"]:
        client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": "1.50"}})
    with serving(logs, ministack, table) as service:
        yield service


@pytest.fixture(scope="module")
def events_by_time(ministack, logs):
    """A service over a table with a string and a number key."""
    client = ministack.client()
    table = create_table(client, sort_key="at", types="SN")
    for user in ("ada", "bob"):
        for at in ("-5", "0", "2", "10", "1E+2"):
            client.put_item(TableName=table, Item={"id": {"S": user}, "at": {"N": at}, "text": {"S": f"{user} {at}"}})
    with serving(logs, ministack, table) as service:
        yield service


def test_one_item_is_the_bare_item(letters):
    response = letters.get("/v1/items/a")
    assert response.json() == {"id": "a", "n": 1.5}
    assert response.headers["Content-Type"].startswith("application/json")
    assert {"Replica-Position", "Replica-Lag", "Replica-State", "ETag", "Date"} <= {
        name.title().replace("Etag", "ETag") for name in response.headers
    }
    assert response.headers["Replica-State"] == "live"
    assert "Access-Control-Allow-Origin" not in response.headers
    page = letters.get("/v1/items/a", headers={"Origin": "http://localhost:3000"})
    assert page.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


@pytest.mark.parametrize("path", ["slash%2Fand%20space", "%C3%BCmlaut", "100%25"])
def test_keys_are_percent_decoded_once(letters, path):
    assert letters.get(f"/v1/items/{path}").status_code == 200


def test_typed_form_keeps_the_number_type(letters):
    assert letters.item("a", params={"format": "dynamodb"})["n"]["N"] in ("1.5", "1.50")


def test_a_tag_saves_the_body(letters):
    first = letters.get("/v1/items/a")
    again = letters.get("/v1/items/a", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    typed = letters.get("/v1/items/a", params={"format": "dynamodb"})
    assert typed.headers["ETag"] != first.headers["ETag"]


def test_conditions_are_kept_to(letters):
    tag = letters.get("/v1/items/a").headers["ETag"]
    for header, value, status in [
        ("If-None-Match", "*", 304), ("If-None-Match", f'"x", W/{tag}', 304), ("If-None-Match", '"x"', 200),
        ("If-Match", tag, 200), ("If-Match", '"x"', 412), ("If-Modified-Since", "never", 200), ("Range", "bytes=0-1", 200),
    ]:
        assert letters.get("/v1/items/a", headers={header: value}).status_code == status, (header, value)


def test_a_large_answer_is_compressed_for_who_takes_it(letters):
    plain = letters.get("/openapi.yaml", headers={"Accept-Encoding": "identity"})
    coded = letters.get("/openapi.yaml", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers and coded.headers["Content-Encoding"] == "gzip"
    assert coded.text == plain.text
    assert int(coded.headers["Content-Length"]) * 3 < int(plain.headers["Content-Length"])


def test_a_batch_has_the_items_and_the_keys_without_one(letters):
    response = letters.http.post("/v1/items/batch-get", json={"keys": [{"id": "b"}, {"id": {"S": "none"}}, {"id": "a"}]})
    answer = response.json()
    assert [item["id"] for item in answer["found"]] == ["b", "a"]
    assert answer["missing"] == [{"id": "none"}]
    assert answer["as_of"]["position"] == response.headers["Replica-Position"]
    wrong = letters.http.post("/v1/items/batch-get", json={"keys": [{"id": "b"}, {"id": 1}]})
    assert (wrong.status_code, wrong.json()["index"], wrong.json()["parameter"]) == (400, 1, "id")


def test_a_write_is_waited_for(ministack, logs):
    """Reading what one has just written: a fence on the item, and a long poll on its tag."""
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}, "version": {"N": "1"}})
    with serving(logs, ministack, table) as service:
        tag = service.get("/v1/items/a").headers["ETag"]
        client.put_item(TableName=table, Item={"id": {"S": "a"}, "version": {"N": "2"}})
        fenced = service.get("/v1/items/a", params={"until": "version >= 2"}, headers={"Prefer": "wait=8"})
        assert fenced.status_code == 200 and fenced.json()["version"] == 2
        assert fenced.headers["Preference-Applied"] == "wait=8"
        polled = service.get("/v1/items/a", headers={"If-None-Match": tag, "Prefer": "wait=8"})
        assert polled.status_code == 200 and polled.json()["version"] == 2
        unmet = service.get("/v1/items/a", params={"until": "version >= 3"}, headers={"Prefer": "wait=1"})
        assert unmet.status_code == 412 and unmet.json()["type"].endswith(":condition-not-met")


def test_head_is_get_without_its_body(letters):
    got, head = letters.get("/v1/items/a"), letters.http.head("/v1/items/a")
    assert head.content == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.content))
    assert head.headers["ETag"] == got.headers["ETag"]


def test_a_missing_item_is_a_problem(letters):
    response = letters.get("/v1/items/none")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_pages_hold_every_item_once(letters):
    names = [item["id"]["S"] for item in letters.export(limit="2")]
    assert sorted(names) == sorted({"a", "b", "c", "slash/and space", "ümlaut", "100%"})


def test_the_link_leads_to_the_next_page(letters):
    response = letters.get("/v1/items", params={"limit": "4"})
    target = response.links["next"]["url"]
    rest = letters.follow(response, target).json()
    assert len(response.json()["items"]) == 4 and len(rest["items"]) == 2 and rest["next"] is None


def test_a_partition_is_listed_in_the_order_of_its_numbers(events_by_time):
    expected = [-5, 0, 2, 10, 100]
    by_path = events_by_time.get("/v1/items/ada").json()["items"]
    by_parameter = events_by_time.get("/v1/items", params={"pk": "ada"}).json()["items"]
    backwards = events_by_time.get("/v1/items", params={"pk": "ada", "order": "desc"}).json()["items"]
    assert [item["at"] for item in by_path] == expected
    assert by_parameter == by_path
    assert backwards == by_path[::-1]


@pytest.mark.parametrize("spelling", ["100", "1E%2B2", "100.0", "1e2"])
def test_a_number_key_is_found_however_it_is_spelled(events_by_time, spelling):
    assert events_by_time.get(f"/v1/items/ada/{spelling}").json()["text"] == "ada 1E+2"


def test_a_partition_goes_over_pages_too(events_by_time):
    seen = events_by_time.export(pk="bob", limit="2")
    assert [item["text"]["S"] for item in seen] == ["bob -5", "bob 0", "bob 2", "bob 10", "bob 1E+2"]


def test_binary_keys_are_base64url(ministack, logs):
    client = ministack.client()
    table = create_table(client, types="B")
    key = bytes([0xFB, 0xEF, 0xFF, 0x00])
    client.put_item(TableName=table, Item={"id": {"B": key}, "v": {"S": "binary"}})
    with serving(logs, ministack, table) as service:
        assert service.item(base64.urlsafe_b64encode(key).decode().rstrip("="))["v"] == "binary"
        assert service.get("/v1/items").json()["items"][0]["id"] == base64.b64encode(key).decode()


BAD_REQUESTS = {
    "an unknown path": ("GET", "/v2/items", 404, "/v2/items"),
    "an unknown parameter": ("GET", "/v1/items?colour=red", 400, "colour"),
    "a repeated parameter": ("GET", "/v1/items?limit=1&limit=2", 400, "limit"),
    "a limit of nothing": ("GET", "/v1/items?limit=0", 400, "limit"),
    "a limit too high": ("GET", "/v1/items?limit=1001", 400, "limit"),
    "a limit that is no number": ("GET", "/v1/items?limit=%2B5", 400, "limit"),
    "a cursor that is none": ("GET", "/v1/items?cursor=nonsense", 400, "cursor"),
    "an order that is none": ("GET", "/v1/items?order=up", 400, "order"),
    "a format that is none": ("GET", "/v1/items/a?format=xml", 400, "format"),
    "an unknown parameter of events": ("GET", "/v1/events?filter=x", 400, "filter"),
    "a limit of events": ("GET", "/v1/events?limit=-1", 400, "limit"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_bad_request_is_a_problem_that_names_it(letters, name):
    method, path, status, word = BAD_REQUESTS[name]
    response = letters.http.request(method, path)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert word in response.text or status == 404
    assert letters.get("/livez").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/v1/items", "/v1/items/a", "/v1/events", "/readyz"])
def test_a_wrong_method_is_told_the_right_ones(letters, method, path):
    response = letters.http.request(method, path)
    assert response.status_code == 405
    assert {"GET", "HEAD"} <= {word.strip() for word in response.headers["Allow"].split(",")}


def exchange(port, request):
    """What the server says to raw bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                return answer
            if not part:
                return answer
            answer += part


HOST = b"Host: localhost\r\n"
MALFORMED = {
    "no Host": (b"GET /livez HTTP/1.1\r\n\r\n", 400),
    "a header without a colon": (b"GET /livez HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n", 400),
    "both ways of framing": (
        b"GET /livez HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
    ),
    "a length with a sign": (b"GET /livez HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\nabc", 400),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
    "a head too large": (b"GET /livez HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 300_000 + b"\r\n\r\n", 431),
    "a body too large": (b"GET /livez HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999\r\n\r\n", 413),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_and_its_connection_closed(letters, name):
    request, status = MALFORMED[name]
    answer = exchange(letters.port, request)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert letters.get("/livez").status_code == 200


def test_health_status_and_metrics_answer(letters):
    assert letters.get("/livez").status_code == letters.get("/readyz").status_code == letters.get("/healthz").status_code == 200
    status = letters.get("/v1/status").json()
    assert status["state"] == "live" and status["items"] == 6 and status["shards"]


def test_metrics_are_valid_exposition(letters):
    from prometheus_client.parser import text_string_to_metric_families

    response = letters.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    assert len(families) > 3
    assert all(family.documentation for family in families.values())
    assert all(family.type != "unknown" for family in families.values())
