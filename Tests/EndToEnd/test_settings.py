"""Where options come from: flags, variables, a file; and what `tablecast config` says of them."""

import json
import os
import re

import pytest
from support import documentation
from support.processes import PROJECT
from support.service import run, serving
from support.tables import create_table
from test_bad_input import one_line

# Kubernetes makes these in every container next to a Service of the name `tablecast`, and of `tablecast-orders`.
OF_KUBERNETES = {
    f"{service}_{name}": value
    for service in ("TABLECAST", "TABLECAST_ORDERS")
    for name, value in {
        "SERVICE_HOST": "10.0.0.1", "SERVICE_PORT": "80", "SERVICE_PORT_HTTP": "80", "PORT": "tcp://10.0.0.1:80",
        "PORT_80_TCP": "tcp://10.0.0.1:80", "PORT_80_TCP_PROTO": "tcp", "PORT_80_TCP_PORT": "80", "PORT_80_TCP_ADDR": "10.0.0.1",
    }.items()
}


def rows(output):
    """Value and origin of each option, from the columns."""
    return {name: (value.strip(), origin) for name, value, origin in re.findall(r"^(\S+)  +(.+?)  +(\S.*)$", output, re.MULTILINE)}


@pytest.fixture
def options(tmp_path):
    """Writes a file of options."""

    def write(text):
        path = tmp_path / "options.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    return write


def test_config_shows_values_and_origins(options):
    path = options({"max-lag": "10s", "loops": 3, "server-timing": True})
    variables = {"TABLECAST_LOOPS": "2", "TABLECAST_ENDPOINT_URL": "http://me:secret@localhost:8000", "TABLECAST_CONFIG": str(path)}
    status, output, errors = run(["config", "--table", "orders", "--access-log=off"], variables | OF_KUBERNETES)
    assert (status, errors) == (0, "")
    found = rows(output)
    assert found["table"] == ("orders", "flag --table")
    assert found["loops"] == ("2", "variable TABLECAST_LOOPS")
    assert found["max-lag"] == ("10s", f"file {path}:1")
    assert found["server-timing"] == ("on", f"file {path}:1")
    assert found["access-log"] == ("off", "flag --access-log")
    assert found["listen"] == ("127.0.0.1:8080", "default")
    assert found["endpoint-url"][0] == "http://***@localhost:8000" and "secret" not in output
    status, output, _ = run(["config", "--table", "orders", "--access-log=off", "--format", "json"], variables)
    assert status == 0 and "secret" not in output
    report = json.loads(output)
    assert report["scan-segments"] == {"value": None, "origin": "default"}
    assert {name: row["origin"] for name, row in report.items()} == {name: origin for name, (_, origin) in found.items()}


@pytest.mark.parametrize("command", ["serve", "config"])
@pytest.mark.parametrize(
    "text, words",
    [
        ('{\n"tabel": "x"}', [":2: tabel: unknown. Did you mean table?"]),
        ('{"loops": 0}', [":1: loops: '0' is not allowed; give a whole number from 1 to 64"]),
        ('{"loops": 1,\n"loops": 2}', [":2: loops occurs twice"]),
        ('{"loops": 1,', [":1: ", "Give one object of JSON"]),
        ('{"state-dir": false}', [":1: state-dir: expected a string; give the path of a directory"]),
        ('{"table": "arn:x"}', [":1: table: 'arn:x' is not allowed"]),
    ],
)
def test_a_bad_file_of_options_is_one_line_that_names_the_place(options, command, text, words):
    path = options(text)
    status, _, errors = run([command, "--table", "t", "--config", path])
    one_line(status, errors, 78, f"tablecast: {path}", *words)


def test_a_missing_file_of_options(tmp_path):
    status, _, errors = run(["serve", "--table", "t"], {"TABLECAST_CONFIG": str(tmp_path / "none.json")})
    one_line(status, errors, 78, "none.json", "No such file or directory", "--config")


def test_a_pipe_as_the_file_of_options_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    status, _, errors = run(["serve", "--table", "t", "--config", str(tmp_path / "pipe")])
    one_line(status, errors, 78, "it is a FIFO and not a regular file")


def test_a_service_runs_from_a_file_alone(ministack, logs, options):
    table = create_table(ministack.client())
    path = options({"table": "none", "server-timing": True})
    settings = {**OF_KUBERNETES, "TABLECAST_CONFIG": str(path)}
    with serving(logs, ministack, table, **settings) as service:
        assert "server-timing" in service.get("/v1/status").headers


@pytest.mark.parametrize("arguments", [["serve", "--table", "t"], ["config", "--table", "t"], ["tail", "http://127.0.0.1:1"], ["doctor", "http://127.0.0.1:1"]])
def test_an_unknown_variable_is_an_error_of_every_command(arguments):
    status, _, errors = run(arguments, {"TABLECAST_TABEL": "x"})
    one_line(status, errors, 78, "TABLECAST_TABEL: unknown. Did you mean TABLECAST_TABLE?")


@pytest.mark.parametrize("value, shown", [("", "on"), ("=on", "on"), ("=true", "on"), ("=off", "off"), ("=false", "off")])
def test_a_switch_can_be_turned_on_and_off(value, shown):
    status, output, _ = run(["config", "--table", "t", f"--access-log{value}"], {"TABLECAST_ACCESS_LOG": "on"})
    assert status == 0 and rows(output)["access-log"] == (shown, "flag --access-log")


@pytest.mark.parametrize("value", ["yes", ""])
def test_a_switch_takes_nothing_else(value):
    status, _, errors = run(["serve", "--table", "t", f"--crash-dumps={value}"])
    one_line(status, errors, 2, f"--crash-dumps: '{value}' is not allowed; give on or off")


@pytest.mark.parametrize("command", [[], ["serve"], ["config"], ["tail"], ["doctor"]])
def test_the_help_is_wrapped_as_a_whole(command):
    """A line that ends early, in a paragraph, is one that the text itself broke."""
    overview = run([*command, "--help"])[1].split("USAGE:")[0]
    for paragraph in overview.split("\n\n"):
        lines = paragraph.split("\n")
        for line, following in zip(lines, lines[1:]):
            assert line.startswith("  ") or len(line) + 1 + len(following.split()[0]) >= 80, overview


def test_the_help_has_the_groups_and_completions_have_the_options():
    _, output, _ = run(["serve", "--help"])
    options = re.search(r"^## Options$.*?^## ", (PROJECT / "Documentation/configuration.md").read_text(), re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^### (.+)$", options.group(), re.MULTILINE)
    assert len(titles) >= 5
    for title in titles:
        assert f"\n{title.upper()}:\n" in output
    assert "--access-log [<on|off>]" in output
    _, output, _ = run(["--generate-completion-script", "bash"])
    assert "--poll-interval" in output and "rebuild-refusing" in output


def test_an_option_is_named_where_it_is_declared_and_nowhere_else():
    """Texts that advise an option name its flag; as a name of its own it stands in its declaration."""
    names = run(["config", "--table", "t", "--format", "json"])[1]
    literals = {f'"{name}"' for name in json.loads(names) if "-" in name}
    literals |= {f'"TABLECAST_{name.upper().replace("-", "_")}"' for name in json.loads(names)}
    # HTTP/1.0's word in the field Connection.
    literals.remove('"keep-alive"')
    found = []
    for file in documentation.tracked("Sources/*.swift"):
        if not file.startswith("Sources/Service/Settings/Options/"):
            code = re.sub(r"//.*", "", (PROJECT / file).read_text())
            found += [f"{file}: {literal}" for literal in literals if literal in code]
    assert found == []
