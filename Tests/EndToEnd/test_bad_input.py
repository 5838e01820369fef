"""What a wrong command line, a wrong table or a wrong endpoint gets: one line that names it, the right status, within 10 s."""

import socket

import pytest
from support.processes import free_port
from support.service import command, run
from support.tables import create_table


def one_line(status, errors, expected, *words):
    assert status == expected, f"exit status {status}: {errors}"
    lines = errors.strip().splitlines()
    assert len(lines) == 1, errors
    for word in words:
        assert word.lower() in lines[0].lower(), f"{word!r} is not in: {lines[0]}"


def last_line(status, errors, expected, *words):
    """A start that waited has said where it listens and what it waits for; its end is one line more."""
    *before, last = errors.strip().splitlines()
    one_line(status, last, expected, *words)
    assert last.startswith("tablecast: ")
    assert sum("the start waits: " in line for line in before) == 1, errors
    assert sum("listening on " in line for line in before) == 1, errors


def serve(table, settings, *options):
    status, _, errors = run(command(table, free_port(), *options)[1:], settings)
    return status, errors


def test_an_unknown_table(peer):
    one_line(*serve("nowhere", peer.settings()), 78, "nowhere", "ResourceNotFoundException")


def test_a_table_without_a_stream(peer):
    table = create_table(peer.client(), view=None)
    one_line(*serve(table, peer.settings()), 78, table, "stream", "update-table")


def test_no_region(ministack):
    settings = ministack.settings()
    del settings["AWS_REGION"]
    one_line(*serve("any", settings), 78, "region", "AWS_REGION")


def test_no_credentials(ministack):
    settings = ministack.settings()
    del settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
    last_line(*serve("any", settings, "--start-timeout", "3s"), 1, "credentials", "AWS_ACCESS_KEY_ID", "--start-timeout")


def test_an_endpoint_where_nobody_listens(ministack):
    port = free_port()
    settings = ministack.settings(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    # A call is repeated for up to a second and a half before it says why it failed.
    last_line(*serve("any", settings, "--start-timeout", "4s"), 1, str(port), "refuses connections", "--start-timeout")


def test_a_port_in_use(ministack):
    table = create_table(ministack.client())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, errors = run(command(table, port)[1:], ministack.settings())
    one_line(status, errors, 1, f"127.0.0.1:{port}", "in use")


BAD_SETTINGS = {
    "poll interval": ("--poll-interval", "fast"),
    "too quick a poll interval": ("--poll-interval", "1ms"),
    "segments": ("--scan-segments", "0"),
    "listen address": ("--listen", "localhost"),
    "endpoint": ("--endpoint-url", "localhost:8000"),
    "log level": ("--log-level", "loud"),
    "connections": ("--max-connections", "-1"),
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_a_bad_flag(ministack, name):
    flag, value = BAD_SETTINGS[name]
    status, _, errors = run(["serve", "--table", "any", f"{flag}={value}"], ministack.settings())
    one_line(status, errors, 2, flag, value)


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_a_bad_variable(ministack, name):
    flag, value = BAD_SETTINGS[name]
    variable = "TABLECAST_" + flag.removeprefix("--").replace("-", "_").upper()
    status, _, errors = run(["serve", "--table", "any"], ministack.settings(**{variable: value}))
    one_line(status, errors, 2, variable, value)


def test_no_table(ministack):
    status, _, errors = run(["serve"], ministack.settings())
    one_line(status, errors, 2, "--table", "TABLECAST_TABLE")


@pytest.mark.parametrize("arguments", [["serve", "--tabel", "x"], ["sevre"], ["serve", "--table"]])
def test_a_wrong_command_line(arguments):
    status, _, errors = run(arguments)
    assert status == 2, errors
    assert arguments[-1] in errors or "--table" in errors


def test_help():
    status, output, _ = run(["--help"])
    assert status == 0
    assert "serve" in output and "doctor" in output
    status, output, _ = run(["serve", "--help"])
    assert status == 0
    assert "TABLECAST_POLL_INTERVAL" in output and "--poll-interval" in output
