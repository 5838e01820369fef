"""Fan-out over Server-Sent Events against nchan, with one load client for both."""

import contextlib
import re
import subprocess

from processes import NCHAN, endpoint, get, nginx, replica, resident, running, set_rate, wait_for
from report import Row

# A publication offered to all subscribers at once: more than either side can deliver on two cores.
OFFERED_EVENTS = 2_000_000
KEYS = 1000


@contextlib.contextmanager
def subscribers(tools, port, path, count, seconds):
    """N connected streams; calling the value counts for `seconds` and gives what arrived."""
    command = (tools / "subscribers", port, path, count, seconds)
    with running(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        connected = int(process.stdout.readline().split()[1])
        if connected != count:
            raise SystemExit(f"error: only {connected} of {count} streams were answered")

        def counted():
            process.stdin.write("count\n")
            process.stdin.close()
            line = process.stdout.readline()
            names = ("events", "seconds", "bytes", "p50_us", "p99_us", "closed")
            result = {name: float(re.search(rf"{name} ([\d.]+)", line)[1]) for name in names}
            if result["closed"]:
                raise SystemExit(f"error: {result['closed']:.0f} of {count} streams were closed while counting")
            return result

        yield counted


def nchan(arguments, count, rate, message_bytes, workers, seconds):
    """(events a second, p99 in ms, bytes a subscriber) of nchan; rate 0 publishes as fast as nginx answers."""
    locations = (
        "location = /publish { nchan_publisher; nchan_channel_id c; nchan_message_buffer_length 1000; }"
        "location = /events { nchan_subscriber eventsource; nchan_channel_id c; nchan_subscriber_first_message newest; }"
        "location = / { return 200; }"
    )
    with nginx(workers, locations, NCHAN) as (process, port):
        before = resident(process.pid)
        with subscribers(arguments.tools, port, "/events", count, seconds) as counted:
            each = (resident(process.pid) - before) / count
            publisher = (arguments.tools / "publisher", port, "/publish", message_bytes, rate, seconds + 30, 1)
            with running(*publisher, stdout=subprocess.DEVNULL):
                result = counted()
    return result["events"] / result["seconds"], result["p99_us"] / 1000, each


def tablecast(arguments, count, rate, seconds):
    """The same of Tablecast, and the bytes of one event; changes come through its stream."""
    with endpoint(arguments.tools, KEYS) as source, replica(arguments, source, "--poll-interval", "20ms") as server:
        server.ready_after(60)
        before = resident(server.pid)
        with subscribers(arguments.tools, server.port, "/v1/events?since=now&snapshot=never", count, seconds) as counted:
            each = (resident(server.pid) - before) / count
            set_rate(source, rate)
            # The first changes have arrived before counting starts.
            wait_for(lambda: b'"t":0' not in get(server.port, "/v1/items/item-0000000")[2], 20, "the first change")
            result = counted()
    size = result["bytes"] / result["events"] if result["events"] else 0
    return result["events"] / result["seconds"], result["p99_us"] / 1000, each, size


def measure(arguments):
    rows = []
    seconds, rounds = (4, 1) if arguments.quick else (8, 3)
    for count in (1000, 5000):
        ours = [tablecast(arguments, count, OFFERED_EVENTS // count, seconds) for _ in range(rounds)]
        best = max(ours)
        # Its messages are as long as our events' data, and of its two settings the faster one counts.
        message = max(64, int(best[3]) - 40)
        theirs = [nchan(arguments, count, 0, message, workers, seconds) for workers in (1, 2) for _ in range(rounds)]
        peer = max(theirs)
        what = f"SSE to {count:,} subscribers"
        rows.append(Row(f"{what}, saturated, events/s", best[0], "nchan", peer[0], "at least", 1))
        rows.append(Row(f"{what}, bytes a subscriber", best[2], "nchan", peer[2], "at most", None))
        if count == 1000:
            slow = min((tablecast(arguments, count, 50, seconds) for _ in range(rounds)), key=lambda run: run[1])
            peers = [nchan(arguments, count, 50, message, workers, seconds) for workers in (1, 2) for _ in range(rounds)]
            peer = min(peers, key=lambda run: run[1])
            rows.append(Row(f"{what}, 50 changes/s, p99 ms", slow[1], "nchan", peer[1], "at most", None))
            rows.append(Row(f"{what}, 50 changes/s, events/s", slow[0], "nchan", peer[0], "at least", None))
    return rows
