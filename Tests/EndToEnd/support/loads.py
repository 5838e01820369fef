"""Costly clients, each kind in a process of its own, so that what measures beside them is not held up by them."""

import contextlib
import multiprocessing
import select
import socket
import urllib.parse


def costly(operands, attribute="text", word="zq"):
    """A predicate that holds for no item, and that looks at `attribute` so many times."""
    return " OR ".join(f"contains({attribute},'{word}{number}')" for number in range(operands))


def request(path, *fields):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def query(path, **parameters):
    return f"{path}?{urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote)}"


class Clients:
    """Connections in one thread: each sends its request, and again when `is_done` says so of what has come since."""

    def __init__(self, port, source):
        self.port, self.source = port, source
        self.epoll = select.epoll()
        self.clients = {}

    def add(self, message, is_done, reconnects=False):
        client = socket.socket()
        client.settimeout(30)
        client.bind((self.source, 0))
        client.connect(("127.0.0.1", self.port))
        client.sendall(message)
        client.setblocking(False)
        self.clients[client.fileno()] = [client, message, is_done, reconnects, b""]
        self.epoll.register(client.fileno(), select.EPOLLIN)

    def run(self):
        while True:
            for descriptor, _ in self.epoll.poll():
                entry = self.clients[descriptor]
                client, message, is_done, reconnects, received = entry
                try:
                    data = client.recv(1 << 20)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                entry[4] = received + data
                if data and not is_done(entry[4]):
                    continue
                entry[4] = b""
                if not data or reconnects:
                    self.epoll.unregister(descriptor)
                    client.close()
                    del self.clients[descriptor]
                    self.add(message, is_done, reconnects)
                else:
                    client.setblocking(True)
                    client.sendall(message)
                    client.setblocking(False)


def answers(count):
    """Whether so many answers have come. Their bodies hold no status line."""
    return lambda received: received.count(b"HTTP/1.1 ") >= count and not received.endswith(b"HTTP/1.1 ")


def whole(received):
    """Whether one answer has come whole, by its Content-Length or its last chunk."""
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None)
    return body.endswith(b"\r\n0\r\n\r\n") if length is None else len(body) >= int(length.split(b":")[1])


def feeds(port, source, count):
    """Feeds that catch up over the whole table, each with its own filter, which holds for no item; again and again."""
    clients = Clients(port, source)
    for number in range(count):
        path = query("/v1/events", where=f"n = -{number + 1}", snapshot="always")
        clients.add(request(path), lambda received: b"event: ready" in received, reconnects=True)
    clients.run()


def pipelines(port, source, count, depth=64, operands=24):
    """Clients that send many searches at once, again when all are answered."""
    clients = Clients(port, source)
    for number in range(count):
        path = query("/v1/items", where=costly(operands, word=f"p{number}q"))
        clients.add(request(path) * depth, answers(depth))
    clients.run()


def polls(port, source, count, operands=30, key="zz-big"):
    """Requests that wait for what never comes to be, all of one item; half of them share a condition."""
    clients = Clients(port, source)
    for number in range(count):
        condition = costly(operands, word=f"u{number}q" if number % 2 else "u")
        clients.add(request(query(f"/v1/items/{key}", until=condition), "Prefer: wait=60"), whole)
    clients.run()


def pages(port, source, count, limit=1000):
    """Clients that read large compressed pages."""
    clients = Clients(port, source)
    path = query("/v1/items", limit=limit)
    for _ in range(count):
        clients.add(request(path, "Accept-Encoding: gzip"), whole)
    clients.run()


@contextlib.contextmanager
def loaded(*loads):
    """Runs loads, each a function with its arguments, for the length of a block."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=function, args=arguments, daemon=True) for function, *arguments in loads]
    try:
        for process in processes:
            process.start()
        yield processes
        for process, load in zip(processes, loads):
            assert process.is_alive(), f"the load {load[0].__name__} ended early, with status {process.exitcode}"
    finally:
        for process in processes:
            process.kill()
            process.join(10)
