"""Subscribers by the thousand, held by one thread: their streams are looked into, not parsed."""

import contextlib
import random
import select
import socket
import struct

from .processes import wait_for

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# Of what a subscriber got, the end is kept: a word that is looked for may come in two pieces.
KEPT = 64


class Crowd:
    """Event streams from several addresses of this machine."""

    def __init__(self, port, paths, seed):
        self.port, self.paths, self.chance = port, paths, random.Random(seed)
        self.poll = select.epoll()
        # By descriptor: the socket, the end of what it got, whether the head of an answer has come.
        self.sockets, self.tails, self.greeted = {}, {}, set()
        self.numbers = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for descriptor in list(self.sockets):
            self.leave(descriptor)
        self.poll.close()

    def __len__(self):
        return len(self.sockets)

    def join(self):
        """One more subscriber."""
        self.numbers += 1
        subscriber = socket.socket()
        subscriber.settimeout(20)
        # Each address has its own ports.
        subscriber.bind((f"127.0.2.{1 + self.numbers % 16}", 0))
        subscriber.connect(("127.0.0.1", self.port))
        path = self.paths[self.numbers % len(self.paths)]
        subscriber.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())
        subscriber.setblocking(False)
        descriptor = subscriber.fileno()
        self.sockets[descriptor], self.tails[descriptor] = subscriber, b""
        self.poll.register(descriptor, select.EPOLLIN)

    def leave(self, descriptor=None, orderly=None):
        """One subscriber, of its own accord any of them, goes by closing its connection or by a reset."""
        descriptor = self.chance.choice(list(self.sockets)) if descriptor is None else descriptor
        subscriber = self.sockets.pop(descriptor)
        del self.tails[descriptor]
        self.greeted.discard(descriptor)
        self.poll.unregister(descriptor)
        if not (self.chance.random() < 0.5 if orderly is None else orderly):
            subscriber.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        subscriber.close()

    def listen(self, seconds=0.0):
        """Takes what has come for anybody; the number of subscribers that got something."""
        ready = self.poll.poll(seconds)
        for descriptor, _ in ready:
            data = self.sockets[descriptor].recv(65536)
            assert data, f"a stream was ended, after {self.tails[descriptor]!r}"
            if descriptor not in self.greeted:
                assert data.startswith(b"HTTP/1.1 200 "), data[:300]
                self.greeted.add(descriptor)
            self.tails[descriptor] = self.tails[descriptor][-KEPT:] + data
        return len(ready)

    def all_hear(self, word, seconds):
        """Waits until everybody's last bytes hold a word."""

        def heard():
            self.listen(0.05)
            return all(word in tail for tail in self.tails.values())

        wait_for(heard, seconds, lambda: f"{sum(word not in tail for tail in self.tails.values())} subscribers to hear {word}")
