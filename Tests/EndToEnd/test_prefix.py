"""The service below a path of a real proxy: every link, the commands, the console's files and the keys that the proxy would change."""

import base64
import json

import httpx
import pytest

from support import proxies
from support.service import run, serving
from support.tables import create_table

KEYS = ["a", "a/b", "a//b", ".", "..", "nul\0l", "%2F", "ü?#", "history"]


@pytest.fixture(scope="module")
def behind(ministack, logs, tmp_path_factory):
    """A client whose base is the service's path at the proxy."""
    client = ministack.client()
    table = create_table(client, sort_key="at")
    for number in range(12):
        client.put_item(TableName=table, Item={"id": {"S": "p/1"}, "at": {"S": f"{number:02}"}})
    for key in KEYS:
        client.put_item(TableName=table, Item={"id": {"S": key}, "at": {"S": key}})
    with serving(logs, ministack, table) as service:
        with proxies.proxy("nginx-prefix", tmp_path_factory.mktemp("prefix"), service.port) as port:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/tc", timeout=10) as through:
                yield through


def written(key):
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "target", ["/v1/items?pk=p/1&limit=5", f"/v1/items/{written('p/1')}?key_encoding=base64url&limit=5&utm_source=x", "/v1/items?limit=5"]
)
def test_links_lead_through_the_proxy(behind, target):
    page = behind.get(target)
    assert page.status_code == 200, page.text
    first, seen = page, [item["at"] for item in page.json()["items"]]
    while "next" in page.links:
        page = behind.get(page.url.join(page.links["next"]["url"]))
        assert page.status_code == 200 and page.url.path.startswith("/tc/v1/items")
        seen += [item["at"] for item in page.json()["items"]]
    assert len(seen) == (12 if "p" in target.split("?", 1)[1] or "key" in target else 12 + len(KEYS))
    monitor = page.url.join(page.links["monitor"]["url"])
    assert monitor.path == "/tc/v1/events" and "utm_source" not in str(monitor)
    assert monitor == first.url.join(first.links["monitor"]["url"])
    feed = behind.get(monitor.copy_merge_params({"timeout": "100ms"}))
    assert feed.status_code == 200 and "event: ready" in feed.text


def test_a_restart_leads_through_the_proxy(behind):
    gone = behind.get("/v1/changes?since=zzzzzzzz.1&limit=5")
    assert gone.status_code == 410
    for link in (gone.json()["restart"], gone.links["restart"]["url"]):
        begun = behind.get(gone.url.join(link))
        assert begun.status_code == 200 and len(begun.json()["changes"]) == 5


def test_the_index_and_the_files_lead_through_the_proxy(behind):
    index = behind.get("/")
    for link in index.json()["links"].values():
        url = index.url.join(link)
        assert url.path.startswith("/tc/")
        if url.path != "/tc/v1/events":
            assert behind.get(url).status_code == 200, url
    page = behind.get("/", headers={"Accept": "text/html"})
    module = next(word for word in page.text.split('"') if word.startswith("./web/") and word.endswith(".js"))
    assert behind.get(page.url.join(module)).status_code == 200


def test_every_key_has_a_url_that_the_proxy_does_not_change(behind):
    for key in KEYS:
        path = f"/v1/items/{written(key)}/{written(key)}"
        item = behind.get(path, params={"key_encoding": "base64url"})
        assert item.status_code == 200 and item.json() == {"id": key, "at": key}, key
        by_query = behind.get("/v1/items", params={"pk": written(key), "sk": written(key), "key_encoding": "base64url"})
        assert by_query.json() == item.json() and by_query.headers["ETag"] == item.headers["ETag"]
        until = behind.get(path, params={"key_encoding": "base64url", "until": "exists(id)"}, headers={"Prefer": "wait=5"})
        assert until.status_code == 200
        history = behind.get(path + "/history", params={"key_encoding": "base64url"})
        assert history.json()["versions"][0]["item"] == {"id": key, "at": key}
        changes = behind.get("/v1/changes", params={"pk": written(key), "key_encoding": "base64url"}).json()["changes"]
        assert [change["key"] for change in changes] == [{"id": key, "at": key}]


@pytest.mark.parametrize("ending", ["", "/", "/v1/events"])
def test_tail_and_doctor_take_the_path(behind, ending):
    url = str(behind.base_url).rstrip("/")
    status, output, errors = run(["tail", url + ending, "--json", "--limit", "3", "--pk", "p/1"])
    assert status == 0, errors
    assert [json.loads(line)["key"]["id"] for line in output.splitlines()] == ["p/1"] * 3
    status, output, errors = run(["tail", url + ending, "--json", "--limit", "1", "--pk", written("nul\0l"), "--key-encoding", "base64url"])
    assert status == 0 and json.loads(output)["key"]["id"] == "nul\0l", errors
    status, output, errors = run(["doctor", url + ending, "--json", "--idle", "5s"], seconds=60)
    report = json.loads(output)
    assert report["url"] == url
    assert status == 0, output


def test_the_doctor_names_the_path_of_the_proxy_where_it_is_missing(behind):
    origin = str(behind.base_url).split("/tc")[0]
    status, output, errors = run(["doctor", origin, "--json", "--idle", "5s"], seconds=60)
    assert status == 1
    (finding,) = json.loads(output)["findings"]
    assert "404" in finding["seen"] and finding["change"].endswith("below which it serves the service: https://HOST/PREFIX")
