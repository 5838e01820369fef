"""From the start of the process to a port that accepts, beside Redis, and to a small table that is served."""

import socket
import statistics
import subprocess
import tempfile
import time

from processes import endpoint, free_port, program, replica, running, wait_for
from report import Row

ITEMS = 1000


def accepts(port):
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    return True


def wait_until_listening(port, what):
    wait_for(lambda: accepts(port), 60, what, 0.0005)


def ours(arguments, source):
    """Seconds until it listens, and until it is ready."""
    with replica(arguments, source) as server:
        wait_until_listening(server.port, "tablecast to listen")
        return time.monotonic() - server.started, server.ready_after()


def redis():
    """Seconds until Redis listens, with nothing to load."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tablecast-bench-") as folder:
        command = (program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        started = time.monotonic()
        with running(*command, stdout=subprocess.DEVNULL, cwd=folder):
            wait_until_listening(port, "Redis to listen")
            return time.monotonic() - started


def measure(arguments):
    """Starts in turn, so that a busy moment of the machine is shared; medians."""
    listening, ready, theirs = [], [], []
    with endpoint(arguments.tools, ITEMS) as source:
        for _ in range(3 if arguments.quick else 15):
            seconds = ours(arguments, source)
            listening.append(seconds[0])
            ready.append(seconds[1])
            theirs.append(redis())
    return [
        Row("start, ms until it listens", statistics.median(listening) * 1000, "Redis, empty", statistics.median(theirs) * 1000, "at most", None),
        Row(f"start, seconds until {ITEMS:,} items are served", statistics.median(ready), "(no peer)", None, "at most", None),
    ]
