"""openapi.yaml is valid, is what the service hands out, and is what the service does."""

import json
import os
import subprocess

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


def test_the_service_answers_as_described(ministack, logs):
    """Every operation, streams cut short: all checks, valid requests accepted and others refused."""
    client = ministack.client()
    for sort_key in (None, "at"):
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
            # On a table without a sort key no path with one is anything but a 400. With one, what depends on the key is asked again.
            if sort_key:
                paths = ["/v1/items", "/v1/items/batch-get", "/v1/items/{pk}", "/v1/items/{pk}/{sk}"]
                chosen = [word for path in paths for word in ("--include-path", path)] + ["--phases", "examples,coverage,fuzzing"]
            else:
                paths = ["/v1/items/{pk}/{sk}", "/v1/items/{pk}/{sk}/history"]
                chosen = [word for path in paths for word in ("--exclude-path", path)]
            command = [
                VENV / "schemathesis", "run", PROJECT / "openapi.yaml", "--url", service.url, "--checks", "all", *chosen,
                "--max-examples", "10", "--seed", "1", "--generation-database", "none", "--request-timeout", "10", "--no-color",
            ]
            finished = subprocess.run(
                [str(word) for word in command], capture_output=True, text=True, timeout=300, cwd=logs, env=environment,
                stdin=subprocess.DEVNULL,
            )
            # Generated targets are long: their beginnings tell enough.
            said = "\n".join(line[:300] for line in (finished.stdout + finished.stderr).splitlines())
            assert finished.returncode == 0, said[-8000:]
            assert service.get("/livez").status_code == 200
