"""A replica whose log nobody reads: it goes on following, says how many lines it dropped, and ends when it is asked to."""

import itertools
import re
import signal
import subprocess
import time

import httpx
import pytest
from support.pipes import PipedProgram, serving_into_a_pipe
from support.processes import PATIENCE, environment_without_aws, free_port, wait_for
from support.service import BINARY, metric
from support.tables import create_table

WRITES = itertools.count(1)
# A pipe of 64 KiB holds about 200 lines of the access log and its queue 8,192 more.
FLOOD = 12_000


@pytest.fixture(scope="module")
def table(ministack):
    return create_table(ministack.client())


def assert_follows(ministack, table, service):
    """A write becomes visible and the lag stays small, as ever."""
    number = next(WRITES)
    ministack.client().put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": str(number)}})
    wait_for(lambda: (service.item("a") or {}).get("n") == number, 20, f"write {number} to be visible")
    answer = service.get("/v1/items/a")
    assert answer.headers["Replica-State"] == "live"
    assert int(answer.headers["Replica-Lag"]) < 30_000


def flood(service, requests=FLOOD):
    """Makes lines of the access log, until more are dropped than a pipe and its queue hold."""
    with httpx.Client(base_url=service.url, timeout=10, limits=httpx.Limits(max_connections=1)) as client:
        for number in range(requests):
            assert client.get("/livez").status_code == 200
            if number % 500 == 0 and metric(service, "tablecast_access_log_dropped_total") > 0:
                return
    wait_for(lambda: metric(service, "tablecast_access_log_dropped_total") > 0, 5, "dropped lines to be counted")


def reported(service):
    """Lines that the log says are missing."""
    return sum(map(int, re.findall(r'"(\d+) requests are missing here', service.program.output)))


def assert_stops(service, seconds=25):
    """Within its grace (2 s here), its margin and the patience with the log; the bound allows for a slow machine."""
    asked = time.monotonic()
    service.program.process.send_signal(signal.SIGTERM)
    try:
        assert service.program.process.wait(seconds) == 0
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"SIGTERM did not end it within {seconds} s") from error
    return time.monotonic() - asked


@pytest.mark.parametrize("size", [4_096, 65_536])
def test_a_log_that_is_never_read_holds_nothing_up(ministack, table, size):
    with serving_into_a_pipe(ministack, table, size, "--access-log", "--shutdown-grace", "2s", "--max-lag", "60s") as service:
        assert_follows(ministack, table, service)
        flood(service)
        assert service.program.unread > size / 2, "the pipe is not full"
        for _ in range(3):
            assert_follows(ministack, table, service)
        # This request's own line is dropped after the answer that counts.
        of_requests = metric(service, "tablecast_access_log_dropped_total")
        assert metric(service, "tablecast_log_lines_dropped_total") >= of_requests > 0
        assert_stops(service)


@pytest.mark.parametrize("size", [4_096, 65_536])
def test_a_reader_that_pauses_finds_a_line_that_counts_what_is_missing(ministack, table, size):
    with serving_into_a_pipe(ministack, table, size, "--access-log", "--shutdown-grace", "2s", "--max-lag", "60s") as service:
        service.program.read()
        wait_for(lambda: "replica is live" in service.program.output, 20, "the log to be read")
        service.program.pause()
        flood(service)
        assert_follows(ministack, table, service)
        service.program.read()
        wait_for(lambda: reported(service) > 0, 20, "the report")
        wait_for(
            lambda: reported(service) == metric(service, "tablecast_access_log_dropped_total"),
            20,
            "all dropped lines to be reported",
        )
        assert_stops(service)
        wait_for(lambda: "stopped" in service.program.output, 10, "the last line")


def test_a_failed_start_ends_with_its_status_although_nobody_reads_why():
    """A pipe that is full from the start: the one line is lost, the status is not."""
    settings = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
    arguments = [BINARY, "serve", "--table", "t", "--state-dir", "/nonexistent/parent/state", "--listen", f"127.0.0.1:{free_port()}"]
    program = PipedProgram(["/bin/sh", "-c", 'head -c 4096 /dev/zero >&2; exec "$@"', "sh", *arguments], 4_096, environment_without_aws(**settings))
    try:
        assert program.process.wait(20 * PATIENCE) == 78
        assert program.unread == 4_096
    finally:
        program.close()


def test_a_failed_start_says_why_in_one_line_where_somebody_reads():
    settings = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
    arguments = [BINARY, "serve", "--table", "t", "--state-dir", "/nonexistent/parent/state", "--listen", f"127.0.0.1:{free_port()}"]
    program = PipedProgram(arguments, 4_096, environment_without_aws(**settings))
    try:
        assert program.process.wait(20 * PATIENCE) == 78
        program.read()
        wait_for(lambda: program.output.endswith("\n"), 10, "the line")
        assert program.output.count("\n") == 1
        assert program.output.startswith("tablecast: the state directory /nonexistent/parent/state cannot be used: ")
    finally:
        program.close()
