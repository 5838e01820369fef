"""Tokens in a file, against the built program: who is let in to what, tickets for streams, and a file that changes."""

import hashlib
import json
import os
import threading

import httpx
import pytest
from support.processes import free_port, wait_for
from support.service import command, run, serving
from support.tables import create_table

ADMIN, TENANT, SCRAPER = "admin-0123456789abcdef", "tenant-0123456789abcdef", "scraper-0123456789abcdef"
TOKENS = [
    {"name": "admin", "token": ADMIN, "scopes": ["read", "stream", "metrics", "status"]},
    {"name": "tenant", "token": TENANT, "scopes": ["read", "stream"], "keys": {"partition_prefix": "t7#"}},
    {"name": "scraper", "sha256": hashlib.sha256(SCRAPER.encode()).hexdigest(), "scopes": ["metrics"]},
]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def write(path, tokens):
    """Replaces the file as a secret's mount does: at once."""
    fresh = path.with_suffix(".new")
    fresh.write_text(tokens if isinstance(tokens, str) else json.dumps({"tokens": tokens}))
    os.replace(fresh, path)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    write(path, TOKENS)
    return path


@pytest.fixture(scope="module")
def guarded(ministack, logs, tokens):
    client = ministack.client()
    table = create_table(client)
    for name in ["t7#a", "t7#b", "t8#a"]:
        client.put_item(TableName=table, Item={"id": {"S": name}})
    with serving(logs, ministack, table, "--auth-token-file", str(tokens)) as service:
        yield service


def test_without_a_token_only_health_and_the_description_answer(guarded):
    for path in ("/livez", "/readyz", "/openapi.yaml"):
        assert guarded.get(path).status_code == 200, path
    for path in ("/v1/items", "/v1/items/t7%23a", "/v1/events", "/v1/status", "/metrics"):
        response = guarded.get(path)
        assert response.status_code == 401, path
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="tablecast"'
        assert response.headers["Cache-Control"] == "no-store"


def test_scopes_are_kept_to(guarded):
    assert guarded.get("/v1/items", headers=bearer(ADMIN)).status_code == 200
    assert guarded.get("/metrics", headers=bearer(SCRAPER)).status_code == 200
    refused = guarded.get("/v1/items", headers=bearer(SCRAPER))
    assert (refused.status_code, refused.json()["scope"]) == (403, "read")
    assert guarded.get("/v1/items", headers=bearer(ADMIN + "x")).status_code == 401


def test_a_restricted_token_sees_its_keys_alone(guarded):
    tenant = bearer(TENANT)
    assert [item["id"] for item in guarded.get("/v1/items", headers=tenant).json()["items"]] == ["t7#a", "t7#b"]
    lines = guarded.get("/v1/items", headers={**tenant, "Accept": "application/x-ndjson"}).text
    assert "t7#b" in lines and "t8#a" not in lines
    assert guarded.get("/v1/items/t7%23a", headers=tenant).status_code == 200
    for path in ("/v1/items/t8%23a", "/v1/items/t8%23none", "/v1/items?pk=t8%23a"):
        refused = guarded.get(path, headers=tenant)
        assert (refused.status_code, refused.json()["scope"]) == (403, "keys"), path
    batch = guarded.http.post("/v1/items/batch-get", headers=tenant, json={"keys": [{"id": "t7#a"}, {"id": "t8#a"}]})
    assert batch.status_code == 403 and "keys[1]" in batch.text
    events = guarded.get("/v1/events", params={"timeout": "500ms"}, headers=tenant)
    assert "t8#a" not in events.text


def test_a_token_in_a_url_is_refused(guarded):
    response = guarded.get("/v1/items", params={"access_token": ADMIN})
    assert response.status_code == 400 and response.json()["type"].endswith(":token-in-url")
    assert ADMIN not in response.text


def test_a_ticket_opens_one_stream(guarded):
    response = guarded.http.post("/v1/tickets", headers=bearer(ADMIN))
    assert response.status_code == 201 and response.json()["expires_in"] == 60
    ticket = {"ticket": response.json()["ticket"], "timeout": "0"}
    assert guarded.get("/v1/events", params=ticket).status_code == 200
    assert guarded.get("/v1/events", params=ticket).status_code == 401


def test_the_file_is_read_again_and_a_broken_one_is_not_taken(guarded, tokens):
    def trouble():
        return guarded.get("/v1/status", headers=bearer(ADMIN)).json()["authentication"]["trouble"]

    write(tokens, '{"tokens": [')
    wait_for(trouble, 10, lambda: "the status to say that the file is broken")
    assert guarded.get("/v1/items", headers=bearer(ADMIN)).status_code == 200
    write(tokens, [*TOKENS, {"name": "late", "token": "late-0123456789abcdef", "scopes": ["read"]}])
    wait_for(
        lambda: guarded.get("/v1/items", headers=bearer("late-0123456789abcdef")).status_code == 200,
        10, lambda: "the new token to be known",
    )
    assert trouble() is None
    for token in (ADMIN, TENANT, SCRAPER, "late-0123456789abcdef"):
        assert token not in guarded.program.output


def test_a_file_that_cannot_be_used_ends_the_start(ministack, tmp_path):
    path = tmp_path / "tokens.json"
    for text, word in [(None, "No such file"), ("{}", "no tokens"), ('{"tokens":[{"name":"a"}]}', "token or sha256")]:
        if text is not None:
            path.write_text(text)
        status, _, errors = run(command("any", free_port(), "--auth-token-file", str(path))[1:], ministack.settings())
        assert status == 78 and word in errors and len(errors.strip().splitlines()) == 1, errors


OTHER = "t8#secret"


@pytest.fixture(scope="module")
def shared(ministack, logs, tmp_path_factory):
    """A table that two tenants write, with tokens that see one of them."""
    path = tmp_path_factory.mktemp("shared") / "tokens.json"
    restricted = {"name": "tenant", "token": TENANT, "scopes": ["read", "stream", "status", "metrics"], "keys": {"partition_prefix": "t7#"}}
    write(path, [TOKENS[0], restricted])
    client = ministack.client()
    table = create_table(client)

    def put(name, n):
        client.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": str(n)}})

    for name in ("t7#a", "t7#b", OTHER):
        put(name, 1)
    with serving(logs, ministack, table, "--auth-token-file", str(path)) as service:
        service.put = put
        service.remove = lambda name: client.delete_item(TableName=table, Key={"id": {"S": name}})
        yield service


def own(lines):
    """That there is something, and that all of it is the tenant's own."""
    assert lines
    for line in lines:
        assert "t8#" not in json.dumps(line) and "secret" not in json.dumps(line), line
        assert line["key"]["id"].startswith("t7#"), line
    return lines


def test_a_restricted_token_is_told_of_its_keys_alone_by_every_feed(shared):
    """Puts, removals, leaves of a filter, old images and patches; as events, lines and pages; from the snapshot, a resume and a reset."""
    tenant = bearer(TENANT)
    begun = shared.get("/v1/changes", params={"since": "now"}, headers=tenant).json()["next"]
    for n in (5, 50, 6):
        for name in ("t7#a", OTHER, "t8#come-and-gone"):
            shared.put(name, n)
    for name in ("t7#b", "t8#come-and-gone"):
        shared.remove(name)
    shared.put("t7#end", 1)
    wait_for(lambda: shared.get("/v1/items/t7%23end", headers=tenant).status_code == 200)
    everyones = shared.get("/v1/changes", params={"since": begun, "mode": "all"}, headers=bearer(ADMIN)).json()["changes"]
    assert sum(change["key"]["id"].startswith("t8#") for change in everyones) == 7
    for extra in (
        {}, {"mode": "all"}, {"mode": "all", "diff": "old"}, {"mode": "all", "diff": "patch"},
        {"where": "n < 10"}, {"where": "n < 10", "mode": "all", "diff": "old"}, {"op": "remove"}, {"format": "dynamodb"},
    ):  # fmt: skip
        for since in (begun, "0"):
            page = shared.get("/v1/changes", params={"since": since, **extra}, headers=tenant)
            assert page.status_code == 200
            if extra.get("op") != "remove" or since == begun:
                own([plain(change) for change in page.json()["changes"]])
            lines = shared.get(
                "/v1/changes", params={"since": since, "timeout": "300ms", **extra}, headers={**tenant, "Accept": "application/x-ndjson"}
            ).text
            assert '"event":"ready"' in lines and "t8#" not in lines and '"items":null' in lines
            for start in ({"since": since}, {"last_event_id": "zzzzzzzz.5"}):
                events = shared.get("/v1/events", params={**start, "timeout": "300ms", **extra}, headers=tenant).text
                assert "event: ready" in events and "t8#" not in events and '"items":null' in events
                assert ("event: reset" in events) == ("last_event_id" in start)
    steps = shared.get("/v1/changes", params={"since": begun, "mode": "all", "diff": "old", "where": "n < 10"}, headers=tenant).json()
    told = [(change["key"]["id"], change["op"], change["cause"]) for change in steps["changes"]]
    assert told == [
        ("t7#a", "put", "stream"), ("t7#a", "remove", "filter"), ("t7#a", "put", "stream"), ("t7#b", "remove", "stream"), ("t7#end", "put", "stream"),
    ]  # fmt: skip
    gone = shared.get("/v1/changes", params={"since": "zzzzzzzz.1"}, headers=tenant)
    assert gone.status_code == 410 and "t8#" not in gone.text


def plain(change):
    identity = change["key"]["id"]
    return {**change, "key": {"id": identity["S"] if isinstance(identity, dict) else identity}}


def test_a_restricted_token_learns_nothing_of_other_keys_by_asking(shared):
    tenant = bearer(TENANT)
    # One that is there and one that is not are refused alike.
    for name in ("t8%23secret", "t8%23none"):
        for path in (f"/v1/items/{name}", f"/v1/items/{name}/history", f"/v1/items?pk={name}", f"/v1/events?pk={name}", f"/v1/changes?pk={name}"):
            refused = shared.get(path, headers=tenant)
            assert (refused.status_code, refused.json()["scope"]) == (403, "keys"), path
        keys = {"keys": [{"id": "t7#a"}, {"id": name.replace("%23", "#")}]}
        assert shared.http.post("/v1/items/batch-get", headers=tenant, json=keys).status_code == 403
    history = shared.get("/v1/items/t7%23a/history", params={"diff": "old"}, headers=tenant)
    assert history.status_code == 200 and "t8#" not in history.text
    for accept in ("application/json", "application/x-ndjson"):
        answer = shared.get("/v1/items", headers={**tenant, "Accept": accept})
        assert "t7#a" in answer.text and "t8#" not in answer.text
    ticket = shared.http.post("/v1/tickets", headers=tenant).json()["ticket"]
    events = shared.get("/v1/events", params={"ticket": ticket, "timeout": "300ms"}).text
    assert "t7#a" in events and "t8#" not in events


def test_a_restricted_token_is_told_no_counts_of_the_whole_table(shared):
    whole, narrowed = (shared.get("/v1/status", headers=bearer(token)).json() for token in (ADMIN, TENANT))
    counts = ["items", "bytes", "tombstones", "changes_applied", "subscribers", "scan", "aws", "saved_state"]
    assert whole["items"] >= 3 and whole["shards"] and whole["scan"]
    assert {name: narrowed[name] for name in counts} == dict.fromkeys(counts)
    assert (narrowed["shards"], list(narrowed["history"]), narrowed["state"]) == ([], ["from"], "live")
    refused = shared.get("/metrics", headers=bearer(TENANT))
    assert (refused.status_code, refused.json()["scope"]) == (403, "keys")


@pytest.mark.parametrize("given", ["a file", "the environment"])
def test_tail_and_doctor_show_who_they_are_and_never_show_the_token(shared, tmp_path, given):
    file = tmp_path / "token"
    file.write_text(f"{TENANT}\n")
    options, settings = (["--token-file", str(file)], {}) if given == "a file" else ([], {"TABLECAST_TOKEN": TENANT})
    status, output, errors = run(["tail", shared.url, *options, "--json", "--limit", "2"], settings)
    assert status == 0 and len(own([json.loads(line) for line in output.splitlines()])) == 2
    assert "t8#" not in errors and TENANT not in output + errors
    status, output, errors = run(["tail", shared.url, *options, "--timeout", "1s"], settings)
    assert status == 0 and "at the head: position" in errors and "t8#" not in output
    status, output, errors = run(["doctor", shared.url, *options, "--idle", "5s"], settings, seconds=40)
    assert status == 0, output
    assert "a token is asked for, and ours is taken" in output and TENANT not in output + errors and "items" not in output
    # Neither in what the service wrote down of their requests.
    assert TENANT not in shared.program.output
    status, output, errors = run(["tail", shared.url, "--json", "--limit", "1"])
    assert (status, output) == (1, "") and "401" in errors
    status, output, errors = run(["doctor", shared.url])
    assert status == 1 and "--token-file" in output


STREAMER = "streamer-0123456789abcdef"


@pytest.fixture
def revocable(ministack, logs, tmp_path):
    """A service of its own, whose file of tokens a test may spoil; `app` is the token to take away."""
    path = tmp_path / "tokens.json"
    write(path, [TOKENS[0], {"name": "app", "token": STREAMER, "scopes": ["read", "stream"]}])
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}})
    with serving(logs, ministack, table, "--auth-token-file", str(path)) as service:
        service.tokens = path
        yield service


def refused(service, token):
    return service.get("/v1/items", headers=bearer(token)).status_code == 401


def test_what_a_removed_token_opened_ends(revocable):
    app = bearer(STREAMER)
    answers = {}

    def poll():
        headers = {**app, "Prefer": "wait=50"}
        answers["poll"] = httpx.get(f"{revocable.url}/v1/items/a?until=missing%20%3D%201", headers=headers, timeout=60).status_code

    def stream():
        with httpx.stream("GET", f"{revocable.url}/v1/events", headers=app, timeout=60) as response:
            answers["stream"] = "".join(response.iter_text())

    threads = [threading.Thread(target=job, daemon=True) for job in (poll, stream)]
    for thread in threads:
        thread.start()
    wait_for(lambda: metric_for(revocable, "tablecast_feed_subscribers") >= 1, 20, lambda: "the stream to be open")
    wait_for(lambda: metric_for(revocable, "tablecast_http_waiting_requests") >= 1, 20, lambda: "the poll to wait")
    write(revocable.tokens, [TOKENS[0]])
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), f"{answers}: it goes on without its token"
    assert answers["poll"] == 401
    assert answers["stream"].rstrip().endswith('event: bye\ndata: {"reason":"revoked"}')


def metric_for(service, name):
    lines = service.get("/metrics", headers=bearer(ADMIN)).text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " ")), 0.0)


def test_a_file_whose_times_were_put_back_is_read_all_the_same(revocable):
    before = os.stat(revocable.tokens)
    text = revocable.tokens.read_text()
    assert not refused(revocable, STREAMER)
    # In place, of equal length, with the old times, as `cp -p` and rsync leave it.
    revocable.tokens.write_text(text.replace(STREAMER, STREAMER[::-1]))
    os.utime(revocable.tokens, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = os.stat(revocable.tokens)
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    wait_for(lambda: refused(revocable, STREAMER), 20, lambda: "the old token to be refused")
    assert not refused(revocable, STREAMER[::-1])


@pytest.mark.parametrize("kind", ["FIFO", "directory"])
def test_what_is_no_file_changes_nothing_and_does_not_end_the_reloading(revocable, kind):
    revocable.tokens.unlink()
    os.mkfifo(revocable.tokens) if kind == "FIFO" else revocable.tokens.mkdir()

    def trouble():
        return revocable.get("/v1/status", headers=bearer(ADMIN)).json()["authentication"]["trouble"] or ""

    wait_for(lambda: trouble().startswith(f"it is a {kind}"), 20, lambda: f"the status to name the {kind}")
    assert metric_for(revocable, "tablecast_token_file_failing") == 1
    assert not refused(revocable, STREAMER)
    assert f"it is a {kind} and not a regular file" in revocable.program.output
    revocable.tokens.unlink() if kind == "FIFO" else revocable.tokens.rmdir()
    write(revocable.tokens, [TOKENS[0]])
    wait_for(lambda: refused(revocable, STREAMER), 20, lambda: "the new file to be read")
    assert metric_for(revocable, "tablecast_token_file_failing") == 0


def test_a_token_without_stream_gets_no_ticket(guarded):
    response = guarded.http.post("/v1/tickets", headers=bearer(SCRAPER))
    assert (response.status_code, response.json()["scope"]) == (403, "stream")
