"""openapi.yaml is valid, is what the service hands out, and is what the service does."""

import json
import os
import subprocess
import urllib.parse

import pytest
import yaml
from openapi_spec_validator import validate
from support.processes import PROJECT, VENV
from support.service import serving
from support.tables import create_table


def description():
    return yaml.safe_load((PROJECT / "openapi.yaml").read_text())


def test_the_description_is_valid():
    validate(description())
    assert description()["openapi"] == "3.1.1"


def test_the_service_hands_out_the_description(ministack, logs):
    table = create_table(ministack.client())
    with serving(logs, ministack, table) as service:
        assert service.get("/openapi.yaml").text == (PROJECT / "openapi.yaml").read_text()
        for path, operations in description()["paths"].items():
            if "get" in operations and "{" not in path and path != "/v1/events":
                assert service.get(path).status_code == 200, path


def resolved(thing, whole):
    """A part of the description, or what it refers to."""
    while "$ref" in thing:
        target = whole
        for word in thing["$ref"].removeprefix("#/").split("/"):
            target = target[word]
        thing = target
    return thing


def parameters(path, operation, whole):
    """All parameters of an operation, by place and name."""
    listed = [resolved(one, whole) for one in whole["paths"][path].get("parameters", []) + operation.get("parameters", [])]
    return {(one["in"], one["name"]): one | {"schema": resolved(one["schema"], whole)} for one in listed}


# What gives a parameter a meaning, where it has none by itself.
NEEDED = {"sk": ["pk"], "sk_prefix": ["pk"], "sk_from": ["pk"], "sk_to": ["pk"], "until": ["pk", "sk"]}


def requests(whole, has_sort_key):
    """(method, path, query, headers) for each operation: all defaults at once, and the example of each parameter beside them."""
    for pattern, item in whole["paths"].items():
        if "{version}" in pattern or ("{sk}" in pattern and not has_sort_key):
            continue
        for method in {"get", "post"} & item.keys():
            known = parameters(pattern, item[method], whole)
            path = pattern
            for (place, name), one in known.items():
                if place == "path":
                    path = path.replace("{" + name + "}", urllib.parse.quote(one["example"], safe=""))
            defaults = {name: one["schema"]["default"] for (place, name), one in known.items() if place == "query" and "default" in one["schema"]}
            yield method, path, defaults, {}
            for (place, name), one in known.items():
                if "example" not in one or place == "path":
                    continue
                if place == "header":
                    yield method, path, defaults, {name: one["example"]}
                    continue
                query = {other: known["query", other]["example"] for other in NEEDED.get(name, []) if ("query", other) in known}
                query[name] = one["example"]
                # There the path is one item, which takes no condition of a list.
                if name == "where" and pattern == "/v1/items/{pk}" and not has_sort_key:
                    continue
                if has_sort_key or not any(name.startswith("sk") for name in query):
                    yield method, path, defaults | query, {}


@pytest.mark.parametrize("sort_key", [None, "at"], ids=["hash key only", "with a sort key"])
def test_every_default_and_every_example_is_accepted(sort_key, ministack, logs):
    """Programs that are generated from the description send the defaults of all parameters."""
    whole = description()
    client = ministack.client()
    table = create_table(client, sort_key=sort_key)
    refused, asked = [], 0
    with serving(logs, ministack, table) as service:
        for method, path, query, headers in requests(whole, sort_key is not None):
            # Streams would last; a page of changes takes no time to last for.
            if "timeout" in query or path == "/v1/events":
                headers = headers | {"Accept": "text/event-stream" if path == "/v1/events" else "application/x-ndjson"}
                query = query | {"timeout": "50ms"}
            body = {"keys": [{"id": "a"} | ({"at": "b"} if sort_key else {})]} if path.endswith("batch-get") else None
            answer = service.http.request(method, path, params=query, headers=headers, json=body)
            asked += 1
            if answer.status_code not in (200, 201, 404, 412):
                refused.append(f"{answer.status_code} {answer.request.url} {headers} {answer.text[:300]}")
    assert refused == []
    assert asked > 30


# Paths that no table of the kind has: all that they answer is a 400.
ABSENT = {
    None: ["/v1/items/{pk}/{sk}", "/v1/items/{pk}/{sk}/history"],
    # Here it is the item whose sort key is `history`, which `/v1/items/{pk}/{sk}` describes.
    "at": ["/v1/items/{pk}/history"],
}


@pytest.mark.parametrize("sort_key", ABSENT, ids=["hash key only", "with a sort key"])
def test_the_service_answers_as_described(sort_key, ministack, logs):
    """Every operation, streams cut short: all checks, valid requests accepted and others refused."""
    client = ministack.client()
    table = create_table(client, sort_key=sort_key)
    keys = [{"id": f"item-{number}"} | ({"at": "b"} if sort_key else {}) for number in range(5)]
    for key in keys:
        client.put_item(TableName=table, Item={name: {"S": value} for name, value in key.items()})
    with serving(logs, ministack, table) as service:
        facts = {"url": service.url, "keys": keys, "key": ["id", "at"] if sort_key else ["id"]}
        environment = os.environ | {
            "TABLECAST_CONTRACT": json.dumps(facts), "SCHEMATHESIS_HOOKS": "support.contract_hooks",
            "PYTHONPATH": str(PROJECT / "Tests/EndToEnd"),
        }
        absent = [word for path in ABSENT[sort_key] for word in ("--exclude-path", path)]
        command = [
            VENV / "schemathesis", "run", PROJECT / "openapi.yaml", "--url", service.url, "--checks", "all", *absent,
            "--max-examples", "10", "--continue-on-failure",
            "--seed", "1", "--generation-database", "none", "--request-timeout", "10", "--no-color",
        ]
        finished = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=120, cwd=logs, env=environment,
            stdin=subprocess.DEVNULL,
        )
        # Generated targets are long: their beginnings tell enough.
        said = "\n".join(line[:300] for line in (finished.stdout + finished.stderr).splitlines())
        print(said)
        assert finished.returncode == 0, said[-8000:]
        assert service.get("/livez").status_code == 200
