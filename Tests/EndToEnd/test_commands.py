"""What the program does when it is called without a command, or asked what it can do."""

import signal

import pytest
from support.processes import Program, accepts, environment_without_aws, free_port, looks
from support.service import BINARY, run, serving
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


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_a_hang_up_and_a_quit_are_a_graceful_stop_as_a_termination_is(ministack, logs, number):
    table = create_table(ministack.client())
    with serving(logs, ministack, table) as service, service.http.stream("GET", "/v1/events") as stream:
        pieces = stream.iter_bytes()
        next(pieces)
        service.program.process.send_signal(number)
        assert b"event: bye" in b"".join(pieces)
        assert service.program.process.wait(30) == 0, service.program.output
        assert "Backtrace" not in service.program.output


def test_a_hang_up_that_is_ignored_from_the_start_stays_ignored(logs):
    """As under nohup: the program outlives its terminal."""
    port = free_port()
    command = ["/usr/bin/nohup", BINARY, "sandbox", "--port", port]
    program = Program(command, logs / "nohup.log", environment_without_aws())
    try:
        program.wait_until_accepting(port)
        program.process.send_signal(signal.SIGHUP)
        for _ in looks(0.5, every=0.05):
            assert accepts(port) and program.process.poll() is None
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(20) == 0
    finally:
        if program.process.poll() is None:
            program.kill()
