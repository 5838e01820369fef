"""GET of one item out of many against nginx that returns a constant of the same size."""

import re
import statistics
import subprocess

from processes import NCHAN, get, nginx, program
from report import Row


def load(port, path, seconds):
    """(requests a second, p99 in ms) of `wrk -t1 -c64`."""
    output = subprocess.run(
        [program("wrk"), "-t1", "-c64", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, timeout=seconds + 30, check=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"error: wrk was not answered cleanly:\n{output}")
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]), float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def measure(arguments, replica, items):
    path = f"/v1/items/item-{items // 2:07d}"
    status, _, body = get(replica.port, path)
    if status != 200:
        raise SystemExit(f"error: GET {path} answered {status}: {body[:200]}")
    constant = "x" * len(body)
    locations = f'location / {{ default_type application/json; return 200 "{constant}"; }}'
    rounds, seconds = (3, 4) if arguments.quick else (5, 8)
    ours, theirs = [], []
    with nginx(2, locations, NCHAN) as (_, nginx_port):
        for _ in range(rounds):
            theirs.append(load(nginx_port, "/", seconds))
            ours.append(load(replica.port, path, seconds))

    def median(runs, index):
        return statistics.median(run[index] for run in runs)

    what = f"GET one {len(body)}-byte item of {items:,}"
    return [
        Row(f"{what}, requests/s", median(ours, 0), "nginx return 200", median(theirs, 0), "at least", 0.7),
        Row(f"{what}, p99 ms", median(ours, 1), "nginx return 200", median(theirs, 1), "at most", None),
    ]
