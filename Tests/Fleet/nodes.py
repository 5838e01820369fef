"""The processes of a fleet: replicas that live many lives on one port, and the counted way from followers to leaders."""

import contextlib
import select
import signal
import time

import httpx
from support.lines import Relay
from support.processes import Program, environment_without_aws, free_port, wait_for
from support.service import BINARY, Service
from support.tables import canonical

READY_SECONDS = 60


class CountingRelay(Relay):
    """A relay that counts the bytes that the server sends."""

    def __init__(self, port):
        super().__init__(("127.0.0.1", port))
        self.bytes = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def exchange(self, other):
        client = next(iter(other))
        while True:
            for one in select.select(list(other), [], [])[0]:
                data = one.recv(65536)
                if not data:
                    return
                if one is not client:
                    self.bytes += len(data)
                other[one].sendall(data)


class Node:
    """One `tablecast serve` on one port, through all its lives."""

    def __init__(self, name, folder, settings, *options, token=None):
        self.name, self.port, self.log, self.token = name, free_port(), folder / f"{name}.log", token
        self.command = [BINARY, "serve", "--listen", f"127.0.0.1:{self.port}", *options]
        self.environment, self.program, self.lives, self.ends = environment_without_aws(**settings), None, 0, []

    def __repr__(self):
        return self.name

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def start(self):
        self.program = Program(self.command, self.log, self.environment)
        self.lives += 1

    @property
    def is_up(self):
        return self.program is not None and self.program.process.poll() is None

    def get(self, path, **options):
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=self.headers, timeout=10, **options)

    def wait_until_ready(self):
        def ready():
            self.check()
            with contextlib.suppress(httpx.HTTPError):
                return self.get("/readyz").status_code == 200

        wait_for(ready, READY_SECONDS, lambda: f"{self.name} to be ready; it wrote:\n{self.program.output[-3000:]}", every=0.05)

    def check(self):
        """Fails where the process has ended by itself."""
        code = self.program.process.poll()
        assert code is None, f"{self.name} ended with {code}:\n{self.program.output[-3000:]}"

    def kill(self):
        self.program.kill()

    def stop(self):
        code = self.program.stop()
        # In the first moment of a life nothing listens to signals yet.
        assert code in (0, -signal.SIGTERM), f"{self.name} stopped with {code}:\n{self.program.output[-3000:]}"

    def pause(self, seconds):
        with self.program.paused():
            time.sleep(seconds)

    def end(self):
        if self.is_up:
            self.program.process.send_signal(signal.SIGCONT)
            self.program.kill()

    def items(self):
        """Every item, in an order and spelling that can be compared."""
        service = Service(self.program, self.port)
        service.http.headers.update(self.headers)
        try:
            return canonical(service.export(limit="1000"))
        finally:
            service.http.close()

    def status(self):
        return self.get("/v1/status").json()
