"""Readers that are programs: `tablecast tail`, and curl."""

import json
import random
import re
import signal
import subprocess
import threading

from resets import Resets
from support.events import blocks
from support.processes import environment_without_aws
from support.service import BINARY
from watchers import Subscriber

# How long a tail lives before it is ended, in seconds.
LIVES = (3, 20)
# Statuses for which nobody is there for a moment.
AWAY = ("502", "503", "504")


class Curl(Subscriber):
    """A subscriber that reads through curl, which a script starts again with the last id."""

    name = "curl"

    def connect(self, stop):
        headers = {**self.headers, "Accept": "text/event-stream", **({"Last-Event-ID": self.last} if self.last else {})}
        fields = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
        url = f"http://127.0.0.1:{self.port}/v1/events?heartbeat=1s&numbers=number&{self.query}"
        command = ["curl", "--silent", "--show-error", "--fail", "--no-buffer", "--speed-limit", "1", "--speed-time", "10", *fields, url]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            self.connections += 1
            self.read(blocks(iter(process.stdout.readline, b"")), stop)
        finally:
            process.kill()
            _, complaint = process.communicate(timeout=20)
        status = re.search(rb"returned error: (\d+)", complaint)
        assert not status or status[1].decode() in AWAY, complaint


class Tail:
    """A `tablecast tail --json` that is ended now and then, and goes on from its position file."""

    name, kind, reads_steps = "tail", "everything", False

    def __init__(self, port, seed, folder, token):
        self.chance, self.errors, self.position = random.Random(seed), folder / "tail.log", folder / "tail-position"
        access = ["--token-file", str(folder / "token")] if token else []
        self.command = [
            BINARY, "tail", f"http://127.0.0.1:{port}", "--json", "--numbers", "number", "--position-file", str(self.position), *access
        ]
        self.map, self.highest, self.last, self.left, self.whole = {}, {}, None, None, False
        self.resets, self.moves, self.connections, self.changes, self.failure = Resets(), 0, 0, 0, None

    def run(self, stop):
        try:
            while not stop.is_set():
                self.live(stop)
        except Exception as failure:
            self.failure = f"tail: {failure!r}"

    def live(self, stop):
        """One life. Notes and changes come through one pipe, so that their order is known but for those of one moment."""
        process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment_without_aws()
        )
        reading = threading.Thread(target=self.read, args=(process.stdout,))
        reading.start()
        try:
            stop.wait(self.chance.uniform(*LIVES))
            assert process.poll() is None, f"it ended by itself with {process.returncode}"
        finally:
            process.send_signal(self.chance.choice([signal.SIGTERM, signal.SIGKILL]))
            code = process.wait(30)
            reading.join(30)
            if code == -signal.SIGKILL:
                # Its file is up to half a second behind, and may be of the middle of a load: lines come again, as states that are older than
                # the last ones too.
                self.highest, self.whole = {}, False
                self.last = self.position.read_text().strip() if self.position.exists() else None
        # In the first moment of a life nothing listens to signals yet.
        assert code in (0, -signal.SIGKILL, -signal.SIGTERM), f"it ended with {code}"

    def read(self, lines):
        try:
            with self.errors.open("ab") as log:
                for line in lines:
                    if line.startswith(b"{"):
                        self.take(json.loads(line))
                    else:
                        log.write(line)
                        log.flush()
                        self.note(line.decode())
        except Exception as failure:
            self.failure = f"tail: {failure!r}"

    def note(self, text):
        self.connections += "connected at position" in text
        self.moves += "another replica continues" in text
        self.whole = self.whole or "at the head" in text
        if reset := re.match(r"-- reset \((.*?)\)", text):
            self.resets.add(reset[1], self.last, self.whole)
            self.whole = False
            # Notes come before the changes that were read in one piece with them: some may still be of the contents before.
            self.left = self.last and self.last.split(".")[0]
            self.map, self.highest = {}, {}

    def take(self, change):
        epoch = change["id"].split(".")[0]
        if epoch == self.left:
            return
        self.left, self.last = None, change["id"]
        self.resets.follow(self.last)
        self.changes += 1
        key = (change["key"]["id"], change["key"]["at"])
        if change["op"] == "remove":
            self.map.pop(key, None)
            return
        number = change["item"]["n"]
        assert number >= self.highest.get(key, 0), f"{key} went back from write {self.highest[key]} to {number} at {change['id']}"
        self.highest[key] = number
        self.map[key] = (number, change["item"]["v"])

    def expected(self, state):
        return state

    def held(self):
        return self.map

    def told(self):
        return f"tail: {self.connections} connections, {self.changes} changes, {self.moves} moves"
