"""A line between two network namespaces that can be cut without a word to either end, and relays that lead into them from here.

Without the right to make namespaces the relay itself goes silent: it keeps its connections and passes nothing on. To a client that is
the same; to the service it is a client that is there and does not read."""

import concurrent.futures
import contextlib
import ctypes
import os
import select
import shutil
import socket
import subprocess
import threading

from .processes import wait_for

SERVER, CLIENT = "10.213.0.1", "10.213.0.2"
NOBODY = "02:00:00:00:00:0f"
# How often a relay that was told to be silent looks whether it may speak again.
LOOK_AGAIN_AFTER = 0.05


class Namespace:
    """A network of its own, which lives as long as a process that waits for its input."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.file = f"/proc/{self.process.pid}/ns/net"
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: self.process.poll() is not None or os.readlink(self.file) != own, 10, "a network namespace")
        if self.process.poll() is not None:
            raise PermissionError("network namespaces cannot be made here")

    def command(self, *words):
        return ["nsenter", f"--net={self.file}", *words]

    def run(self, *words):
        subprocess.run(self.command(*words), check=True, timeout=10)

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def socket_in(namespace, family=socket.AF_INET):
    """A socket belongs to the network of the thread that made it; None is this process's."""

    def make():
        if namespace:
            library = ctypes.CDLL(None, use_errno=True)
            with open(namespace.file) as file:
                if library.setns(file.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
        return socket.socket(family)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(make).result()


class Relay:
    """Listens on 127.0.0.1 of one network and passes on to an address of another."""

    def __init__(self, target, inside=None, listening=None, port=0):
        self.target, self.inside, self.open, self.silent = target, inside, set(), threading.Event()
        self.listener = socket_in(listening)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.silent.clear()
        for one in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket_in(self.inside) as server:
            # A relay that is silent must not go on taking megabytes.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            server.settimeout(3)
            server.connect(self.target)
            server.settimeout(None)
            self.open |= {client, server}
            try:
                self.exchange({client: server, server: client})
            finally:
                self.open -= {client, server}

    def exchange(self, other):
        """Until one of the two ends its side."""
        while True:
            ready = select.select(list(other), [], [], LOOK_AGAIN_AFTER)[0]
            if self.silent.is_set():
                threading.Event().wait(LOOK_AGAIN_AFTER)
                continue
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                other[one].sendall(data)


class Line:
    """What lies between clients and a service. `is_real` when it is a wire, and not a relay that plays one."""

    def __init__(self, ends):
        self.is_real, self.ends = bool(ends), ends
        self.server, self.client = ends or (None, None)
        if ends:
            self.server.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(self.client.process.pid))
            for end, address in self.both():
                end.run("ip", "address", "add", f"{address}/30", "dev", "wire")
                for device in ("lo", "wire"):
                    end.run("ip", "link", "set", device, "up")

    def both(self):
        return [(self.server, SERVER), (self.client, CLIENT)] if self.is_real else []

    def relay(self, port):
        """The way of clients, over the line, to a port of the service's machine."""
        self.way = Relay((SERVER if self.is_real else "127.0.0.1", port), inside=self.client)
        return self.way

    def cut(self):
        """From now on what one end sends goes to an address that nobody has: no answer, no refusal, no end."""
        for end, address in self.both():
            other = CLIENT if address == SERVER else SERVER
            end.run("ip", "neighbour", "replace", other, "lladdr", NOBODY, "dev", "wire", "nud", "permanent")
        if not self.is_real:
            self.way.silent.set()

    def mend(self):
        for end, address in self.both():
            end.run("ip", "neighbour", "del", CLIENT if address == SERVER else SERVER, "dev", "wire")
        if not self.is_real:
            self.way.silent.clear()


@contextlib.contextmanager
def line():
    with contextlib.ExitStack() as stack:
        ends = []
        if os.geteuid() == 0 and all(map(shutil.which, ("unshare", "nsenter", "ip"))):
            with contextlib.suppress(PermissionError):
                for _ in range(2):
                    ends.append(Namespace())
                    stack.callback(ends[-1].end)
        yield Line(ends if len(ends) == 2 else None)
