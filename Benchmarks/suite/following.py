"""A follower: how fast it loads its leader's items, how far it is behind, and what it costs the leader."""

import contextlib
import pathlib
import re
import statistics
import subprocess
import threading
import time

from processes import cpu_seconds, endpoint, follower, get, program, replica, running, set_rate, wait_for
from report import Row
from streams import Events, name_of, version_of

KEYS = 20_000  # Items for lag and cost, which do not depend on their number.
CHANGES_A_SECOND = 50  # For the lag: each change arrives by itself.
COSTLY_CHANGES_A_SECOND = 10_000  # For the cost: so many that it can be told from the leader's own.
FEED = "/v1/changes?mode=replica"
SUBSCRIPTION = "/v1/changes?since=now&mode=all&format=dynamodb"
# What a stream says of itself before its first item is shorter than this.
PREAMBLE_BYTES = 4000


def curl(port, path, output="/dev/null"):
    """`curl --compressed` that reads the lines of a feed, and throws them away or writes them where `stdout` leads."""
    command = (program("curl"), "--silent", "--no-buffer", "--compressed", "--header", "Accept: application/x-ndjson")
    return running(*command, "--output", output, f"http://127.0.0.1:{port}{path}", stdout=subprocess.PIPE)


def written(process):
    """Bytes that a process has written to files so far."""
    return int(pathlib.Path(f"/proc/{process.pid}/io").read_text().split("wchar: ")[1].split()[0])


def length_of_load(port):
    """Bytes of the feed's lines up to `ready`."""
    length = 0
    with curl(port, FEED, "-") as process:
        for line in process.stdout:
            length += len(line)
            if line.startswith(b'{"event":"ready"'):
                return length
    raise SystemExit("error: the feed for followers ended before `ready`")


def download(leader, length):
    """Seconds in which curl downloads so many bytes of the feed, from the first items and from its start, and the leader's for it."""
    started, cpu = time.monotonic(), cpu_seconds(leader.pid)
    with curl(leader.port, FEED) as process:
        wait_for(lambda: written(process) > PREAMBLE_BYTES, 30, "a download to begin", 0.005)
        began = time.monotonic()
        wait_for(lambda: written(process) >= length, 300, "a download to end", 0.005)
        ended = time.monotonic()
        return ended - began, ended - started, cpu_seconds(leader.pid) - cpu


def load(arguments, leader, items):
    """Seconds until a follower is Ready, from the first items and from the start of the process, and the leader's for it."""
    cpu = cpu_seconds(leader.pid)
    with follower(arguments, leader.port) as copy:
        # There is no upstream in the status before the first look at it.
        wait_for(lambda: (copy.status()["upstream"] or {"bytes": 0})["bytes"] > PREAMBLE_BYTES, 30, "a load to begin", 0.005)
        began = time.monotonic()
        started = copy.ready_after()
        loaded, cpu = time.monotonic() - began, cpu_seconds(leader.pid) - cpu
        held = copy.status()["items"]
        if held != items:
            raise SystemExit(f"error: the follower holds {held} items, not {items}")
        return loaded, started, cpu


def measure_load(arguments):
    items, rounds = (300_000, 3) if arguments.quick else (1_000_000, 5)
    ours, theirs = [], []
    with endpoint(arguments.tools, items) as source, replica(arguments, source) as leader:
        leader.ready_after()
        length = length_of_load(leader.port)
        for _ in range(rounds):
            theirs.append(download(leader, length))
            ours.append(load(arguments, leader, items))

    def row(what, index, goal):
        medians = [statistics.median(run[index] for run in runs) for runs in (ours, theirs)]
        return Row(f"follower of {items:,} items, {what}", medians[0], "curl --compressed, same lines", medians[1], "at most", goal)

    return [
        row("seconds to load", 0, 1.5),
        row("seconds from its start to ready", 1, None),
        row("leader's CPU seconds", 2, None),
    ]


def arrivals(port, seconds):
    """When each change came to a subscriber, by its version; read on a thread of its own until `join`."""
    events = Events(port, "?since=now&snapshot=never", seconds=seconds + 30)
    times = {}

    def read():
        for event in events:
            if name_of(event) is None:
                times[version_of(event)] = events.arrived

    thread = threading.Thread(target=read)
    thread.start()

    def join():
        events.close()
        thread.join()
        return times

    return join


def measure_lag(arguments, source, leader, copy):
    """How much later a change comes to a subscriber of the follower than to one of the leader."""
    seconds = 15 if arguments.quick else 60
    set_rate(source, CHANGES_A_SECOND)
    readers = [arrivals(server.port, seconds) for server in (leader, copy)]
    time.sleep(seconds)
    first, second = (reader() for reader in readers)
    delays = sorted((second[version] - first[version]) * 1000 for version in first.keys() & second.keys())
    if len(delays) < seconds * CHANGES_A_SECOND * 0.9:
        raise SystemExit(f"error: {len(delays)} changes came to both subscribers, not {seconds * CHANGES_A_SECOND}")
    what = f"follower behind its leader, {CHANGES_A_SECOND} changes/s"
    return [
        Row(f"{what}, p50 ms", statistics.median(delays), "(our own goal)", None, "at most", None, of_ratio=False),
        Row(f"{what}, p99 ms", delays[len(delays) * 99 // 100], "(our own goal)", None, "at most", 50, of_ratio=False),
    ]


def sent(leader):
    """Bytes of the leader's event streams so far."""
    return int(re.search(rb"^tablecast_feed_bytes_total (\d+)", get(leader.port, "/metrics")[2], re.MULTILINE)[1])


def spent(leader, seconds):
    """(CPU ms, KB sent to event streams) a second of the leader over that time."""
    time.sleep(1)
    at, cpu, bytes_before = time.monotonic(), cpu_seconds(leader.pid), sent(leader)
    time.sleep(seconds)
    passed = time.monotonic() - at
    return (cpu_seconds(leader.pid) - cpu) / passed * 1000, (sent(leader) - bytes_before) / passed / 1000


def measure_cost(arguments, source, leader):
    """What a follower takes of its leader's CPU time, beside one subscriber of the same changes, in turn."""
    seconds, rounds = (2, 5) if arguments.quick else (3, 11)
    set_rate(source, COSTLY_CHANGES_A_SECOND)
    alone, subscribed, followed = [], [], []
    for _ in range(rounds):
        alone.append(spent(leader, seconds))
        with curl(leader.port, SUBSCRIPTION):
            subscribed.append(spent(leader, seconds))
        with follower(arguments, leader.port) as copy:
            copy.ready_after(60)
            followed.append(spent(leader, seconds))

    def more(runs, index):
        """What is spent above the leader alone, between medians."""
        return statistics.median(run[index] for run in runs) - statistics.median(run[index] for run in alone)

    # A follower that is sent more bytes may cost as much more as the subscriber's bytes cost. The goal is one subscriber; the tenth above it is
    # what differences of medians vary by.
    bytes_ratio = max(1, more(followed, 1) / more(subscribed, 1))
    what = f"leader at {COSTLY_CHANGES_A_SECOND:,} changes/s, for a follower"
    return [
        Row(f"{what}, CPU ms/s", more(followed, 0), "one subscriber, for as many bytes", more(subscribed, 0) * bytes_ratio, "at most", 1.1),
        Row(f"{what}, KB/s", more(followed, 1), "one subscriber", more(subscribed, 1), "at most", None),
        Row("the leader alone, CPU ms/s", statistics.median(run[0] for run in alone), "(no peer)", None, "at most", None),
    ]


def measure(arguments):
    rows = measure_load(arguments)
    with endpoint(arguments.tools, KEYS) as source, replica(arguments, source, "--poll-interval", "20ms") as leader:
        leader.ready_after(60)
        with follower(arguments, leader.port) as copy:
            copy.ready_after(60)
            rows += measure_lag(arguments, source, leader, copy)
        rows += measure_cost(arguments, source, leader)
    return rows
