"""Times a plain GET and `/livez` from an address of its own, each on a new connection and on one that is kept, while others load the service.

Run as a program: `probe.py PORT SECONDS PATH…`. It writes one JSON object to standard output when it ends: for each path the number of
requests, p99 and maximum in milliseconds, and what failed.
"""

import http.client
import json
import sys
import time

PACE_SECONDS = 0.02
TIMEOUT_SECONDS = 10
ADDRESS = ("127.0.4.1", 0)


def timed(port, path, connection=None):
    """Seconds that a request took; on a new connection unless one is given."""
    began = time.monotonic()
    used = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, source_address=ADDRESS)
    try:
        used.request("GET", path)
        response = used.getresponse()
        response.read()
    finally:
        if connection is None:
            used.close()
    if response.status != 200:
        raise OSError(f"status {response.status}")
    return time.monotonic() - began


def summary(times, failures):
    ordered = sorted(times) or [0]
    return {
        "requests": len(times),
        "p99_ms": round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
        "maximum_ms": round(1000 * ordered[-1], 1),
        "failures": failures[:5],
        "failed": len(failures),
    }


def main():
    port, seconds, paths = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    times, failures = {path: [] for path in paths}, {path: [] for path in paths}
    kept = None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path in paths:
            try:
                times[path].append(timed(port, path))
                if kept is None:
                    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, source_address=ADDRESS)
                times[path].append(timed(port, path, kept))
            except (OSError, http.client.HTTPException) as error:
                failures[path].append(repr(error))
                kept = None
        time.sleep(PACE_SECONDS)
    print(json.dumps({path: summary(times[path], failures[path]) for path in paths}))


if __name__ == "__main__":
    main()
