"""Lets a fleet live on this machine while its processes are killed, stopped and paused at random, and holds it against the table.

Leaders read the table's stream, followers copy the leaders, and subscribers of several kinds come through haproxy, which sends each
request to another follower. At every mark each subscriber must hold the table as it was after some write, never an older one than
before; at the end every process's items must be the table's. Exit status 0 if all held, else 1, with the seed."""

import argparse
import contextlib
import json
import pathlib
import random
import shutil
import sys
import tempfile
import time

from nodes import CountingRelay, Node
from support import proxies
from support.peers import ministack
from support.processes import Program, free_port, wait_for
from support.tables import create_table, truth
from test_feed_convergence import KINDS, Writes
from watchers import Probe, Subscriber, reading

EQUAL_SECONDS = 30
FIRST_ITEMS = 150
# Small, so that positions are soon old enough for another leader.
OPTIONS = ("--resume-overlap", "2s", "--drain-delay", "0s", "--shutdown-grace", "2s")
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

    @contextlib.contextmanager
    def balanced(self):
        """haproxy in front of the followers; its port."""
        port = free_port()
        servers = "\n".join(f"    server {node.name} 127.0.0.1:{node.port}" for node in self.served)
        path = proxies.configuration("haproxy-fleet.cfg", self.folder, port=port, more=servers)
        program = Program(["haproxy", "-db", "-f", path], self.folder / "haproxy.log", None)
        try:
            program.wait_until_accepting(port)
            yield port
        finally:
            program.stop()

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


def run(options, folder, seed):
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(ministack(folder))
        table = create_table(peer.client(), sort_key="at")
        writes = Writes(peer.client(), table, chance.random())
        writer = Writer(writes, options.rate)
        writer.fill(FIRST_ITEMS)
        fleet = stack.enter_context(Fleet(options, folder, peer, table).running())
        port = stack.enter_context(fleet.balanced())
        headers = fleet.nodes[0].headers
        subscribers = [Subscriber(kind, port, writes, chance.random(), headers) for kind in KINDS]
        probes = [Probe(node, writer.made) for node in fleet.nodes]
        blows = Blows(fleet, chance.random())

        def failures():
            told = [subscriber.failure for subscriber in subscribers if subscriber.failure]
            return told + [f"{type(one).__name__}: {one.failure}" for one in (writer, blows) if one.failure]

        began = time.monotonic()
        with reading([*subscribers, *probes]):
            with reading([writer, blows]):
                while time.monotonic() - began < options.seconds and not failures():
                    time.sleep(0.2)
            for node in fleet.nodes:
                node.wait_until_ready()
            expected = truth(peer.client(), table)
            differing = fleet.wait_until_equal(expected)
            time.sleep(2)
        report(fleet, subscribers, probes, blows, writes, time.monotonic() - began)
        faults = failures() + [f"{name} does not hold the table's items" for name in differing]
        faults += [f"{node.name} was never seen to show a write" for node, probe in zip(fleet.nodes, probes) if not probe.delays]
        if not sum(subscriber.counts["marks"] for subscriber in subscribers):
            faults.append("no subscriber came to a mark")
        print(f"{len(expected)} items; {'all processes hold them' if not differing else f'not in {differing}'}")
        return faults


def report(fleet, subscribers, probes, blows, writes, seconds):
    print(f"{len(writes.states) - 1} writes in {seconds:.0f} s; {dict(sorted(blows.counts.items()))}")
    for subscriber in subscribers:
        counts = subscriber.counts
        print(
            f"subscriber of {subscriber.kind}: {subscriber.connections} connections, {counts['marks']} marks, {subscriber.moves} moves, "
            f"{len(subscriber.resets)} resets {sorted(set(subscriber.resets))}"
        )
    for node, probe in zip(fleet.nodes, probes):
        print(
            f"{node.name}: {node.lives} lives, {len(probe.delays)} changes seen; from write to there p50 {milliseconds(probe.delays, 0.5)}, "
            f"p99 {milliseconds(probe.delays, 0.99)}"
        )
    for leader, relay in zip(fleet.leaders, fleet.relays):
        print(f"{leader.name} sent {relay.bytes} bytes to followers")


def main():
    options = arguments()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tablecast-fleet-"))
    faults = run(options, folder, seed)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults or options.keep:
        print(f"seed {seed}; logs are in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
