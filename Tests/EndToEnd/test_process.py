"""The process and its surroundings: descriptors that its launcher left closed, and signals."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
from support.processes import PATIENCE, environment_without_aws, wait_for
from support.service import BINARY, serving
from support.tables import create_table

WRITES_ONLY = os.O_WRONLY


@pytest.fixture(scope="module")
def table(ministack):
    return create_table(ministack.client())


def closing(numbers):
    """A command that becomes another one without some of the first three descriptors."""
    return ["/bin/sh", "-c", 'exec "$@" ' + " ".join(f"{number}>&-" for number in numbers), "sh"]


def opened(process, number):
    """The file behind a descriptor of a process, and whether it is open for writing only."""
    flags = pathlib.Path(f"/proc/{process.pid}/fdinfo/{number}").read_text().split("flags:")[1].split()[0]
    return os.readlink(f"/proc/{process.pid}/fd/{number}"), int(flags, 8) & os.O_ACCMODE == WRITES_ONLY


@pytest.mark.parametrize("numbers", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_descriptors_that_are_closed_at_the_start_never_become_a_socket(ministack, table, logs, numbers):
    # With --crash-dumps the system shows what the process has open to its own user, too.
    with serving(logs, ministack, table, "--crash-dumps", "--access-log", launcher=closing(numbers)) as service:
        process = service.program.process
        with service.http.stream("GET", "/v1/events") as stream:
            next(stream.iter_bytes())
            for number in numbers:
                assert opened(process, number) == ("/dev/null", number != 0)
            for number in range(3):
                assert not os.readlink(f"/proc/{process.pid}/fd/{number}").startswith("socket:")
        assert service.program.stop() == 0
        assert ("stopping" in service.program.output) == (2 not in numbers)


@pytest.mark.parametrize("numbers", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
@pytest.mark.parametrize(
    "arguments, status",
    [(["config", "--table", "orders"], 0), (["--version"], 0), (["serve"], 2), (["doctor", "http://127.0.0.1:1"], 1)],
    ids=lambda value: str(value),
)
def test_other_commands_end_as_ever_with_descriptors_closed(numbers, arguments, status):
    command = [*closing(numbers), BINARY, *arguments]
    finished = subprocess.run(command, env=environment_without_aws(), capture_output=True, timeout=20)
    assert finished.returncode == status, finished


def test_a_second_quit_ends_a_drain_at_once_and_prints_no_backtrace(ministack, table, logs):
    with serving(logs, ministack, table, "--drain-delay", "60s") as service:
        process = service.program.process
        process.send_signal(signal.SIGQUIT)
        wait_for(lambda: service.get("/readyz").status_code == 503, 10, "the drain")
        assert service.get("/livez").status_code == 200
        process.send_signal(signal.SIGQUIT)
        assert process.wait(5 * PATIENCE) == 128 + signal.SIGQUIT
        assert "Backtrace" not in service.program.output and "Crash" not in service.program.output


def first_process():
    """A command that runs another one as process 1 of a container; skips the test where this is not allowed."""
    command = ["unshare", "--pid", "--fork", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("process namespaces cannot be made here")
    return command


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM])
def test_process_1_of_a_container_drains_too(ministack, table, logs, number):
    with serving(logs, ministack, table, launcher=first_process()) as service:
        launcher = service.program.process
        children = pathlib.Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
        try:
            assert len(children) == 1
            with service.http.stream("GET", "/v1/events") as stream:
                pieces = stream.iter_bytes()
                next(pieces)
                os.kill(int(children[0]), number)
                assert b"event: bye" in b"".join(pieces)
            assert launcher.wait(20) == 0, service.program.output
            assert "Backtrace" not in service.program.output
        finally:
            if launcher.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(children[0]), signal.SIGKILL)
