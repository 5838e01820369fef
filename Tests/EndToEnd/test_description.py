"""openapi.yaml is valid, is what the service hands out, and is what the service does."""

import json
import os
import subprocess

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
