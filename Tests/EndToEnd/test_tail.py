"""`tablecast tail`: what it prints, how it ends, and that it goes on where it was."""

import json
import os
import signal
import subprocess
import time

import pytest

from support.processes import environment_without_aws, free_port, wait_for
from support.scripted import Scripted
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


def replicas(begin):
    """A server whose streams a script writes, in the order of the connections."""
    scripts = iter(begin)
    return Scripted({}, begin=lambda stream: next(scripts, lambda stream: None)(stream)).running()


def test_another_replica_takes_over(tmp_path):
    """Positions of five parts; what was printed is not printed again in an older state."""
    first_position, second_position = "aaaaaaaaaaaa.3.9f3kq0zt.mb2q7x1a.mb2q7x9c", "bbbbbbbbbbbb.9.9f3kq0zt.mb2q7x1a.mb2q7x9c"
    position = tmp_path / "position"
    resumed = []

    def first(stream):
        stream.send("hello", {"position": first_position}).put(1, {"id": "a"}, version="21").put(2, {"id": "b"}, version="9")
        stream.send("change", {"op": "remove", "key": {"id": "c"}, "id": first_position, "version": "30"}, first_position).end()

    def second(stream):
        resumed.append(stream.last_event_id)
        stream.send("moved", {"from": first_position, "overlap_s": 10})
        stream.put(5, {"id": "c"}, version="29").put(6, {"id": "a"}, version="3", repeat=True).put(7, {"id": "b"}, version="10")
        stream.put(8, {"id": "d"}).put(9, {"id": "b"}, version="9").send("ready", {"position": second_position}, second_position)

    with replicas([first, second]) as server:
        with Tail(tmp_path, server.url, "--json", "--position-file", str(position)) as tail:
            wait_for(lambda: "at the head" in tail.errors.read_text())
            assert tail.end() == 0
            assert tail.keys() == ["a", "b", "c", "a", "b", "d"]
            notes = tail.errors.read_text()
            assert f"-- another replica continues from position {first_position}: changes of the last 10 s may come again\n" in notes
            assert notes.count("another replica") == 1
    assert resumed == [first_position]
    assert position.read_text() == f"{second_position}\n"


def test_a_limit_counts_what_is_printed():
    """The server counts an older state, which is not printed, towards the limit."""

    def first(stream):
        stream.put(1, {"id": "a"}, version="5").put(2, {"id": "a"}, version="4").send("bye", {"reason": "limit"}).end()

    def second(stream):
        assert stream.query["limit"] == "1"
        stream.put(3, {"id": "b"}, version="6").send("bye", {"reason": "limit"}).end()

    with replicas([first, second]) as server:
        status, output, _ = run(["tail", server.url, "--json", "--limit", "2"])
    assert status == 0
    assert [json.loads(line)["key"]["id"] for line in output.splitlines()] == ["a", "b"]


def test_resets_that_follow_each_other_are_spaced(tmp_path):
    """Each connection meets a replica that does not know the position, and is cut at once."""
    begun = []

    def begin(stream):
        begun.append(time.monotonic())
        stream.send("reset", {"reason": "other-epoch"}).put(1, {"id": "a"}, epoch=f"{len(begun):012}").end()

    with Scripted({}, begin=begin).running() as server, Tail(tmp_path, server.url, "--json") as tail:
        wait_for(lambda: len(begun) >= 5, 60, lambda: f"five streams: {begun}")
        assert "the feed started over 3 times in a row; again in" in tail.errors.read_text()
        assert tail.end() == 0
    # Half of 1, 2, 4 and 8 seconds at least.
    assert begun[4] - begun[0] >= 7.4, begun
