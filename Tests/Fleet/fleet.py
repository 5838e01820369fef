"""Lets a fleet live on this machine while its processes are killed, stopped and paused at random, and holds it against the table.

Leaders read the table's stream, followers copy the leaders, and readers of several kinds come through haproxy, which sends each
request to another follower: subscribers with filters, curl, `tablecast tail`, and with --browsers pages with client.js and with a plain
EventSource. At every mark each must hold the table as it was after some write, never an older one than before; no reset may be undue
(`resets.py`); at the end every process's and every reader's items must be the table's. Exit status 0 if all held, else 1, with the
seed."""

import argparse
import contextlib
import json
import pathlib
import random
import shutil
import sys
import tempfile
import time

import pages
from nodes import Balancer, CountingRelay, Node
from programs import Curl, Tail
from resets import OVERLAP_MS, Births
from support.peers import ministack
from support.processes import PATIENCE, wait_for
from support.tables import create_table, truth
from test_feed_convergence import KINDS, Writes, whole_number
from watchers import Probe, Subscriber, reading

EQUAL_SECONDS = 30
FIRST_ITEMS = 150
# Small, so that positions are soon old enough for another leader.
OPTIONS = ("--resume-overlap", f"{OVERLAP_MS}ms", "--drain-delay", "0s", "--shutdown-grace", "2s")
LEADER_OPTIONS = ("--poll-interval", "50ms")
TOKEN = "fleet-0123456789abcdef"
# Pauses between two blows, and how long a killed process is away or a paused one stands still, in seconds.
BETWEEN_BLOWS, AWAY, PAUSED = (0.5, 3), (0, 1.5), (0.5, 3)


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/fleet", description=__doc__.split("\n")[0])
    parser.add_argument("--leaders", type=int, default=2, help="replicas that read the table's stream (2)")
    parser.add_argument("--followers", type=int, default=3, help="replicas that copy a leader; with 0 the leaders serve (3)")
    parser.add_argument("--seconds", type=int, default=60, help="length of the blows (60)")
    parser.add_argument("--rate", type=float, default=50, help="writes a second (50)")
    parser.add_argument("--seed", type=int, help="the random choices; by default others each time")
    parser.add_argument("--tokens", action="store_true", help="give all processes bearer tokens")
    parser.add_argument("--browsers", action="store_true", help="read with pages of Chromium and Firefox too")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    return parser.parse_args()


class Fleet:
    """The processes, each under its name."""

    def __init__(self, options, folder, peer, table):
        self.folder, self.relays = folder, []
        token = TOKEN if options.tokens else None
        access = ()
        if token:
            (folder / "tokens.json").write_text(
                json.dumps({"tokens": [{"name": "fleet", "token": token, "scopes": ["read", "stream", "metrics", "status"]}]})
            )
            (folder / "token").write_text(f"{token}\n")
            access = ("--auth-token-file", folder / "tokens.json")
        self.leaders = []
        for number in range(options.leaders):
            kept = ("--state-dir", folder / f"state-{number}") if number % 2 == 0 else ()
            more = ("--table", table, *LEADER_OPTIONS, *OPTIONS, *access, *kept)
            self.leaders.append(Node(f"leader-{number}", folder, peer.settings(), *more, token=token))
        self.relays = [CountingRelay(leader.port) for leader in self.leaders]
        self.followers = []
        for number in range(options.followers):
            turned = [self.relays[(number + step) % len(self.relays)].url for step in range(len(self.relays))]
            more = ("--follow", ",".join(turned), *OPTIONS, *access)
            more += ("--follow-token-file", folder / "token") if token else ()
            self.followers.append(Node(f"follower-{number}", folder, {}, *more, token=token))

    @property
    def nodes(self):
        return self.leaders + self.followers

    @property
    def served(self):
        """Those behind the balancer."""
        return self.followers or self.leaders

    @contextlib.contextmanager
    def running(self):
        try:
            for node in self.leaders:
                node.start()
            for node in self.leaders:
                node.wait_until_ready()
            for node in self.followers:
                node.start()
            for node in self.followers:
                node.wait_until_ready()
            yield self
        finally:
            for node in self.nodes:
                node.end()
            for relay in self.relays:
                relay.__exit__()

    def wait_until_equal(self, expected):
        """Waits until every process holds the table; the names of those that do not."""

        def differing():
            return [node.name for node in self.nodes if node.items() != expected]

        with contextlib.suppress(AssertionError):
            wait_for(lambda: not differing(), EQUAL_SECONDS, "equal items", every=0.2)
        return differing()


class Blows:
    """Ends, stops and pauses processes at random; each is there again afterwards."""

    def __init__(self, fleet, seed):
        self.fleet, self.chance, self.counts, self.failure = fleet, random.Random(seed), {}, None

    def run(self, stop):
        try:
            while not stop.wait(self.chance.uniform(*BETWEEN_BLOWS)):
                self.blow(self.chance.choice(self.fleet.nodes))
        except Exception as failure:
            self.failure = failure

    def blow(self, node):
        node.check()
        kind = self.chance.choice(["kill", "kill", "stop", "pause"])
        name = f"{kind} of a {node.name.split('-')[0]}"
        self.counts[name] = self.counts.get(name, 0) + 1
        if kind == "pause":
            node.pause(self.chance.uniform(*PAUSED))
        else:
            node.kill() if kind == "kill" else node.stop()
            time.sleep(self.chance.uniform(*AWAY))
            node.start()


class Writer:
    """Writes at a rate, and notes when each write was made."""

    def __init__(self, writes, rate):
        # By the number that a write puts into its item.
        self.writes, self.rate, self.made, self.failure = writes, rate, [], None

    def fill(self, count):
        for _ in range(count):
            self.one()

    def one(self):
        while len(self.made) <= len(self.writes.states):
            self.made.append(time.monotonic())
        self.writes.one()

    def run(self, stop):
        try:
            due = time.monotonic()
            while not stop.is_set():
                self.one()
                due += 1 / self.rate
                # A moment of silence now and then, in which bookmarks are compared.
                if self.writes.chance.random() < 0.01:
                    due = max(due, time.monotonic()) + 1
                stop.wait(max(0, due - time.monotonic()))
        except Exception as failure:
            self.failure = failure


def milliseconds(delays, part):
    return f"{sorted(delays)[min(len(delays) - 1, int(len(delays) * part))] * 1000:.0f} ms" if delays else "-"


class Run:
    """One run: the fleet, those who read it, and what was found."""

    def __init__(self, options, folder, seed):
        self.options, self.folder, self.chance = options, folder, random.Random(seed)

    def go(self):
        """The faults that were found, in words."""
        with contextlib.ExitStack() as stack:
            peer = stack.enter_context(ministack(self.folder))
            self.table = create_table(peer.client(), sort_key="at")
            self.writes = Writes(peer.client(), self.table, self.chance.random())
            self.writer = Writer(self.writes, self.options.rate)
            self.writer.fill(FIRST_ITEMS)
            self.fleet = stack.enter_context(Fleet(self.options, self.folder, peer, self.table).running())
            self.balancer = stack.enter_context(Balancer(self.folder, self.fleet.served).running())
            self.births, self.windows = Births(), []
            self.make_readers(stack)
            return self.live(peer)

    def make_readers(self, stack):
        port, headers, token = self.balancer.port, self.fleet.nodes[0].headers, self.fleet.nodes[0].token
        self.readers = [Subscriber(kind, port, self.writes, self.chance.random(), headers) for kind in KINDS]
        self.readers += [Curl("everything", port, self.writes, self.chance.random(), headers)]
        self.readers += [Tail(port, self.chance.random(), self.folder, token)]
        # A browser's readers share its thread.
        self.threads = list(self.readers)
        if self.options.browsers:
            self.windows = stack.enter_context(pages.windows(self.folder, port, headers, token, self.writes))
            self.readers += [page for window in self.windows for page in window.pages]
            self.threads += self.windows
        self.probes = [Probe(node, self.writer.made) for node in self.fleet.nodes]
        self.threads += self.probes + [self.births.reader(node) for node in self.fleet.nodes]
        self.blows = Blows(self.fleet, self.chance.random())

    def failures(self):
        told = [one.failure for one in (*self.readers, *self.windows) if one.failure]
        return told + [f"{type(one).__name__}: {one.failure}" for one in (self.writer, self.blows) if one.failure]

    def live(self, peer):
        began = time.monotonic()
        with reading(self.threads):
            with reading([self.writer, self.blows]):
                while time.monotonic() - began < self.options.seconds and not self.failures():
                    time.sleep(0.2)
            for node in self.fleet.nodes:
                node.wait_until_ready()
            expected = truth(peer.client(), self.table)
            differing = self.fleet.wait_until_equal(expected)
            late = self.wait_until_all_hold(expected)
        faults = self.failures() + [f"{name} does not hold the table's items" for name in differing]
        faults += [f"a map is not the table's {EQUAL_SECONDS * PATIENCE} s after the last write: {told}" for told in late]
        faults += [f"{node.name} was never seen to show a write" for node, probe in zip(self.fleet.nodes, self.probes) if not probe.delays]
        faults += [f"{reader.told()}: undue {text}" for reader in self.readers for text in reader.resets.undue(self.births, reader.reads_steps)]
        if not self.births.known:
            faults.append("no replica told when its contents began, so no reset could be judged")
        if not sum(reader.counts["marks"] for reader in self.readers if isinstance(reader, Subscriber)):
            faults.append("no subscriber came to a mark")
        report(self, time.monotonic() - began)
        print(f"{len(expected)} items; {'all processes hold them' if not differing else f'not in {differing}'}")
        print(f"{len(self.readers)} readers; {'all hold them' if not late else f'{len(late)} of them do not hold them'}")
        return faults

    def wait_until_all_hold(self, items):
        """Waits until every reader has been seen with the table's items; the names of those that were not."""
        last = {(item["id"]["S"], item["at"]["S"]): (whole_number(item["n"]), whole_number(item["v"])) for item in items}
        left = list(self.readers)

        def all_seen():
            # A reader may leave again and begin with nothing.
            left[:] = [reader for reader in left if reader.held() != reader.expected(last)]
            return not left or self.failures()

        with contextlib.suppress(AssertionError):
            wait_for(all_seen, EQUAL_SECONDS, "equal maps", every=0.05)
        return [reader.told() for reader in left]


def report(run, seconds):
    print(f"{len(run.writes.states) - 1} writes in {seconds:.0f} s; {dict(sorted(run.blows.counts.items()))}")
    for reader in run.readers:
        print(f"{reader.told()}, {reader.resets.told(run.births, reader.reads_steps)}")
    for node, probe in zip(run.fleet.nodes, run.probes):
        print(
            f"{node.name}: {node.lives} lives, {len(probe.delays)} changes seen; from write to there p50 {milliseconds(probe.delays, 0.5)}, "
            f"p99 {milliseconds(probe.delays, 0.99)}"
        )
    for leader, relay in zip(run.fleet.leaders, run.fleet.relays):
        print(f"{leader.name} sent {relay.bytes} bytes to followers")
    print(f"haproxy sent {run.balancer.bytes()} bytes to readers")


def main():
    options = arguments()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tablecast-fleet-"))
    faults = Run(options, folder, seed).go()
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults or options.keep:
        print(f"seed {seed}; logs are in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
