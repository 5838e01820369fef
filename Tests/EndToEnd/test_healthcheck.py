"""`tablecast healthcheck`, which HEALTHCHECK of the image runs."""

import json
import os
import re
import subprocess

import pytest
from support.listening import HAS_IPV6, waiting
from support.processes import environment_without_aws, free_port
from support.service import BINARY

# A proxy that nobody may be asked through.
PROXY = {name: "http://127.0.0.1:9" for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}


def check(*options, **settings):
    """Exit status and what was printed."""
    finished = subprocess.run(
        [BINARY, "healthcheck", *options], env=environment_without_aws(**PROXY, **settings), capture_output=True, text=True, timeout=20
    )
    assert finished.stdout == ""
    return finished.returncode, finished.stderr


def test_reads_the_address_as_the_service_does_and_uses_no_proxy(logs, tmp_path):
    port, path = free_port(), tmp_path / "a.sock"
    config = tmp_path / "options.json"
    config.write_text(json.dumps({"listen": [f":{port}", f"unix:{path}"], "poll-interval": "1s"}))
    with waiting(logs, "--config", str(config)):
        assert check("--config", str(config)) == (0, "")
        assert check(TABLECAST_CONFIG=str(config)) == (0, "")
        assert check(TABLECAST_LISTEN=f":{port}") == (0, "")
        # What else serve is told does not matter here.
        assert check(TABLECAST_LISTEN=f"0.0.0.0:{port}", TABLECAST_TABLE="", TABLECAST_LOOPS="1") == (0, "")
        for address in [f"127.0.0.1:{port}", f"localhost:{port}", f"[::]:{port}", f"unix:{path}", *([f"[::1]:{port}"] if HAS_IPV6 else [])]:
            assert check("--listen", address) == (0, "")
        status, errors = check("--listen", f":{port}", "--path", "/readyz")
        assert status == 1
        assert errors == f"tablecast: the health check of :{port} /readyz failed: status 503. See the log of the service, and /v1/status.\n"


def test_where_a_proxy_header_is_expected_of_this_machine_it_sends_one(logs, tmp_path):
    port, path = free_port(), tmp_path / "a.sock"
    options = {"TABLECAST_LISTEN": f":{port},unix:{path}", "TABLECAST_PROXY_PROTOCOL": "127.0.0.0/8,::1,unix"}
    with waiting(logs, **options):
        assert check(**options) == (0, "")
        assert check(TABLECAST_LISTEN=f":{port}")[0] == 1


def test_one_of_several_addresses_without_a_response_is_a_failure(logs, tmp_path):
    port, other = free_port(), free_port()
    with waiting(logs, "--listen", f"localhost:{port}"):
        # Port 0 is known to the service alone, and is left to the others.
        assert check("--listen", f"localhost:{port},127.0.0.1:0") == (0, "")
        status, errors = check("--listen", f"localhost:{port}", "--listen", f"127.0.0.1:{other}")
        assert status == 1
        assert errors == (
            f"tablecast: the health check of 127.0.0.1:{other} /livez failed: Connection refused. "
            "Check that the service runs, and that --listen, TABLECAST_LISTEN or --config are the same here as there.\n"
        )


def test_a_service_that_is_stopped_fails_within_the_deadline(logs):
    port = free_port()
    with waiting(logs, "--listen", f":{port}") as program, program.paused():
        status, errors = check("--listen", f":{port}")
        assert status == 1
        assert f"the health check of :{port} /livez failed: no response within 2s. " in errors


@pytest.mark.parametrize(
    "options, status, words",
    [
        (["--listen", "127.0.0.1:0"], 1, "failed: the running service alone knows its port. Name it with --listen"),
        (["--listen", "nowhere"], 1, "--listen: 'nowhere' is not allowed; give host:port"),
        (["--listen", "unix:/nonexistent/a.sock"], 1, "/livez failed: No such file or directory. Check that the service runs"),
        (["--config", "/nonexistent/options.json"], 1, "the file of options '/nonexistent/options.json' cannot be read"),
        (["--path", "livez"], 2, "--path 'livez': give a path such as /livez or /readyz"),
    ],
)
def test_each_failure_is_one_line(options, status, words):
    found, errors = check(*options)
    assert found == status
    assert words in errors and re.fullmatch(r"tablecast: [^\n]*\n", errors)


def test_a_file_of_options_that_hangs_is_a_failure_within_the_deadline(tmp_path):
    # Nobody writes to it, so opening it to read would wait for somebody.
    pipe = tmp_path / "options.json"
    os.mkfifo(pipe)
    status, errors = check("--config", str(pipe))
    assert status == 1 and errors.startswith("tablecast: ")
