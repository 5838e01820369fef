"""A client that openapi-python-client generates from openapi.yaml. It sends the defaults of all parameters to every operation."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

from support.processes import PROJECT, VENV, environment_without_aws
from support.service import serving
from support.tables import create_table

PACKAGE = "generated_tablecast_client"


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    """The modules of the generated operations by their names."""
    folder = tmp_path_factory.mktemp("generated")
    # The generator formats what it made with a program of the same environment.
    environment = environment_without_aws(PATH=f"{VENV}:/usr/bin:/bin", HOME=str(folder))
    command = [VENV / "openapi-python-client", "generate", "--path", PROJECT / "openapi.yaml", "--meta", "none", "--output-path", folder / PACKAGE]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    # The description itself is YAML, which the generator does not read. Everything else it understands.
    assert (finished.stdout + finished.stderr).count("WARNING") <= 1, finished.stdout + finished.stderr
    sys.path.insert(0, str(folder))
    try:
        found = {}
        api = importlib.import_module(f"{PACKAGE}.api")
        for module in pkgutil.walk_packages(api.__path__, f"{PACKAGE}.api."):
            if not module.ispkg:
                found[module.name.rsplit(".", 1)[1]] = importlib.import_module(module.name)
        yield found
    finally:
        sys.path.remove(str(folder))


def required(function, known):
    """The arguments without a default, from what is known by name."""
    names = [name for name, one in inspect.signature(function).parameters.items() if one.default is inspect.Parameter.empty]
    return {name: known[name] for name in names}


@pytest.mark.parametrize("sort_key", [None, "at"], ids=["hash key only", "with a sort key"])
def test_every_operation_takes_its_own_defaults(sort_key, operations, ministack, logs):
    client = ministack.client()
    table = create_table(client, sort_key=sort_key)
    # An item named so is at the path of histories, where the table has a sort key.
    key = {"id": "a"} | ({"at": "history"} if sort_key else {})
    client.put_item(TableName=table, Item={name: {"S": value} for name, value in key.items()})
    with serving(logs, ministack, table) as service:
        generated = importlib.import_module(f"{PACKAGE}")
        models = importlib.import_module(f"{PACKAGE}.models")
        known = {
            "client": generated.Client(base_url=service.url), "pk": "a", "sk": "history",
            "body": models.BatchKeys.from_dict({"keys": [key]}),
        }
        called = 0
        for name, module in operations.items():
            arguments = inspect.signature(module.sync_detailed).parameters
            # The version is a hash, and tables without a sort key have no such paths.
            if "version" in arguments or ("sk" in arguments and arguments["sk"].default is inspect.Parameter.empty and not sort_key):
                continue
            if name == "stream_events":
                # Generated code makes the request, but cannot read a stream; and a stream needs an end.
                response = known["client"].get_httpx_client().request(**module._get_kwargs(timeout="50ms"))
            else:
                response = module.sync_detailed(**required(module.sync_detailed, known))
            assert response.status_code in (200, 201), f"{name}: {response.status_code} {response.content[:500]}"
            called += 1
        assert called >= len(operations) - 4
        # The generated code reads what it gets.
        page = operations["list_items"].sync(client=known["client"])
        assert [item.to_dict() for item in page.items] == [key]
        changes = operations["list_changes"].sync(client=known["client"])
        assert [change.key.to_dict() for change in changes.changes] == [key]
        assert operations["get_item_or_partition"].sync_detailed("a", client=known["client"]).status_code == 200
        one = operations["list_items"].sync_detailed(client=known["client"], pk="a", **({"sk": "history"} if sort_key else {}))
        assert one.status_code == 200
