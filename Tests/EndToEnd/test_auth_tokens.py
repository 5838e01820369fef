"""Tokens in a file, against the built program: who is let in to what, tickets for streams, and a file that changes."""

import hashlib
import json
import os

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
