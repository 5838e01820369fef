"""Bootstrap from prepared Scan pages against boto3's paginator and a raw download, and the memory that the items then take."""

import json
import statistics
import subprocess
import sys
import tempfile
import time

import get as get_benchmark
from processes import CREDENTIALS, endpoint, free_port, get, peak_resident, program, replica, resident, running, wait_for
from report import Row

PAGE_ITEMS = 2300
PAGINATE = """
import sys, time, boto3
client = boto3.client("dynamodb", endpoint_url=sys.argv[1], region_name="us-east-1")
most, items, start = float(sys.argv[2]), 0, time.monotonic()
for page in client.get_paginator("scan").paginate(TableName="bench", ConsistentRead=True):
    items += len(page["Items"])
    if time.monotonic() - start > most:
        break
print(items / (time.monotonic() - start))
"""


def paginator(port, seconds):
    """Items a second of boto3's paginator, over the whole table or as far as it gets in that time."""
    import os

    output = subprocess.run(
        [sys.executable, "-c", PAGINATE, f"http://127.0.0.1:{port}", str(seconds)],
        env={**os.environ, **CREDENTIALS}, capture_output=True, text=True, check=True, timeout=seconds + 60,
    )
    return float(output.stdout)


def download(port, items):
    """Items a second when curl fetches every page over one connection and throws it away."""
    pages = (items + PAGE_ITEMS - 1) // PAGE_ITEMS
    request = (
        'url = "http://127.0.0.1:{port}/"\noutput = "/dev/null"\nheader = "X-Amz-Target: DynamoDB_20120810.Scan"\n'
        'data = "{{\\"TableName\\":\\"bench\\",\\"Segment\\":{page},\\"TotalSegments\\":{pages}}}"\n'
    )
    with tempfile.NamedTemporaryFile("w", suffix=".curl") as configuration:
        configuration.write("next\n".join(request.format(port=port, page=page, pages=pages) for page in range(pages)))
        configuration.flush()
        start = time.monotonic()
        subprocess.run([program("curl"), "--silent", "--fail", "--config", configuration.name], check=True, timeout=120)
        return items / (time.monotonic() - start)


def redis(arguments, items):
    """Resident bytes of Redis with the same items as JSON strings."""
    port = free_port()
    command = (program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    with tempfile.TemporaryDirectory(prefix="tablecast-bench-") as folder:
        with running(*command, stdout=subprocess.DEVNULL, cwd=folder) as server:
            client = [program("redis-cli"), "-p", str(port)]
            wait_for(lambda: b"PONG" in subprocess.run([*client, "ping"], capture_output=True).stdout, 10, "Redis", 0.05)
            with running(arguments.tools / "endpoint", "resp", items, stdout=subprocess.PIPE) as source:
                subprocess.run([*client, "--pipe"], stdin=source.stdout, stdout=subprocess.DEVNULL, check=True, timeout=180)
            held = int(subprocess.run([*client, "dbsize"], capture_output=True, text=True).stdout.split()[-1])
            if held != items:
                raise SystemExit(f"error: Redis holds {held} items, not {items}")
            return resident(server.pid)


def scan_seconds(server):
    """Seconds from the first item that the scan brought to the end of its last segment, looked at every 5 ms."""

    def scan():
        return json.loads(get(server.port, "/v1/status")[2])["scan"]

    wait_for(lambda: scan()["items"] > 0, 60, "the scan to begin", 0.005)
    began = time.monotonic()
    wait_for(lambda: scan()["segments_done"] == scan()["segments"], 300, "the scan to end", 0.005)
    return time.monotonic() - began


def held(server):
    return json.loads(get(server.port, "/v1/status")[2])["items"]


def measure(arguments, parts):
    """Bootstraps, and then measures GET on the replica that is there; rows of the parts asked for."""
    rows = []
    items = 300_000 if arguments.quick else 1_000_000
    times, scans, memory, peaks = [], [], [], []
    with endpoint(arguments.tools, items) as source:
        rounds = 3 if "bootstrap" in parts else 1
        for number in range(rounds):
            with replica(arguments, source) as server:
                scans.append(scan_seconds(server))
                times.append(server.ready_after())
                count = held(server)
                if count != items:
                    raise SystemExit(f"error: the replica holds {count} items, not {items}")
                memory.append(resident(server.pid))
                peaks.append(peak_resident(server.pid))
                if number == rounds - 1 and "get" in parts:
                    rows += get_benchmark.measure(arguments, server, items)
        if "bootstrap" in parts:
            rate = items / statistics.median(times)
            what = f"bootstrap of {items:,} items"
            boto3, raw = paginator(source, 10 if arguments.quick else 30), max(download(source, items) for _ in range(3))
            rows.append(Row(f"{what}, items/s", rate, "boto3 paginator", boto3, "at least", 8))
            rows.append(Row(f"{what}, items/s", rate, "(our own goal)", None, "at least", 200_000, of_ratio=False))
            rows.append(Row("of it the scan, items/s", items / statistics.median(scans), "boto3 paginator", boto3, "at least", None))
            rows.append(Row(f"{what}, seconds", items / rate, "raw curl download", items / raw, "at most", None))
            used = redis(arguments, items)
            what = f"resident MB with {items:,} items"
            rows.append(Row(what, statistics.median(memory) / 1e6, "Redis, JSON strings", used / 1e6, "at most", 1.6))
            rows.append(Row("peak MB while bootstrapping", max(peaks) / 1e6, "our own steady", statistics.median(memory) / 1e6, "at most", None))
    return rows
