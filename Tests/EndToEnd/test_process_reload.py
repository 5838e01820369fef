"""A hang-up makes the service read again what changed on disk, and nothing that it serves is interrupted."""

import json
import contextlib
import os
import pathlib
import signal
import sys

import pytest
from support.hanging import HangingFolder
from support.processes import PATIENCE, wait_for
from support.service import serving
from support.tables import create_table

OLD, NEW = "operator-0123456789abcdef", "successor-0123456789abcdef"


@pytest.fixture(scope="module")
def table(ministack):
    return create_table(ministack.client())


def write(path, content):
    # Beside it and then over it, as a careful tool does.
    beside = path.with_suffix(".new")
    beside.write_text(content if isinstance(content, str) else json.dumps(content))
    beside.rename(path)


def tokens(token):
    return {"tokens": [{"name": "operator", "token": token, "scopes": ["read", "stream"]}]}


def put(ministack, table, text):
    ministack.client().put_item(TableName=table, Item={"id": {"S": "a"}, "text": {"S": text}})


def test_a_hang_up_reads_tokens_credentials_and_the_log_level_again(ministack, table, logs, tmp_path):
    options, keys = tmp_path / "options.json", tmp_path / "tokens.json"
    write(options, {"log-level": "info", "poll-interval": "100ms"})
    write(keys, tokens(OLD))
    with serving(logs, ministack, table, "--config", options, "--auth-token-file", keys) as service:
        output, process = lambda: service.program.output, service.program.process

        def hang_up(*lines):
            before = len(output())
            process.send_signal(signal.SIGHUP)
            for line in lines:
                wait_for(lambda: line in output()[before:], 10, lambda: f"{line!r} in {output()[before:]!r}")
            assert process.poll() is None

        with service.http.stream("GET", "/v1/events", headers={"Authorization": f"Bearer {OLD}"}) as stream:
            assert stream.status_code == 200
            pieces = stream.iter_bytes()
            next(pieces)
            hang_up(
                "SIGHUP: reading again the credentials, the token file, the file of options",
                "the token file was read again tokens=1",
                f"the file of options {options} was read again; the log level stays info",
            )
            assert "changes applied" not in output()
            write(options, {"log-level": "trace", "poll-interval": "200ms", "max-subscribers": 7})
            hang_up(
                "the log level is trace now, and was info",
                f"these options changed in {options} and take effect with a restart: ",
            )
            assert "poll-interval" in output() and "max-subscribers" in output()
            put(ministack, table, "after the first hang-up")
            wait_for(lambda: "changes applied" in output(), 10, "a line of the new level")
            # Files that cannot be used change nothing, and are named.
            write(options, "{")
            write(keys, "no tokens")
            hang_up(
                "the file of options was read again and cannot be used, so all options stay as they are: ",
                f"the token file {keys} cannot be used, the tokens read before stay in use: ",
            )
            put(ministack, table, "after the last hang-up")
            seen = b""
            while b"after the last hang-up" not in seen:
                seen += next(pieces)
            assert b"event: bye" not in seen
        write(keys, tokens(NEW))
        hang_up("the token file was read again tokens=1")
        status = {token: service.get("/v1/items/a", headers={"Authorization": f"Bearer {token}"}).status_code for token in (OLD, NEW)}
        assert status == {OLD: 401, NEW: 200}
        assert OLD not in output() and NEW not in output()
        assert service.program.stop() == 0


def keeps_hang_ups(process):
    """Whether the program handles SIGHUP already: the launcher that becomes it does not."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return int(caught, 16) >> (signal.SIGHUP - 1) & 1


@contextlib.contextmanager
def reading_its_options(ministack, table, logs, tmp_path):
    """A service in the middle of its start: the volume of its options is silent."""
    volume = HangingFolder(tmp_path)
    options = volume.path / "options.json"
    write(options, {"log-level": "info"})
    silence = contextlib.ExitStack()
    with silence:
        silence.enter_context(volume.silent())
        with serving(logs, ministack, table, "--config", options, ready=False, **volume.settings) as service:
            wait_for(lambda: keeps_hang_ups(service.program.process), 30, "the program to handle hang-ups")
            yield service, silence.close


def test_a_hang_up_before_the_options_are_read_is_kept(ministack, table, logs, tmp_path):
    with reading_its_options(ministack, table, logs, tmp_path) as (service, respond):
        for _ in range(20):
            service.program.process.send_signal(signal.SIGHUP)
        respond()
        service.wait_until_ready()
        wait_for(lambda: "SIGHUP: reading again the credentials" in service.program.output, 10, "the reload")
        assert service.program.output.count("SIGHUP: reading again") == 1
        assert service.program.stop() == 0


def test_a_stop_before_the_options_are_read_ends_the_start(ministack, table, logs, tmp_path):
    with reading_its_options(ministack, table, logs, tmp_path) as (service, _):
        service.program.process.send_signal(signal.SIGTERM)
        # Well before the volume is given up.
        assert service.program.process.wait(8) == -signal.SIGTERM


def test_hang_ups_in_a_row_and_during_a_stop_do_no_harm(ministack, table, logs):
    with serving(logs, ministack, table, "--drain-delay", "2s") as service:
        process = service.program.process
        for _ in range(50):
            process.send_signal(signal.SIGHUP)
        wait_for(lambda: "SIGHUP: reading again the credentials\n" in service.program.output, 10, "the reload")
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: service.get("/readyz").status_code == 503, 10, "the drain")
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
        assert process.wait(20 * PATIENCE) == 0, service.program.output


def test_the_end_of_its_terminal_is_a_stop_and_a_hang_up_before_that_is_not(ministack, table, logs):
    master, slave = os.openpty()
    code = (
        "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR), termios.TIOCSCTTY, 0); "
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    launcher = [sys.executable, "-c", code, os.ttyname(slave)]
    try:
        with serving(logs, ministack, table, launcher=launcher) as service:
            process = service.program.process
            process.send_signal(signal.SIGHUP)
            wait_for(lambda: "SIGHUP: reading again" in service.program.output, 10, "the reload")
            with service.http.stream("GET", "/v1/events") as stream:
                pieces = stream.iter_bytes()
                next(pieces)
                os.close(master)
                master = None
                assert b"event: bye" in b"".join(pieces)
            assert process.wait(20 * PATIENCE) == 0, service.program.output
    finally:
        os.close(slave)
        if master is not None:
            os.close(master)
