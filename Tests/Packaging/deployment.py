"""Two replicas of one table in containers, with state of their own, behind haproxy with the configuration of deploy/haproxy."""

import contextlib
import http.client
import os
import re
import socket
import time

import containers
import httpx
from support.following import status
from support.processes import PATIENCE, PROJECT, Program, free_port, wait_for
from support.service import Service
from support.tables import canonical, truth

STATE, SECRETS = "/state", "/secrets"
CONFIGURATION = PROJECT / "deploy/haproxy/haproxy.cfg"


class Replica:
    """One place behind the balancer, whose container is replaced while its port, its state and its secrets stay."""

    def __init__(self, name, root, stage, folder, settings):
        self.name, self.root, self.stage, self.folder, self.settings = name, root, stage, folder, settings
        self.port, self.state = free_port(), containers.volume(folder / "state", stage)
        self.secrets, self.running, self.starts, self.service = containers.volume(folder / "secrets", stage), None, 0, None

    def put_secret(self, name, text):
        """Replaces a file at once, for nobody but the image's user to read."""
        fresh = self.secrets / f".{name}"
        fresh.write_text(text)
        fresh.chmod(0o400)
        os.chown(fresh, *containers.user_of(self.stage))
        fresh.replace(self.secrets / name)

    def start(self):
        """A new container; its log has a file of its own."""
        self.starts += 1
        settings = {"TABLECAST_STATE_DIR": STATE, "TABLECAST_LISTEN": f"127.0.0.1:{self.port}", **self.settings}
        volumes = {STATE: self.state, SECRETS: self.secrets}
        log = self.folder / f"{self.name}-{self.starts}.log"
        self.running = containers.Container(self.root, self.stage, log, volumes, **settings)
        self.service = Service(self.running.program, self.port)

    def stop(self):
        assert self.running.stop() == 0, self.running.program.output
        self.service.http.close()

    def is_ready(self, when):
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.service.url}/readyz", params={"when": when}, timeout=5 * PATIENCE).status_code == 200

    def wait_until_ready(self, when="live", seconds=30):
        """Seconds that it took."""
        began = time.monotonic()

        def look():
            assert self.running.program.process.poll() is None, self.running.program.output
            return self.is_ready(when)

        wait_for(look, seconds, lambda: f"{self.name} to be ready for {when}; it wrote:\n{self.running.program.output[-3000:]}")
        return time.monotonic() - began

    def wait_for_item(self, key, seconds=30):
        wait_for(lambda: self.service.item(key), seconds, lambda: f"{key} at {self.name}: {status(self.service)}")

    def equals(self, client, table):
        assert canonical(self.service.export()) == truth(client, table), f"{self.name} differs from the table"

    def end(self):
        if self.service:
            self.service.http.close()
        if self.running:
            self.running.end()


class Balancer:
    """haproxy, and what it thinks of the replicas."""

    def __init__(self, folder, replicas):
        self.port, self.socket = free_port(), folder / "haproxy.sock"
        text = CONFIGURATION.read_text()
        for old, new in {
            "bind :80": f"bind 127.0.0.1:{self.port}",
            "maxconn 20000": f"maxconn 256\n    stats socket {self.socket}",
            **{address: f"127.0.0.1:{replica.port}" for address, replica in zip(re.findall(r"^    server \w+ (\S+)$", text, re.MULTILINE), replicas)},
        }.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self.file, self.log, self.program = folder / "haproxy.cfg", folder / "haproxy.log", None
        self.file.write_text(text)

    def __enter__(self):
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        self.program = Program(["haproxy", "-db", "-f", self.file], self.log, environment)
        self.program.wait_until_accepting(self.port)
        return self

    def __exit__(self, *_):
        self.program.stop()

    def states(self):
        """UP or DOWN by the name of the server; between them haproxy counts, as in "UP 1/2"."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5 * PATIENCE)
            control.connect(str(self.socket))
            control.sendall(b"show stat\n")
            answer = b"".join(iter(lambda: control.recv(65_536), b"")).decode()
        head, *rows = (line.split(",") for line in answer.strip().removeprefix("# ").splitlines())
        found = (dict(zip(head, row)) for row in rows)
        return {row["svname"]: row["status"] for row in found if row["pxname"] == "replicas" and row["svname"] != "BACKEND"}

    def wait_for(self, name, state, seconds=20):
        """Seconds until the server has the state."""
        began = time.monotonic()
        wait_for(lambda: self.states()[name] == state, seconds, lambda: f"haproxy to say {state} of {name}: {self.states()}")
        return time.monotonic() - began

    def get(self, path):
        """(status, fields, body) of a response through it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * PATIENCE)
        connection.request("GET", path)
        response = connection.getresponse()
        try:
            return response.status, response.headers, response.read()
        finally:
            connection.close()
