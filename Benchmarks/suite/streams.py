"""Streams of Server-Sent Events read event by event, with the moment and the number of bytes at which each came."""

import contextlib
import re
import socket
import time

ID = re.compile(rb"^id: (\S+)$", re.MULTILINE)
NAME = re.compile(rb"^event: (\w+)$", re.MULTILINE)
VERSION = re.compile(rb'"version":"(\d+)"')


class Events:
    """One stream, asked for in HTTP/1.0: what comes is a head and then the events, with nothing between them."""

    def __init__(self, port, query="", last_id=None, seconds=30):
        # Bytes up to the end of the newest event, and when the newest bytes came, by the monotonic clock.
        self.received, self.arrived = 0, 0.0
        self.buffer, self.at = b"", 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        field = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self.socket.sendall(f"GET /v1/events{query} HTTP/1.0\r\nHost: 127.0.0.1\r\n{field}\r\n".encode())
        head = self.until(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"error: a stream was refused: {head[:200]}")

    def until(self, end):
        """The bytes before the next `end`; throws EOFError where the stream ends first."""
        while (found := self.buffer.find(end, self.at)) < 0:
            more = self.socket.recv(262_144)
            self.arrived = time.monotonic()
            if not more:
                raise EOFError
            self.buffer, self.at = self.buffer[self.at :] + more, 0
        piece = self.buffer[self.at : found]
        self.received += found + len(end) - self.at
        self.at = found + len(end)
        return piece

    def __iter__(self):
        """The events, each as its bytes, until the stream ends or `close` is called."""
        try:
            while True:
                yield self.until(b"\n\n")
        except (EOFError, OSError):
            return

    def close(self):
        """Ends the stream, also under a thread that reads it."""
        # The server may have ended it before.
        with self.socket, contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


def name_of(event):
    """The name of a named event; None for a change."""
    found = NAME.search(event)
    return found and found[1].decode()


def id_of(event):
    return ID.search(event)[1].decode()


def version_of(event):
    """The sequence number of the record that a change comes from."""
    return int(VERSION.search(event)[1])
