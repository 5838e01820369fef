"""A service that listens and waits for DynamoDB: its health is served, and nothing else is needed."""

import contextlib
import pathlib
import re

from .processes import Program, environment_without_aws, free_port, wait_for
from .service import BINARY

# Nobody listens there: a start waits for it, and serves its health meanwhile.
AWAY = "http://127.0.0.1:9"
KEYS = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
WAITING = [BINARY, "serve", "--table", "t", "--endpoint-url", AWAY, "--start-timeout", "0"]
FOUND = re.compile(r"listening on (.*) version=")
# The addresses of this machine, as the kernel lists them.
IPV6_ADDRESSES = pathlib.Path("/proc/net/if_inet6")
HAS_IPV6 = IPV6_ADDRESSES.exists() and f"{1:032x}" in IPV6_ADDRESSES.read_text()


@contextlib.contextmanager
def waiting(logs, *options, launcher=(), **settings):
    """A service whose start waits for DynamoDB; its health is served."""
    log = logs / f"listen-{free_port()}.log"
    program = Program([*launcher, *WAITING, *options], log, environment_without_aws(**{**KEYS, **settings}))
    try:
        wait_for(lambda: FOUND.search(program.output) or program.process.poll() is not None, 30, "the service to listen")
        assert program.process.poll() is None, program.output
        yield program
    finally:
        if program.process.poll() is None:
            program.kill()


def listening(program):
    """The addresses in the log's line."""
    return wait_for(lambda: FOUND.search(program.output), 30, "the line of the log")[1]
