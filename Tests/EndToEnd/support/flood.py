"""Opens connections to a server as fast as one process can, and keeps the last ones open.

Run as a program: `flood.py PORT KIND ADDRESS…`, until it is killed. The connections come from each address in turn. KIND says what each
sends: `nothing`, `half` a probe's request, or a `plain` one.
"""

import collections
import contextlib
import itertools
import socket
import struct
import sys

OPEN = 200
RESET = struct.pack("ii", 1, 0)
KINDS = {
    "nothing": b"",
    "half": b"GET /livez HTTP/1.1\r\nHost: a\r\n",
    "plain": b"GET /v1/items/item-00001 HTTP/1.1\r\nHost: a\r\n\r\n",
}


def connected(port, address, data):
    connection = socket.socket()
    # With a reset at its end: no port stays in use.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.settimeout(5)
    connection.bind((address, 0))
    connection.connect(("127.0.0.1", port))
    connection.sendall(data)
    return connection


def main():
    port, data, addresses = int(sys.argv[1]), KINDS[sys.argv[2]], sys.argv[3:]
    kept = collections.deque()
    for count, address in enumerate(itertools.cycle(addresses)):
        with contextlib.suppress(OSError):
            kept.append(connected(port, address, data))
        if len(kept) > OPEN:
            kept.popleft().close()
        if count % 1_000 == 0:
            print(count, flush=True)


if __name__ == "__main__":
    main()
