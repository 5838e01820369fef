"""A program whose standard error is a pipe that is read only when a test says so, as behind a log shipper that hangs."""

import contextlib
import fcntl
import os
import subprocess
import threading

import httpx

from .processes import environment_without_aws, free_port, wait_for
from .service import Service, command

# Linux, fcntl.h; Python names it from 3.10 on, but not on every platform.
SET_PIPE_SIZE = getattr(fcntl, "F_SETPIPE_SZ", 1031)


class PipedProgram:
    """A child process that writes into a pipe of a given size; nobody reads it before `read`."""

    def __init__(self, arguments, size, environment):
        self.end, writing = os.pipe()
        fcntl.fcntl(self.end, SET_PIPE_SIZE, size)
        try:
            self.process = subprocess.Popen(
                [str(word) for word in arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=writing,
                env=environment,
            )
        finally:
            os.close(writing)
        self.size, self.pieces, self.thread = size, [], None
        self.pausing = threading.Event()

    @property
    def output(self):
        return b"".join(self.pieces).decode(errors="replace")

    @property
    def unread(self):
        """Bytes that wait in the pipe."""
        import array
        import termios

        count = array.array("i", [0])
        fcntl.ioctl(self.end, termios.FIONREAD, count)
        return count[0]

    def read(self):
        """Reads everything from now on, on a thread, until `pause`."""
        self.pausing.clear()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def pause(self):
        """Reads no more."""
        self.pausing.set()
        self.thread.join(10)

    def _read(self):
        import select

        while not self.pausing.is_set():
            if select.select([self.end], [], [], 0.05)[0]:
                piece = os.read(self.end, 65536)
                if not piece:
                    return
                self.pieces.append(piece)

    def close(self):
        if self.thread:
            self.pausing.set()
            self.thread.join(10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self.end)


@contextlib.contextmanager
def serving_into_a_pipe(peer, table, size, *options):
    """`tablecast serve` over a peer with its standard error in an unread pipe of `size` bytes."""
    port = free_port()
    program = PipedProgram(command(table, port, *options), size, environment_without_aws(**peer.settings()))
    service = Service(program, port)

    def ready():
        assert program.process.poll() is None, f"it ended with {program.process.returncode}"
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{service.url}/readyz", timeout=5).status_code == 200

    try:
        wait_for(ready, 30, "the service to be ready although nobody reads its log")
        yield service
    finally:
        service.http.close()
        program.close()
