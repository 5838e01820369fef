"""Lets the service live through random writes, kills, pauses and faults, and compares it with the table every minute.

Two services follow one table through a proxy that spoils answers. `killed` has a state directory and is killed, stopped and
restarted, now and then without its state. `steady` lives from beginning to end, so that its memory shows any leak. A
subscriber of each checks that ids rise and that no key goes back; at every compare the table as boto3 scans it, the export
of each service and the map of each subscriber must be the same. With `--under-attack` the steady service also serves clients that cost as much as they can,
while the times of a plain GET and of `/livez` are held against their bound. Exit status 0 if all held, else 1, with the seed."""

import argparse
import contextlib
import json
import pathlib
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import httpx
from attackers import POLLED_KEY
from faults import Faults
from large_items import LargeItems
from subscriber import Subscriber
from support.peers import Peer, ministack
from support.processes import Program, environment_without_aws, free_port
from support.service import Service, command
from support.tables import canonical, create_table, truth
from writer import Writer

READY_SECONDS = 90
EQUAL_SECONDS = 60
GROWTH_ALLOWED = 1.25
GROWTH_ALLOWED_MB = 10
SAMPLE_SECONDS = 2
# A life of the killed service counts for memory from this age on, when its tables have been filled.
SETTLED_SECONDS = 45
# What others may cost a plain GET and `/livez` while the service is attacked.
P99_ALLOWED_MS = 50
MAXIMUM_ALLOWED_MS = 250
PROBED = (f"/v1/items/{POLLED_KEY}", "/livez")
# The last compare is made in peace, so that it finds a service that has recovered.
ATTACK_ENDS_EARLY_SECONDS = 10
# Descriptors of the attacked service: fewer than its clients would take if one address could have more than half of them.
DESCRIPTORS = 2_048


class Failed(Exception):
    """What differed."""


class Replica:
    """One `tablecast serve` on a fixed port through all its lives, its subscriber, and samples of its memory."""

    def __init__(self, name, folder, peer, table, *options, descriptors=None):
        self.name, self.port, self.log = name, free_port(), folder / f"{name}.log"
        # A history that is full within minutes: what grows afterwards is a leak.
        common = ["--poll-interval", "100ms", "--log-level", "notice", "--history-bytes", "1000000"]
        self.command = command(table, self.port, *common, *options)
        if descriptors:
            self.command = ["prlimit", f"--nofile={descriptors}:{descriptors}", *self.command]
        self.environment = environment_without_aws(**peer.settings())
        self.samples, self.lives, self.program, self.service = [], 0, None, None
        self.subscriber = Subscriber(self.port)

    def start(self):
        self.program = Program(self.command, self.log, self.environment)
        self.service = Service(self.program, self.port)
        self.born, self.lives = time.monotonic(), self.lives + 1

    def end(self, kill):
        if kill:
            self.program.kill()
        elif (status := self.program.stop(20)) != 0:
            raise Failed(f"{self.name} ended with {status} after SIGTERM")
        self.service.http.close()

    def check(self):
        if (status := self.program.process.poll()) is not None:
            raise Failed(f"{self.name} ended by itself with {status}; its log ends:\n{self.program.output[-3000:]}")
        if self.subscriber.failures:
            raise Failed(f"the subscriber of {self.name}: " + "; ".join(self.subscriber.failures[:5]))

    def sample(self):
        """Notes (when, life, age, resident MB)."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            status = pathlib.Path(f"/proc/{self.program.process.pid}/status").read_text()
            resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
            now = time.monotonic()
            self.samples.append((now, self.lives, now - self.born, resident))

    def median(self, start, end):
        """The median of resident MB between two times, or None."""
        found = [resident for when, _, _, resident in self.samples if start <= when < end]
        return statistics.median(found) if found else None

    def lives_settled(self):
        """The median of resident MB of each life that was long enough."""
        lives = {}
        for _, life, age, resident in self.samples:
            if age >= SETTLED_SECONDS:
                lives.setdefault(life, []).append(resident)
        return [statistics.median(found) for found in lives.values() if len(found) >= 5]

    def finish(self):
        self.subscriber.ending.set()
        if self.program and self.program.process.poll() is None:
            self.program.process.send_signal(signal.SIGCONT)
            self.program.kill()


class Soak:
    def __init__(self, seed, minutes, folder, attacked):
        self.attacked, self.loads = attacked, []
        self.chance, self.minutes, self.folder = random.Random(seed), minutes, folder
        self.seconds, self.kills, self.stops, self.pauses, self.forgotten, self.equal = minutes * 60, 0, 0, 0, 0, 0
        self.seed, self.quick = seed, minutes < 5
        self.stop = threading.Event()

    def run(self):
        with contextlib.ExitStack() as stack:
            peer = stack.enter_context(ministack(self.folder))
            self.client = peer.client()
            self.table = create_table(self.client)
            self.proxy = Faults(peer.port, random.Random(self.chance.random()), share=0.05)
            stack.callback(self.proxy.stop)
            spoilt = Peer("ministack through faults", self.proxy.port)
            self.writers = [
                Writer(peer, self.table, f"writer{number}", self.chance.random(), keys=1000, per_second=10) for number in range(3)
            ]
            if self.attacked:
                self.writers.append(LargeItems(peer, self.table))
            stack.callback(self.end_writers)
            for writer in self.writers:
                writer.fill()
            self.state = self.folder / "state"
            self.killed = Replica("killed", self.folder, spoilt, self.table, "--state-dir", str(self.state))
            self.steady = Replica("steady", self.folder, spoilt, self.table, descriptors=DESCRIPTORS if self.attacked else None)
            self.replicas = [self.killed, self.steady]
            for replica in self.replicas:
                stack.callback(replica.finish)
                replica.start()
            for thread in [*self.writers, *(replica.subscriber for replica in self.replicas)]:
                thread.start()
            threading.Thread(target=self.sample, daemon=True).start()
            stack.callback(self.stop.set)
            if self.attacked:
                self.attack(stack)
            self.live()
            return self.verdict()

    def attack(self, stack):
        """Starts the attackers of the steady service, and what times other clients meanwhile."""
        self.steady.service.wait_until_ready(READY_SECONDS)
        folder = pathlib.Path(__file__).parent
        seconds = str(self.seconds - ATTACK_ENDS_EARLY_SECONDS)
        for script, arguments in (("attackers.py", []), ("probe.py", PROBED)):
            command = [sys.executable, folder / script, str(self.steady.port), seconds, *arguments]
            load = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=many_descriptors)
            stack.callback(load.kill)
            self.loads.append(load)

    def attack_verdict(self):
        """What the attackers got, and that nobody else waited for them."""
        served, probed = (json.loads(load.communicate(timeout=60)[0]) for load in self.loads)
        print("attackers were served: " + ", ".join(f"{count} {name}" for name, count in sorted(served.items())))
        for path, found in probed.items():
            print(f"others, {path}: {found['requests']} requests, p99 {found['p99_ms']} ms, maximum {found['maximum_ms']} ms, {found['failed']} failed")
        for path, found in probed.items():
            if found["failed"]:
                raise Failed(f"{path} failed under attack: {found['failures']}")
            if found["p99_ms"] > P99_ALLOWED_MS or found["maximum_ms"] > MAXIMUM_ALLOWED_MS:
                raise Failed(f"{path} was slow under attack: at most p99 {P99_ALLOWED_MS} ms and maximum {MAXIMUM_ALLOWED_MS} ms are allowed")
        if missing := {"feeds caught up", "pipelined walks", "long polls", "patches", "stalled batches"} - served.keys():
            raise Failed(f"these attackers were never served: {sorted(missing)}")

    def end_writers(self):
        for writer in self.writers:
            writer.ending.set()
            writer.running.set()

    def sample(self):
        while not self.stop.wait(SAMPLE_SECONDS):
            for replica in self.replicas:
                replica.sample()

    def live(self):
        """Does what is due until the time is over; every minute ends with a compare."""
        self.began = time.monotonic()
        # (action, the bounds of the time between two)
        plan = [
            (self.compare, (60, 60) if not self.quick else (20, 20)),
            (self.kill, (120, 180) if not self.quick else (12, 20)),
            (self.pause, (30, 60) if not self.quick else (8, 15)),
            (self.outage, (60, 120) if not self.quick else (15, 30)),
        ]
        due = [[self.began + self.chance.uniform(*bounds), action, bounds] for action, bounds in plan]
        end = self.began + self.seconds
        while time.monotonic() < end:
            for entry in due:
                if time.monotonic() >= entry[0]:
                    entry[1]()
                    entry[0] = time.monotonic() + self.chance.uniform(*entry[2])
            self.check()
            time.sleep(0.1)
        self.compare()

    def check(self):
        for writer in self.writers:
            if writer.failure:
                raise Failed(f"a writer failed: {writer.failure!r}")
        for replica in self.replicas:
            replica.check()

    def kill(self):
        hard = self.chance.random() < 0.6
        self.killed.end(kill=hard)
        self.kills += hard
        self.stops += not hard
        if self.chance.random() < 0.25:
            shutil.rmtree(self.state, ignore_errors=True)
            self.forgotten += 1
        time.sleep(self.chance.uniform(0, 8))
        self.killed.start()

    def pause(self):
        # The time of others' requests is measured at the attacked one.
        process = self.chance.choice([self.killed] if self.attacked else self.replicas).program.process
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.5, 5))
        process.send_signal(signal.SIGCONT)
        self.pauses += 1

    def outage(self):
        self.proxy.go_out(self.chance.uniform(2, 12))

    def compare(self):
        """Holds the writers and waits until everybody has the table's contents."""
        for writer in self.writers:
            writer.running.clear()
        for writer in self.writers:
            if not writer.idle.wait(30):
                raise Failed("a writer did not come to rest within 30 s")
        expected = truth(self.client, self.table)
        began = time.monotonic()
        for replica in self.replicas:
            self.wait_until_equal(replica, expected)
        self.equal += 1
        self.say(len(expected), time.monotonic() - began)
        for writer in self.writers:
            writer.idle.clear()
            writer.running.set()

    def wait_until_equal(self, replica, expected):
        deadline = time.monotonic() + EQUAL_SECONDS + (READY_SECONDS if time.monotonic() - replica.born < READY_SECONDS else 0)
        while True:
            replica.check()
            try:
                exported = canonical(replica.service.export(limit="1000"))
            except (httpx.HTTPError, AssertionError) as error:
                exported, difference = None, f"no export: {error!r}"
            if exported is not None:
                followed = canonical(replica.subscriber.snapshot())
                if exported == expected and followed == expected:
                    return
                difference = f"export: {differences(expected, exported)}; subscriber: {differences(expected, followed)}"
            if time.monotonic() > deadline:
                with contextlib.suppress(httpx.HTTPError):
                    difference += "\nstatus: " + replica.service.get("/v1/status").text
                raise Failed(f"{replica.name} (life {replica.lives}) is not the table: {difference}")
            time.sleep(0.25)

    def say(self, items, seconds):
        memory = ", ".join(f"{replica.name} {replica.samples[-1][3]:.0f} MB" for replica in self.replicas if replica.samples)
        events = " + ".join(str(replica.subscriber.events) for replica in self.replicas)
        resets = " + ".join(str(replica.subscriber.resets) for replica in self.replicas)
        print(
            f"{(time.monotonic() - self.began) / 60:5.1f} min: {items} items equal after {seconds:.1f} s; {self.written()} writes, "
            f"{self.kills} kills, {self.stops} stops, {self.forgotten} without state, {self.pauses} pauses, "
            f"{self.proxy.counts.total()} faults; {events} events, {resets} resets; {memory}"
        )

    def written(self):
        return sum(writer.writes for writer in self.writers)

    def verdict(self):
        """The closing line, once memory is found to be flat."""
        if self.attacked:
            self.attack_verdict()
        window = min(60, self.seconds / 4)
        before = self.steady.median(self.began + window, self.began + 2 * window)
        after = self.steady.median(self.began + self.seconds - window, time.monotonic())
        lives = self.killed.lives_settled()
        pairs = [("steady", before, after)] + ([("killed, first and last life", lives[0], lives[-1])] if len(lives) > 1 else [])
        for name, first, last in pairs:
            if last > first * GROWTH_ALLOWED + GROWTH_ALLOWED_MB:
                raise Failed(f"memory grew ({name}): {first:.1f} MB to {last:.1f} MB")
        if lives:
            print("memory of each settled life of the killed service: " + ", ".join(f"{life:.1f}" for life in lives) + " MB")
        print("faults: " + ", ".join(f"{count} {name}" for name, count in sorted(self.proxy.counts.items())))
        return (
            f"soak: {self.written()} writes, {self.kills + self.stops} kills, {self.proxy.counts.total()} faults, "
            f"{self.equal} compares equal, RSS {before:.1f} -> {after:.1f} MB: ok"
        )


def differences(expected, found):
    """The first few items that are missing, too many or different."""
    wanted, had = ({item["id"]["S"]: item for item in items} for items in (expected, found))
    missing, extra = sorted(wanted.keys() - had.keys()), sorted(had.keys() - wanted.keys())
    changed = sorted(key for key in wanted.keys() & had.keys() if wanted[key] != had[key])
    if not (missing or extra or changed):
        return "equal"
    shown = [f"{key}: table {wanted[key]}, here {had[key]}" for key in changed[:2]]
    return f"missing {len(missing)} {missing[:5]}, extra {len(extra)} {extra[:5]}, different {len(changed)} {shown}"


def many_descriptors():
    """For the attackers: as many descriptors as the system allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--under-attack", action="store_true", help="also attack the steady service with costly, slow and idle clients, and time others meanwhile"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    arguments = parser.parse_args()
    if not 0.5 <= arguments.minutes <= 24 * 60:
        parser.error("--minutes: from 0.5 to 1440")
    signal.signal(signal.SIGTERM, interrupted)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tablecast-soak-"))
    print(f"soak: {arguments.minutes:g} minutes with seed {arguments.seed}, logs in {folder}")
    try:
        print(Soak(arguments.seed, arguments.minutes, folder, arguments.under_attack).run())
    except KeyboardInterrupt:
        print(f"soak: stopped by hand, seed {arguments.seed}, logs kept in {folder}")
        return 130
    except (Failed, AssertionError) as failure:
        print(f"soak: FAILED with seed {arguments.seed}, logs kept in {folder}\n{failure}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
