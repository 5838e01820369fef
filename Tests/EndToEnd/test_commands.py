"""What the program does when it is called without a command, or asked what it can do."""

import signal

import pytest
from support.processes import PATIENCE, accepts, looks
from support.service import run, serving
from support.tables import create_table


def test_no_command_is_wrong_usage_and_shows_the_help():
    status, output, errors = run([])
    assert (status, output) == (2, "")
    assert errors.startswith("tablecast: give a command, such as serve --table NAME\n")
    assert "SUBCOMMANDS:" in errors and "  serve " in errors


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["serve", "--help"]])
def test_help_that_was_asked_for_is_a_success(arguments):
    status, output, errors = run(arguments)
    assert (status, errors) == (0, "")
    assert "USAGE: tablecast" in output


def test_an_unknown_command_is_wrong_usage_in_one_line():
    status, output, errors = run(["sevre"])
    assert (status, output) == (2, "")
    assert errors.count("\n") == 1 and errors.startswith("tablecast: ")


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGINT])
def test_a_quit_and_an_interrupt_are_a_graceful_stop_as_a_termination_is(ministack, logs, number):
    table = create_table(ministack.client())
    with serving(logs, ministack, table) as service, service.http.stream("GET", "/v1/events") as stream:
        pieces = stream.iter_bytes()
        next(pieces)
        service.program.process.send_signal(number)
        assert b"event: bye" in b"".join(pieces)
        assert service.program.wait(30) == 0, service.program.output
        assert "Backtrace" not in service.program.output


def test_a_hang_up_that_is_ignored_from_the_start_stays_ignored(ministack, logs):
    """As under nohup: the program outlives its terminal."""
    table = create_table(ministack.client())
    with serving(logs, ministack, table, launcher=["/usr/bin/nohup"]) as service:
        process = service.program.process
        process.send_signal(signal.SIGHUP)
        for _ in looks(0.5, every=0.05):
            assert accepts(service.port) and process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20 * PATIENCE) == 0


@pytest.mark.parametrize(
    "arguments, program",
    [
        (["demo"], "tablecast-demo"),
        (["demo", "--listen", "127.0.0.1:0"], "tablecast-demo"),
        (["sandbox"], "dynamo-sandbox"),
        (["sandbox", "--port", "8000", "--help"], "dynamo-sandbox"),
    ],
)
def test_a_command_that_has_moved_says_where_to(arguments, program):
    status, output, errors = run(arguments)
    assert (status, output) == (2, "")
    assert errors.count("\n") == 1
    assert errors.startswith(f"tablecast: '{arguments[0]}' is no command of this program any more: ")
    assert f"swift build --product {program}" in errors


def test_commands_that_have_moved_are_not_offered():
    _, output, _ = run(["--help"])
    assert "demo" not in output and "sandbox" not in output
