"""Clients that cost a service as much as they can, all at once, each kind from an address of its own.

Run as a program: `attackers.py PORT SECONDS`. It writes one JSON object to standard output when it ends: how often each kind was served.
"""

import asyncio
import collections
import contextlib
import json
import socket
import sys
import urllib.parse

# Items that the soak puts into the table for these clients.
LARGE_KEYS = [f"large-{number:03d}" for number in range(40)]
LARGE_BYTES = 100_000
HUGE_KEY = "huge"
POLLED_KEY = "polled"
# An attribute name of this length stands in every operation of a naive patch.
HUGE_NAME_BYTES = 30_000
HUGE_NUMBERS = 20_000

STALLED_CLIENTS = 100
FEEDS = 60
PIPELINES = 8
PIPELINED = 64
LONG_POLLS = 300
IDLE_CLIENTS = 2_000
PATCH_READERS = 4
# How long a client keeps what it has before it comes again.
STAY_SECONDS = 20
NOTHING = urllib.parse.quote(" OR ".join(f"contains(text, 'no such text {number}')" for number in range(20)))
UNTIL = urllib.parse.quote(" OR ".join(f"contains(text, 'never {number}')" for number in range(20)))


class Attack:
    def __init__(self, port):
        self.port, self.served = port, collections.Counter()

    async def connect(self, address, window=None):
        """A connection from one of this machine's addresses; a small window makes the kernel hold little of an unread response."""
        connection = socket.socket()
        connection.setblocking(False)
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.bind((address, 0))
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        return await asyncio.open_connection(sock=connection, limit=65_536)

    async def again(self, attack, *arguments):
        """Comes again for ever; a refusal, a closed connection or a slow answer is part of the game."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.LimitOverrunError, ValueError):
                await attack(*arguments)
            await asyncio.sleep(0.2)

    async def request(self, writer, target, body=None, fields=""):
        method = "GET" if body is None else "POST"
        length = "" if body is None else f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{length}{fields}\r\n{body or ''}".encode())
        await writer.drain()

    async def stall(self):
        """Asks for megabytes and does not read."""
        reader, writer = await self.connect("127.0.3.1", window=4_096)
        with contextlib.closing(writer):
            await self.request(writer, "/v1/items/batch-get", json.dumps({"keys": [{"id": key} for key in LARGE_KEYS]}))
            self.served["stalled batches"] += 1
            await asyncio.sleep(STAY_SECONDS)

    async def catch_up(self):
        """A feed that looks at everything and sends nothing, from the beginning again and again."""
        reader, writer = await self.connect("127.0.3.2")
        with contextlib.closing(writer):
            await self.request(writer, f"/v1/events?since=0&mode=all&where={NOTHING}", fields="Accept: text/event-stream\r\n")
            await asyncio.wait_for(reader.readuntil(b"event: ready"), STAY_SECONDS)
            self.served["feeds caught up"] += 1

    async def pipeline(self):
        """64 costly pages in one write."""
        reader, writer = await self.connect("127.0.3.3")
        with contextlib.closing(writer):
            request = f"GET /v1/items?limit=1000&where={NOTHING} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            writer.write(request.encode() * PIPELINED)
            for _ in range(PIPELINED):
                await asyncio.wait_for(self.response(reader), STAY_SECONDS)
                self.served["pipelined walks"] += 1

    async def wait(self):
        """A long poll on an item that keeps changing, with a predicate that never holds."""
        reader, writer = await self.connect("127.0.3.4")
        with contextlib.closing(writer):
            while True:
                await self.request(writer, f"/v1/items/{POLLED_KEY}?until={UNTIL}", fields=f"Prefer: wait={STAY_SECONDS}\r\n")
                await asyncio.wait_for(self.response(reader), STAY_SECONDS * 2)
                self.served["long polls"] += 1

    async def idle(self):
        """Takes a descriptor and says nothing."""
        reader, writer = await self.connect("127.0.3.5")
        with contextlib.closing(writer):
            self.served["idle connections"] += 1
            await asyncio.wait_for(reader.read(1), STAY_SECONDS * 3)

    async def patch(self):
        """A history whose naive patch is a thousand times its item."""
        reader, writer = await self.connect("127.0.3.6")
        with contextlib.closing(writer):
            await self.request(writer, f"/v1/items/{HUGE_KEY}/history?diff=patch&limit=1")
            await asyncio.wait_for(self.response(reader), STAY_SECONDS)
            self.served["patches"] += 1

    async def response(self, reader):
        """Reads one response, whatever its framing."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"content-length:" in head:
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        elif b"transfer-encoding: chunked" in head:
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                await reader.readexactly(size + 2)
            await reader.readuntil(b"\r\n")

    async def run(self, seconds):
        plan = [
            (self.stall, STALLED_CLIENTS), (self.catch_up, FEEDS), (self.pipeline, PIPELINES), (self.wait, LONG_POLLS),
            (self.idle, IDLE_CLIENTS), (self.patch, PATCH_READERS),
        ]
        tasks = [asyncio.create_task(self.again(attack)) for attack, count in plan for _ in range(count)]
        await asyncio.sleep(seconds)
        # More than once: a cancellation that falls together with a time-out of wait_for is lost (CPython issue 86296).
        while tasks:
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=1)


def main():
    attack = Attack(int(sys.argv[1]))
    asyncio.run(attack.run(float(sys.argv[2])))
    print(json.dumps(attack.served))


if __name__ == "__main__":
    main()
