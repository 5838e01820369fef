"""Clients behind real proxies that tell whose requests they pass on: in the PROXY protocol and in fields, for limits and the log."""

import contextlib
import socket
import struct

import pytest

from support import proxies
from support.processes import wait_for
from support.service import parsed, serving
from support.tables import create_table
from support.wire import Wire

# The proxies connect from here, so that the tests themselves may connect without a header.
PROXY = "127.0.0.9"
CLIENT, OTHER = "127.0.0.5", "127.0.0.6"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FORWARDED_FOR = f"proxy_bind {PROXY}; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
# The text behind the server's address in haproxy's configuration, or in nginx's location.
HEADERS = {"v1": "send-proxy", "v2": "send-proxy-v2", "v2 with a checksum": "send-proxy-v2 proxy-v2-options crc32c"}
FIELDS = {
    "haproxy": f"source {PROXY}\n    option forwardfor",
    "nginx": FORWARDED_FOR,
    "nginx with Forwarded": f'proxy_bind {PROXY}; proxy_set_header Forwarded "for=$remote_addr;proto=http";',
}


@pytest.fixture(scope="module")
def table(ministack):
    client = ministack.client()
    name = create_table(client)
    client.put_item(TableName=name, Item={"id": {"S": "a"}})
    return name


@contextlib.contextmanager
def behind(name, more, logs, ministack, table, folder, *options):
    """A service with an access log, and a proxy in front of it."""
    with serving(logs, ministack, table, "--access-log", *options) as service:
        with proxies.proxy(name.split()[0], folder, service.port, more) as port:
            yield service, port


def logged(service, name):
    """The client and the peer of the request of that name."""

    def entry():
        records = [parsed(line) for line in service.program.output.splitlines()]
        found = [record["metadata"] for record in records if record and record.get("logger") == "tablecast.access"]
        return next((one for one in found if one.get("request_id") == name), None)

    found = wait_for(entry)
    return found["client"], found["peer"]


def get(port, source, name, fields=""):
    with Wire(port, source=source) as wire:
        return wire.get("/v1/items/a", f"X-Request-Id: {name}\r\n{fields}")


@pytest.mark.parametrize("version", HEADERS)
def test_haproxy_tells_the_client_in_the_proxy_protocol(version, ministack, logs, table, tmp_path):
    more = f"source {PROXY} {HEADERS[version]}"
    with behind("haproxy", more, logs, ministack, table, tmp_path, "--proxy-protocol", PROXY) as (service, port):
        for name, source in (("one", CLIENT), ("two", OTHER)):
            assert get(port, source, name).status == 200
            assert logged(service, name) == (source, PROXY)


@pytest.mark.parametrize("name", FIELDS)
def test_a_proxy_tells_the_client_in_fields(name, ministack, logs, table, tmp_path):
    with behind(name, FIELDS[name], logs, ministack, table, tmp_path, "--trusted-proxies", PROXY) as (service, port):
        # A client may invent what it wants, but not in the place that the proxy writes.
        forged = "" if "Forwarded" in name else "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.7\r\n"
        for request, source in (("one", CLIENT), ("two", OTHER)):
            assert get(port, source, request, forged).status == 200
            assert logged(service, request) == (source, PROXY)
        # Nobody else is believed.
        assert get(service.port, CLIENT, "direct", "X-Forwarded-For: 192.0.2.1\r\n").status == 200
        assert logged(service, "direct") == (CLIENT, CLIENT)


def test_a_chain_of_both(ministack, logs, table, tmp_path):
    """haproxy passes on connections of nginx, which tells clients in fields."""
    options = ["--proxy-protocol", PROXY, "--trusted-proxies", "127.0.0.8"]
    with behind("haproxy", f"source {PROXY} send-proxy-v2", logs, ministack, table, tmp_path / "tcp", *options) as (service, inner):
        more = FORWARDED_FOR.replace(PROXY, "127.0.0.8")
        with proxies.proxy("nginx", tmp_path / "http", inner, more) as port:
            assert get(port, CLIENT, "one").status == 200
            assert logged(service, "one") == (CLIENT, PROXY)


@pytest.mark.parametrize("name", ["haproxy", "nginx", "protocol"])
def test_limits_for_an_address_hold_for_the_client(name, ministack, logs, table, tmp_path):
    options = ["--max-subscribers-per-address", "1", "--max-connections-per-address", "2"]
    if name == "protocol":
        proxy, more, trust = "haproxy", f"source {PROXY} send-proxy-v2", "--proxy-protocol"
    else:
        proxy, more, trust = name, FIELDS[name], "--trusted-proxies"
    with behind(proxy, more, logs, ministack, table, tmp_path, *options, trust, PROXY) as (service, port):
        with contextlib.ExitStack() as stack:
            # More connections than one address may have, each of another client.
            for number in range(4):
                wire = stack.enter_context(Wire(port, source=f"127.0.1.{number + 1}"))
                wire.send(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n")
                assert wire.take_through(b"\r\n\r\n").split(b" ")[1] == b"200", number
            again = stack.enter_context(Wire(port, source="127.0.1.1"))
            again.send(b"GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n")
            assert again.response().status == 429


def test_a_header_that_is_not_expected_is_a_400_that_names_the_option(ministack, logs, table):
    with serving(logs, ministack, table) as service:
        v2 = SIGNATURE + bytes([0x21, 0x11, 0, 12]) + socket.inet_aton(CLIENT) + socket.inet_aton(PROXY) + struct.pack("!HH", 1, 2)
        for header in (b"PROXY TCP4 127.0.0.5 127.0.0.9 4711 80\r\n", b"PROXY UNKNOWN\r\n", v2):
            with Wire(service.port) as wire:
                wire.send(header + b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
                response = wire.response()
                assert response.status == 400 and b"--proxy-protocol" in response.body and response.is_last
                assert wire.rest() == b""


def test_a_listed_proxy_must_send_a_header(ministack, logs, table):
    with serving(logs, ministack, table, "--proxy-protocol", f"{PROXY},10.0.0.0/8") as service:
        with Wire(service.port, source=PROXY) as wire:
            wire.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            response = wire.response()
            assert response.status == 400 and b"--proxy-protocol" in response.body
        # The proxy's own checks say that they are its own.
        for header in (SIGNATURE + bytes([0x20, 0, 0, 0]), b"PROXY UNKNOWN\r\n"):
            with Wire(service.port, source=PROXY) as wire:
                wire.send(header)
                assert wire.get("/readyz").status == 200
