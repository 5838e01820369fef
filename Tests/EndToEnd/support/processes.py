"""Processes on free ports of 127.0.0.1, bounded in time and stopped by their own id; waiting without sleeping blindly."""

import contextlib
import itertools
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import time

PROJECT = pathlib.Path(__file__).resolve().parents[3]
VENV = PROJECT / ".venv/bin"
# An interval between two looks at something that another process will do; a deadline bounds every wait.
LOOK_AGAIN_AFTER = 0.01
# Deadlines of waits are those of an idle machine. They only end a test that has failed, so a busy machine gets several times as long.
PATIENCE = 4


# Ports below those from which the system takes the near ends of connections: thousands of these come and go in some tests, and one
# would now and then have a port that was free a moment before. Browsers refuse 10080. Each worker of a run has ports of its own.
FIRST_PORT, PORTS_OF_A_WORKER, WORKERS = 11_000, 2_500, 8
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
PORTS = itertools.count(random.randrange(PORTS_OF_A_WORKER))


def free_port():
    """A port of 127.0.0.1 that nobody listens on, and that this process was not given lately."""
    for _ in range(PORTS_OF_A_WORKER):
        port = FIRST_PORT + WORKER * PORTS_OF_A_WORKER + next(PORTS) % PORTS_OF_A_WORKER
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port of this worker is taken")


def looks(seconds, every=LOOK_AGAIN_AFTER):
    """Comes back again and again until the time is over: for what must hold all the while, and for clients that keep a pace."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(every)


def wait_for(condition, seconds=20, what="the condition", every=LOOK_AGAIN_AFTER):
    """Looks until the condition gives something true, and returns that; fails after the deadline with the last answer.

    `seconds` are an idle machine's (`PATIENCE`). `what` may be a function, for what can only be told then."""
    seconds *= PATIENCE
    deadline, last = time.monotonic() + seconds, None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, EOFError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what() if callable(what) else what}; last seen: {last!r}")
        time.sleep(every)


def resident(process):
    """Bytes of memory that a process has."""
    with open(f"/proc/{process.pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Program:
    """A child process whose output is kept in a file."""

    def __init__(self, command, log, environment):
        self.log = pathlib.Path(log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )

    @property
    def output(self):
        return self.log.read_text(errors="replace")

    def wait_until_accepting(self, port, seconds=30):
        def check():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.output}"
            return accepts(port)

        wait_for(check, seconds, f"a listener on port {port}")

    def wait(self, seconds):
        """Its exit status, once it has ended by itself; `seconds` are an idle machine's (`PATIENCE`)."""
        return self.process.wait(seconds * PATIENCE)

    @contextlib.contextmanager
    def paused(self):
        """Keeps it from running for the length of a block, as a suspended machine or a starved container is."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """Ends it with no chance to clean up."""
        self.process.send_signal(signal.SIGKILL)
        return self.wait(10)

    def stop(self, seconds=15):
        """Asks it to stop; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not stop within {seconds * PATIENCE} s of SIGTERM:\n{self.output[-2000:]}")


def environment_without_aws(**more):
    """Our environment less everything that would tell the program about AWS or about itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TABLECAST_"))}
    # No home folder with somebody's own credentials in it.
    kept["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent/credentials"
    kept["AWS_CONFIG_FILE"] = "/nonexistent/config"
    kept["AWS_EC2_METADATA_DISABLED"] = "true"
    return {**kept, **more}
