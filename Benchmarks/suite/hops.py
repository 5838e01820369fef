"""Subscribers that go from one replica to the other while changes go on: resets, and bytes beside those of subscribers that stay."""

import bisect
import concurrent.futures
import contextlib
import threading
import time

from processes import endpoint, replica, set_rate, wait_for
from report import Row
from streams import Events, id_of, name_of, version_of

ITEMS = 20_000  # More than the changes of a run, so that no key changes twice and every change is told.
CHANGES_A_SECOND = 50
HOPS = 1000
OVERLAPS = (10, 1)  # Seconds of --resume-overlap: the default, and a short one.
WALKERS = 50  # Subscribers of each pair that hop again and again.
ABSENT = 20  # Subscribers of each pair that stay away once.
OLDER = 5  # Seconds by which the replicas are older than a position less the overlap.


class Stayer:
    """A subscriber that stays on one replica: how many bytes it had received with each change."""

    def __init__(self, port):
        self.versions, self.bytes = [], []
        self.events = Events(port, "?since=now&snapshot=never", seconds=60)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for event in self.events:
            if name_of(event) is None:
                self.bytes.append(self.events.received)
                self.versions.append(version_of(event))

    def between(self, after, last):
        """Bytes received after one change and up to another."""
        wait_for(lambda: self.versions[-1] >= last, 30, "a subscriber that stayed to receive what one that hopped has")
        return self.bytes[bisect.bisect_right(self.versions, last) - 1] - self.bytes[bisect.bisect_right(self.versions, after) - 1]


class Pair:
    """Two replicas of one stream, and what became of the hops between them."""

    def __init__(self, ports, overlap):
        self.ports, self.overlap = ports, overlap
        self.stayer = Stayer(ports[0])
        self.resets = self.refusals = self.missed = 0
        self.lock = threading.Lock()

    def enter(self, side):
        """(position, newest change) of a subscriber that connects, and leaves after its first change."""
        with contextlib.closing(Events(self.ports[side], "?since=now&snapshot=never")) as events:
            for event in events:
                if name_of(event) is None:
                    return id_of(event), version_of(event)
        raise SystemExit("error: a stream ended before its first change")

    def hop(self, side, place):
        """Resumes at a place on the replica of that side until its head is reached: (new place, bytes, bytes of the changes since)."""
        position, newest = place
        last, versions = None, set()
        with contextlib.closing(Events(self.ports[side], last_id=position)) as events:
            for event in events:
                name = name_of(event)
                if name is None:
                    versions.add(version_of(event))
                elif name in ("reset", "busy"):
                    with self.lock:
                        self.resets += name == "reset"
                        self.refusals += name == "busy"
                    return self.enter(side), 0, 0
                elif name == "ready":
                    last = id_of(event)
                    break
            received = events.received
        if last is None:
            raise SystemExit("error: a stream ended before its head was reached")
        until = max(versions, default=newest)
        # Sequence numbers of the endpoint have no gaps.
        missed = sum(version not in versions for version in range(newest + 1, until + 1))
        with self.lock:
            self.missed += missed
        return (last, max(until, newest)), received, self.stayer.between(newest, until) if until > newest else 0


def walk(pair, number, quota):
    """Hops from side to side without a pause while the quota lasts: [(bytes, bytes since)]."""
    side, hops = number % 2, []
    place = pair.enter(side)
    while quota():
        side = 1 - side
        place, received, since = pair.hop(side, place)
        hops.append((received, since))
    return hops


def stay_away(pair, number, seconds):
    """One hop after that many seconds: [(bytes, bytes since)]."""
    place = pair.enter(number % 2)
    time.sleep(seconds)
    return [pair.hop(1 - number % 2, place)[1:]]


class Quota:
    """A count that many threads draw from."""

    def __init__(self, count):
        self.left, self.lock = count, threading.Lock()

    def __call__(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0


def hops_of(pair, hops, absences):
    """Hops without a pause, and beside them hops after each of the absences: two lists of (bytes, bytes since)."""
    quota = Quota(hops)
    with concurrent.futures.ThreadPoolExecutor(WALKERS + ABSENT * len(absences)) as pool:
        away = [pool.submit(stay_away, pair, number, seconds) for seconds in absences for number in range(ABSENT)]
        at_once = [pool.submit(walk, pair, number, quota) for number in range(WALKERS)]
        quick = [hop for walker in at_once for hop in walker.result()]
        return quick, [[away[index * ABSENT + number].result()[0] for number in range(ABSENT)] for index in range(len(absences))]


def measure(arguments):
    absence = 45 if arguments.quick else 150
    rows = []
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(endpoint(arguments.tools, ITEMS))
        set_rate(source, CHANGES_A_SECOND)
        servers = [
            [
                stack.enter_context(replica(arguments, source, "--resume-overlap", f"{overlap}s", name=f"tablecast-{overlap}-{side}"))
                for side in range(2)
            ]
            for overlap in OVERLAPS
        ]
        for server in (server for pair in servers for server in pair):
            server.ready_after(60)
        time.sleep(max(OVERLAPS) + OLDER)
        pairs = [Pair([server.port for server in pair], overlap) for pair, overlap in zip(servers, OVERLAPS)]
        # A second ahead of subscribers that connect to a replica that is a little behind.
        wait_for(lambda: all(len(pair.stayer.versions) > CHANGES_A_SECOND for pair in pairs), 20, "the first changes")
        with concurrent.futures.ThreadPoolExecutor(len(pairs)) as pool:
            results = list(pool.map(lambda pair: hops_of(pair, HOPS // len(pairs), [absence]), pairs))
        for pair in pairs:
            pair.stayer.events.close()
            pair.stayer.thread.join()
    count = sum(len(quick) + sum(map(len, away)) for quick, away in results)
    what = f"{count:,} hops between two replicas"
    for name, number in (("resets", "resets"), ("changes missed", "missed"), ("hops refused with busy", "refusals")):
        total = sum(getattr(pair, number) for pair in pairs)
        rows.append(Row(f"{what}, {name}", total, "(our own goal)", None, "at most", 0, of_ratio=False))
    return rows + [row for pair, (quick, away) in zip(pairs, results) for row in rows_of(pair, quick, away[0], absence)]


def rows_of(pair, quick, away, absence):
    """Bytes a hop beside those of a subscriber that stayed, at once and after an absence."""
    rows = []
    for hops, how, goal in ((quick, "at once", None), (away, f"after {absence} s", 1.1)):
        ours, theirs = (sum(hop[index] for hop in hops) / len(hops) / 1000 for index in range(2))
        # What the overlap repeats is a tenth of an absence of ten times its length: a shorter one cannot meet the goal.
        reachable = goal and absence >= 10 * (pair.overlap + 3)
        what = f"hop {how}, --resume-overlap {pair.overlap}s, KB"
        rows.append(Row(what, ours, "one that stayed, same changes", theirs, "at most", goal if reachable else None))
    return rows
