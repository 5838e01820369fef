"""What a client without a token is told."""

import json

from support.service import serving
from support.tables import create_table
from support.wire import Wire

TOKEN = "0123456789abcdef0123456789abcdef"


def test_a_challenge(ministack, logs, tmp_path):
    """M38: 401 says how to be let in, and the connection goes on."""
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}})
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"tokens": [{"name": "reader", "token": TOKEN, "scopes": ["read"]}]}))
    with serving(logs, ministack, table, "--auth-token-file", str(file)) as service, Wire(service.port) as wire:
        assert wire.get("/livez").status == 200
        for fields, error in (
            ("", None),
            ("Authorization: Basic eDp5\r\n", "invalid_request"),
            (f"Authorization: Bearer {TOKEN[::-1]}\r\n", "invalid_token"),
        ):
            response = wire.get("/v1/items/a", fields)
            assert response.status == 401
            assert response["www-authenticate"].startswith('Bearer realm="')
            assert (f'error="{error}"' in response["www-authenticate"]) == (error is not None)
            assert response["content-type"] == "application/problem+json"
        wire.send(b"HEAD /v1/items/a HTTP/1.1\r\nHost: a\r\n\r\n")
        response = wire.response(to_head=True)
        assert response.status == 401 and response["www-authenticate"]
        assert wire.get("/v1/items/a", f"Authorization: bearer {TOKEN}\r\n").status == 200
        # What a token is refused for is no question of being let in.
        response = wire.get("/metrics", f"Authorization: Bearer {TOKEN}\r\n")
        assert response.status == 403
