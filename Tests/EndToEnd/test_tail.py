"""`tablecast tail`: what it prints, how it ends, and that it goes on where it was."""

import json
import os
import signal
import subprocess

import pytest

from support.processes import environment_without_aws, free_port, wait_for
from support.service import BINARY, run, serving
from support.tables import create_table, fill


@pytest.fixture(scope="module")
def feed(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 20)
    with serving(logs, ministack, table) as service:
        service.put = lambda name: client.put_item(TableName=table, Item={"id": {"S": name}})
        yield service


class Tail:
    """A running tail whose two outputs are files."""

    def __init__(self, folder, *arguments, **settings):
        self.output, self.errors = folder / "output", folder / "errors"
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [BINARY, "tail", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment_without_aws(**settings),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def keys(self):
        return [json.loads(line)["key"]["id"] for line in self.output.read_text().splitlines()]

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(10)


def test_prints_changes_until_the_limit_and_says_how_to_go_on(feed):
    status, output, errors = run(["tail", feed.url, "--json", "--limit", "5"])
    assert status == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert len(lines) == 5 and all(line["op"] == "put" and line["cause"] == "snapshot" for line in lines)
    assert errors.splitlines()[-1] == f"-- to go on from here: --since {lines[-1]['id']}"
    status, output, _ = run(["tail", feed.url, "--json", "--since", lines[-1]["id"], "--limit", "1"])
    assert status == 0 and json.loads(output)["key"] != lines[-1]["key"]


def test_lines_for_eyes_have_no_colours_in_a_pipe(feed):
    status, output, _ = run(["tail", feed.url, "--limit", "1", "--quiet"])
    assert status == 0 and "put" in output and '"item-' in output and "\x1b" not in output


@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_colours_unless_it_wants_none(feed, settings, coloured):
    primary, secondary = os.openpty()
    environment = environment_without_aws(**{"TERM": "xterm", **settings})
    subprocess.run(
        [BINARY, "tail", feed.url, "--limit", "1", "--quiet"],
        stdin=subprocess.DEVNULL, stdout=secondary, env=environment, timeout=10, check=True,
    )
    os.close(secondary)
    assert (b"\x1b[32m" in os.read(primary, 65536)) == coloured
    os.close(primary)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(feed, tmp_path, number):
    with Tail(tmp_path, feed.url, "--json", "--since", "now") as tail:
        wait_for(lambda: "at the head" in tail.errors.read_text())
        assert tail.end(number) == 0
        assert "to go on from here: --since" in tail.errors.read_text()


def test_ends_quietly_when_its_reader_leaves(feed):
    command = f"set -o pipefail; '{BINARY}' tail {feed.url} --json --quiet | head -n 3"
    finished = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20, env=environment_without_aws())
    assert (finished.returncode, finished.stderr, len(finished.stdout.splitlines())) == (0, "", 3)


def test_goes_on_after_the_server_was_killed_and_in_a_second_run(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    port, state, position = free_port(), tmp_path / "state", tmp_path / "position"
    options = ("--state-dir", str(state))

    def put(name):
        client.put_item(TableName=table, Item={"id": {"S": name}})

    with serving(logs, ministack, table, *options, port=port) as service:
        with Tail(tmp_path, service.url, "--json", "--position-file", str(position)) as tail:
            wait_for(lambda: "at the head" in tail.errors.read_text())
            put("one")
            wait_for(lambda: tail.keys() == ["one"])
            service.program.stop()
            put("two")
            with serving(logs, ministack, table, *options, port=port):
                wait_for(lambda: tail.keys() == ["one", "two"])
                assert tail.end() == 0
                put("three")
                status, output, _ = run(["tail", service.url, "--json", "--position-file", str(position), "--limit", "1"])
                assert status == 0 and json.loads(output)["key"] == {"id": "three"}
                assert position.read_text() == json.loads(output)["id"] + "\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["127.0.0.1:1"], "is not an address"),
        (["http://u:p@127.0.0.1:1"], "credentials do not belong into an address"),
        (["http://127.0.0.1:1", "--limit", "0"], "give a number from 1 on"),
        (["http://127.0.0.1:1", "--timeout", "soon"], "give a duration"),
        (["http://127.0.0.1:1", "--token-file", "/nonexistent/token"], "cannot be read: No such file or directory"),
        (["http://127.0.0.1:1", "--position-file", "/"], "cannot be read: Is a directory"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments, words):
    status, output, errors = run(["tail", *arguments])
    assert (status, output) == (2, "")
    assert words in errors and errors.count("\n") == 1


def test_what_the_service_refuses_is_one_line_and_status_1(feed):
    status, output, errors = run(["tail", feed.url, "--since", "yesterday"])
    assert (status, output) == (1, "")
    assert "answer 400" in errors and "since" in errors and errors.count("\n") == 1


def full_disk(arguments):
    """Runs the program with a standard output that has no room: (exit status, standard error)."""
    with open("/dev/full", "wb") as output:
        finished = subprocess.run(
            [BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, env=environment_without_aws(), timeout=60
        )
    return finished.returncode, finished.stderr.decode()


@pytest.mark.parametrize("options", [["--json"], ["--limit", "3"], []])
def test_a_full_disk_is_a_failure_and_keeps_the_position(feed, tmp_path, options):
    position = tmp_path / "position"
    first = ["tail", feed.url, "--json", "--quiet", "--limit", "2", "--position-file", str(position)]
    assert run(first)[0] == 0
    kept = position.read_text()
    status, errors = full_disk(["tail", feed.url, "--quiet", "--position-file", str(position), *options])
    assert status == 1
    (line,) = errors.splitlines()
    assert "writing to standard output failed: No space left on device. Free some space there" in line
    assert position.read_text() == kept
    # Once there is room it goes on where it was: nothing is lost.
    status, output, _ = run([*first[:-2], "--position-file", str(position)])
    assert status == 0 and len(output.splitlines()) == 2


def test_a_position_that_cannot_be_kept_is_said_at_once(feed, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    with Tail(tmp_path, feed.url, "--json", "--position-file", str(folder / "position")) as tail:
        wait_for(lambda: (folder / "position").exists(), 20, "the position")
        (folder / "position").unlink()
        folder.rmdir()
        for number in range(1000):
            feed.put(f"position-{number}")
            if "position file" in tail.errors.read_text():
                break
        assert "writing the position file" in tail.errors.read_text()
        assert tail.end() == 1


def test_the_doctor_on_a_full_disk_is_a_failure(feed):
    status, errors = full_disk(["doctor", feed.url, "--idle", "1s"])
    assert status == 1
    assert "writing to standard output failed: No space left on device." in errors, errors
