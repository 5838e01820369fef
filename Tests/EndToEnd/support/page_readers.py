"""Readers of `/v1/changes` by the thousand: each follows the pages by `next` over a connection of its own, and keeps the table as a map."""

import asyncio
import json
import time

from .processes import PATIENCE

REQUEST = "GET /v1/changes?since={since}&limit={limit} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nPrefer: wait={wait}\r\n\r\n"


class Pages:
    """Pages as all readers see them: equal bytes are parsed once."""

    def __init__(self):
        self.parsed = {}

    def __call__(self, body):
        if (page := self.parsed.get(body)) is None:
            page = self.parsed[body] = json.loads(body)
        return page


class Reader:
    """One reader; `pause` is the least time between two of its requests."""

    def __init__(self, port, pages, limit, wait, pause):
        self.port, self.pages, self.limit, self.wait, self.pause = port, pages, limit, wait, pause
        self.items, self.since, self.requests = {}, "0", 0

    async def follow(self, is_done):
        """Reads until `is_done(items)` after a page that is the newest."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while True:
                begun = time.monotonic()
                writer.write(REQUEST.format(since=self.since, limit=self.limit, wait=self.wait).encode())
                page = self.pages(await self.body(reader))
                self.requests += 1
                for change in page["changes"]:
                    if change["op"] == "put":
                        self.items[change["key"]["id"]] = change["item"]
                    else:
                        self.items.pop(change["key"]["id"], None)
                stands = page["next"] == self.since
                self.since = page["next"]
                if not page["more"] and is_done(self.items):
                    return
                least = max(self.pause, 1 if stands else 0)
                if not page["more"] and (rest := begun + least - time.monotonic()) > 0:
                    await asyncio.sleep(rest)
        finally:
            writer.close()

    async def body(self, reader):
        """The body of a response, whichever way its length is told."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines if line)
        if "content-length" in fields:
            body = await reader.readexactly(int(fields["content-length"]))
        else:
            assert fields["transfer-encoding"] == "chunked", head
            body = b""
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readexactly(2)
        assert status.split(" ")[1] == "200", f"{head}{body!r}"
        return body


def follow(port, count, is_done, *, limit=100, wait=20, pause=0, spread=0.0, seconds=60):
    """So many readers, who begin within `spread` seconds; each once it has read to the end."""
    pages = Pages()
    readers = [Reader(port, pages, limit, wait, pause) for _ in range(count)]

    async def begin(number, reader):
        await asyncio.sleep(spread * number / count)
        await reader.follow(is_done)

    async def all_of_them():
        async with asyncio.timeout(seconds * PATIENCE):
            await asyncio.gather(*(begin(number, reader) for number, reader in enumerate(readers)))

    asyncio.run(all_of_them())
    return readers
