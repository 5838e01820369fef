"""A credential_process that still runs when the service ends: nothing of it is left."""

import contextlib
import datetime
import http.server
import json
import os
import signal

import pytest
from support.credentials import Bare, SharedFiles
from support.endpoints import Endpoint
from support.processes import wait_for
from support.service import serving

KEYS = {"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "secret"}


def runs(process):
    """Whether a process is there, and is more than an entry that nobody has waited for."""
    with contextlib.suppress(OSError), open(f"/proc/{process}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


class Program:
    """A program of a profile that hangs, and that no polite signal ends: (its process, one that it started)."""

    def __init__(self, folder, files, first=""):
        self.numbers = folder / "numbers"
        path = folder / "give-keys"
        # `first` may end the first run. The numbers are put in place whole.
        path.write_text(
            f"#!/bin/sh\n{first}\ntrap '' TERM INT HUP QUIT\nsleep 600 &\n"
            f"echo $$ $! > '{self.numbers}.new'; mv '{self.numbers}.new' '{self.numbers}'\nsleep 600\n"
        )
        path.chmod(0o755)
        files.config.write_text(f"[default]\ncredential_process = {path}\n")

    def running(self, seconds=20):
        """The processes, once they are there."""
        wait_for(self.numbers.exists, seconds, "the program to run")
        numbers = self.numbers.read_text().split()
        assert len(numbers) == 2 and all(runs(number) for number in numbers)
        return numbers

    @staticmethod
    def assert_gone(numbers):
        try:
            # The kernel takes a moment to end a process.
            wait_for(lambda: not any(runs(number) for number in numbers), 5, f"the end of {numbers}")
        finally:
            for number in numbers:
                with contextlib.suppress(OSError):
                    os.kill(int(number), signal.SIGKILL)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGQUIT"])
def test_a_stop_ends_the_program(ministack, logs, tmp_path, name):
    files = SharedFiles(tmp_path)
    program = Program(tmp_path, files)
    with serving(logs, Bare(ministack, **files.settings), "any", ready=False) as service:
        service.program.wait_until_accepting(service.port)
        numbers = program.running()
        service.program.process.send_signal(getattr(signal, name))
        # Long before the program's own limit.
        assert service.program.process.wait(8) == 0, service.program.output
        program.assert_gone(numbers)


def test_a_second_signal_ends_the_program_too(ministack, logs, tmp_path):
    files = SharedFiles(tmp_path)
    program = Program(tmp_path, files)
    with serving(logs, Bare(ministack, **files.settings), "any", "--drain-delay", "60s", ready=False) as service:
        service.program.wait_until_accepting(service.port)
        numbers = program.running()
        service.program.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in service.program.output, 10, "the stop to begin")
        service.program.process.send_signal(signal.SIGTERM)
        assert service.program.process.wait(8) == 128 + signal.SIGTERM
        program.assert_gone(numbers)


def test_a_start_that_gives_up_ends_the_program(ministack, logs, tmp_path):
    files = SharedFiles(tmp_path)
    program = Program(tmp_path, files)
    with serving(logs, Bare(ministack, **files.settings), "any", "--start-timeout", "3s", ready=False) as service:
        numbers = program.running()
        assert service.program.wait(20) == 1, service.program.output
        program.assert_gone(numbers)


def test_a_start_that_cannot_succeed_ends_the_program(logs, tmp_path):
    """The first keys are good for some seconds, and are renewed before that. The program hangs at the next run, and then DynamoDB knows no such table."""
    files, first = SharedFiles(tmp_path), tmp_path / "first"
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=15)
    document = json.dumps({**KEYS, "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")})
    program = Program(tmp_path, files, f"if mkdir '{first}'; then echo '{document}'; exit 0; fi")

    class Failing(http.server.BaseHTTPRequestHandler):
        """Responds with 500 until the program hangs."""

        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            is_known = program.numbers.exists()
            body = b'{"__type":"x#ResourceNotFoundException","message":"said the test"}' if is_known else b"{}"
            self.send_response(400 if is_known else 500)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with Endpoint("failing", Failing).running() as peer:
        with serving(logs, Bare(peer, **files.settings), "any", ready=False) as service:
            numbers = program.running(30)
            assert service.program.wait(20) == 78, service.program.output
            program.assert_gone(numbers)
