"""Clients that come by IPv6, from addresses of a network of its own: those of one /64 count as one client, as a client's own network is."""

import contextlib
import os
import shutil
import socket

import pytest
from support.lines import Namespace, Relay, socket_in
from support.processes import Program, environment_without_aws, free_port, wait_for
from support.service import BINARY
from support.tables import create_table

SERVER = "fd00:0:0:f::1"
# Two of one /64, and one of another.
FIRST, NEIGHBOUR, OTHER = "fd00::1:1", "fd00::1:2", "fd00:0:0:1::1"


class Network:
    """A service in a network namespace, and clients beside it."""

    def __init__(self, namespace, port):
        self.namespace, self.port, self.open = namespace, port, []

    def connect(self, source, target=SERVER):
        """A connection from an address; IPv4 where that is one."""
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        client = socket_in(self.namespace, family)
        self.open.append(client)
        client.settimeout(20)
        client.bind((source, 0))
        client.connect((target, self.port))
        return client

    def get(self, source, path="/livez", target=SERVER):
        """A connection that stays open, and the status line of the answer on it."""
        client = self.connect(source, target)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return client, client.recv(65536).split(b"\r\n")[0].decode()

    def is_ready(self):
        with contextlib.suppress(OSError):
            client, line = self.get(SERVER, "/readyz")
            client.close()
            return line == "HTTP/1.1 200 OK"


@pytest.fixture
def namespace():
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        pytest.skip("network namespaces need root, util-linux and iproute2")
    with contextlib.ExitStack() as stack:
        try:
            made = Namespace()
        except PermissionError as error:
            pytest.skip(str(error))
        stack.callback(made.end)
        made.run("ip", "link", "set", "lo", "up")
        if not os.path.exists("/proc/sys/net/ipv6"):
            pytest.skip("this machine has no IPv6")
        for address in (SERVER, FIRST, NEIGHBOUR, OTHER):
            made.run("ip", "-6", "address", "add", f"{address}/128", "dev", "lo")
        yield made


@contextlib.contextmanager
def serving_in(namespace, logs, peer, *options):
    table, port = create_table(peer.client()), free_port()
    # The way from the namespace to the table.
    with Relay(("127.0.0.1", peer.port), listening=namespace) as relay, contextlib.ExitStack() as stack:
        environment = environment_without_aws(**peer.settings(AWS_ENDPOINT_URL=f"http://127.0.0.1:{relay.port}"))
        words = [BINARY, "serve", "--table", table, "--listen", f"[::]:{port}", *options]
        program = Program(namespace.command(*words), logs / f"ipv6-{port}.log", environment)
        stack.callback(program.kill)
        network = Network(namespace, port)
        wait_for(network.is_ready, 30, lambda: f"the service to be ready; it wrote:\n{program.output[-3000:]}")
        yield network
        for client in network.open:
            client.close()
        assert program.stop() == 0


def test_addresses_of_one_network_share_a_limit_of_connections(namespace, logs, ministack):
    with serving_in(namespace, logs, ministack, "--max-connections-per-address", "3") as network:
        # Streams, since an idle connection would give its place to the next; and what is refused is no health check.
        first, line = network.get(FIRST, "/v1/events")
        assert line == "HTTP/1.1 200 OK"
        for source in (FIRST, NEIGHBOUR):
            assert network.get(source, "/v1/events")[1] == "HTTP/1.1 200 OK"
        for source in (FIRST, NEIGHBOUR):
            assert network.get(source, "/v1/items")[1].startswith("HTTP/1.1 503 ")
        for _ in range(3):
            assert network.get(OTHER, "/v1/events")[1] == "HTTP/1.1 200 OK"
        assert network.get(OTHER, "/v1/items")[1].startswith("HTTP/1.1 503 ")
        # IPv4 clients of the IPv6 listener are clients of their own.
        for _ in range(3):
            assert network.get("127.0.0.2", "/v1/events", "127.0.0.1")[1] == "HTTP/1.1 200 OK"
        assert network.get("127.0.0.2", "/v1/items", "127.0.0.1")[1].startswith("HTTP/1.1 503 ")
        assert network.get("127.0.0.3", "/v1/items", "127.0.0.1")[1] == "HTTP/1.1 200 OK"
        # A place that one address leaves is there for its neighbour.
        first.close()

        def is_let_in():
            client, line = network.get(NEIGHBOUR, "/v1/items")
            client.close()
            return line == "HTTP/1.1 200 OK"

        wait_for(is_let_in, 20, "the place of the connection that was closed")


def test_addresses_of_one_network_share_a_limit_of_subscribers(namespace, logs, ministack):
    with serving_in(namespace, logs, ministack, "--max-subscribers-per-address", "2") as network:
        for source in (FIRST, NEIGHBOUR):
            assert network.get(source, "/v1/events")[1] == "HTTP/1.1 200 OK"
        for source in (FIRST, NEIGHBOUR):
            assert network.get(source, "/v1/events")[1].startswith("HTTP/1.1 429 ")
        assert network.get(OTHER, "/v1/events")[1] == "HTTP/1.1 200 OK"
