"""openapi.yaml is valid, is what the service hands out, and is what the service does."""

import subprocess

import yaml
from openapi_spec_validator import validate
from support.processes import PROJECT, VENV
from support.service import serving
from support.tables import create_table, fill


def description():
    return yaml.safe_load((PROJECT / "openapi.yaml").read_text())


def test_the_description_is_valid():
    validate(description())
    assert description()["openapi"] == "3.1.1"


def test_the_service_hands_out_the_description(ministack, logs):
    table = create_table(ministack.client())
    with serving(logs, ministack, table) as service:
        assert service.get("/openapi.yaml").text == (PROJECT / "openapi.yaml").read_text()
        for path in description()["paths"]:
            if "{" not in path and path != "/v1/events":
                assert service.get(path).status_code == 200, path


def test_the_service_answers_as_described(ministack, logs):
    """Every operation that ends by itself; the event stream, which does not, has tests of its own."""
    client = ministack.client()
    for sort_key in (None, "at"):
        table = create_table(client, sort_key=sort_key)
        if sort_key is None:
            fill(client, table, 20)
        else:
            client.put_item(TableName=table, Item={"id": {"S": "a"}, "at": {"S": "b"}})
        with serving(logs, ministack, table) as service:
            command = [
                VENV / "schemathesis", "run", PROJECT / "openapi.yaml", "--url", service.url, "--checks", "all",
                # What a cursor or a key may be depends on the table and on the answers before: a schema cannot say it.
                "--exclude-checks", "positive_data_acceptance", "--exclude-path", "/v1/events", "--max-examples", "40", "--seed", "1", "--generation-database", "none",
                "--request-timeout", "10", "--no-color",
            ]
            finished = subprocess.run(
                [str(word) for word in command], capture_output=True, text=True, timeout=150, cwd=logs, stdin=subprocess.DEVNULL
            )
            # Generated targets are long: their beginnings tell enough.
            said = "\n".join(line[:300] for line in (finished.stdout + finished.stderr).splitlines())
            assert finished.returncode == 0, said[-8000:]
            assert service.get("/livez").status_code == 200
