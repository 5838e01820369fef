"""S7: whatever is written, whenever the server is killed or a client leaves, at `ready` and at every bookmark a client holds what the
replica holds: the table after some number of its writes, never fewer than before."""

import contextlib
import http.client
import random
import socket
import threading
import time

import httpx
from support.events import blocks
from support.following import status
from support.processes import free_port, wait_for
from support.service import serving
from support.tables import create_table, truth

SECONDS = 30
PARTITIONS, ITEMS = 3, 40
# So that a snapshot is much longer than what the kernel holds for a client with a small buffer, and can be left in the middle.
TEXT = "x" * 1000
RECEIVE_BUFFER = 4096
KINDS = {
    "everything": ("", lambda key, value: True),
    "a predicate": ("where=v%20%3C%2050", lambda key, value: value[1] < 50),
    "a partition": ("pk=p1", lambda key, value: key[0] == "p1"),
    "a range with a predicate": (
        "pk=p2&sk_prefix=i1&where=v%20%3C%2070",
        lambda key, value: key[0] == "p2" and key[1].startswith("i1") and value[1] < 70,
    ),
    "every step": ("mode=all", lambda key, value: True),
    "every step of a predicate": ("mode=all&where=v%20%3C%2050", lambda key, value: value[1] < 50),
}


class Writes:
    """One writer in order, and what the table held after each write. It writes in bursts, so that there is silence for bookmarks."""

    def __init__(self, client, table, seed):
        self.client, self.table, self.chance = client, table, random.Random(seed)
        self.states, self.failure = [{}], None

    def one(self):
        key = (f"p{self.chance.randrange(PARTITIONS)}", f"i{self.chance.randrange(ITEMS):02d}")
        typed = {"id": {"S": key[0]}, "at": {"S": key[1]}}
        after = dict(self.states[-1])
        if self.chance.random() < 0.25:
            after.pop(key, None)
            self.states.append(after)
            self.client.delete_item(TableName=self.table, Key=typed)
        else:
            after[key] = (len(self.states), self.chance.randrange(100))
            # Noted before it is made: it may be seen before the answer has come.
            self.states.append(after)
            number, value = after[key]
            self.client.put_item(
                TableName=self.table, Item={**typed, "n": {"N": str(number)}, "v": {"N": str(value)}, "text": {"S": TEXT}}
            )

    @contextlib.contextmanager
    def going_on(self):
        stop = threading.Event()

        def write():
            try:
                while not stop.is_set():
                    for _ in range(self.chance.randrange(80)):
                        self.one()
                    stop.wait(self.chance.choice([0, 0.02, 1.5]))
            except Exception as error:
                self.failure = error

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(30)
        assert self.failure is None, self.failure


class Client:
    """One subscriber that leaves at random, comes back with its last id or with none, and compares."""

    def __init__(self, kind, port, writes, killing, seed):
        self.kind, (self.query, self.matches) = kind, KINDS[kind]
        self.port, self.writes, self.killing, self.chance = port, writes, killing, random.Random(seed)
        # `whole`: it has had a snapshot to its end, and goes on from there.
        self.map, self.last, self.whole, self.state = {}, None, False, 0
        self.counts = dict.fromkeys(["marks", "compared", "resets", "left", "left in a snapshot", "killed", "killed in a snapshot"], 0)
        self.failure = None

    def run(self, stop):
        try:
            while not stop.is_set():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.connect(stop)
                stop.wait(0.05)
        except Exception as error:
            self.failure = f"{self.kind}, {self.counts}: {error!r}"

    def connect(self, stop):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.sock = socket.socket()
        try:
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            connection.sock.settimeout(20)
            connection.sock.connect(("127.0.0.1", self.port))
            if self.chance.random() < 0.2:
                self.last = None
            headers = {"Last-Event-ID": self.last} if self.last else {}
            if not self.last:
                self.map, self.whole = {}, False
            connection.request("GET", f"/v1/events?heartbeat=1s&numbers=number&{self.query}", headers=headers)
            response = connection.getresponse()
            if response.status == 503:
                assert b"replica-not-ready" in response.read()
                return
            assert response.status == 200, response.read()
            self.read(blocks(iter(response.readline, b"")), stop)
        finally:
            connection.close()

    def read(self, events, stop):
        # Half of the time it stays until somebody else ends it.
        budget = self.chance.choice([self.chance.randrange(1, 150), 1 << 30])
        killed = False
        try:
            for event in events:
                self.take(event)
                budget -= 1
                if stop.is_set():
                    return
                if budget <= 0:
                    self.counts["left" if self.whole else "left in a snapshot"] += 1
                    return
                if self.whole and self.killing.wants_snapshot and self.chance.random() < 0.1:
                    self.last = None
                    return
                # Behind it, in the kernel and in the server, the rest of a snapshot or batch is still to be read.
                if event.kind == "message" and self.killing.asked(in_snapshot=not self.whole):
                    killed = True
        finally:
            if killed:
                self.counts["killed" if self.whole else "killed in a snapshot"] += 1

    def take(self, event):
        if event.kind == "reset":
            self.counts["resets"] += 1
            self.map, self.whole = {}, False
        elif event.kind == "message":
            change = event.json
            key = (change["key"]["id"], change["key"]["at"])
            if change["op"] == "remove":
                self.map.pop(key, None)
            else:
                self.map[key] = (change["item"]["n"], change["item"]["v"])
        self.last = event.id or self.last
        if event.kind in ("ready", "bookmark"):
            self.whole = True
            self.compare(event)

    def compare(self, event):
        """With the table after any number of writes from the last known one on, and with the replica where it stands at the same place."""
        self.counts["marks"] += 1
        for number in range(self.state, len(self.writes.states)):
            state = self.writes.states[number]
            if self.map == {key: value for key, value in state.items() if self.matches(key, value)}:
                self.state = number
                break
        else:
            raise AssertionError(f"after {event} it holds what the table never held since write {self.state}: {self.map}")
        with contextlib.suppress(httpx.HTTPError):
            query = self.query.replace("mode=all", "").strip("&")
            answer = httpx.get(f"http://127.0.0.1:{self.port}/v1/items?limit=1000&{query}", timeout=5)
            page = answer.json()
            # The times in a position grow while nothing changes.
            if answer.status_code == 200 and page["as_of"]["position"].split(".")[:2] == event.id.split(".")[:2]:
                self.counts["compared"] += 1
                assert self.map == {(item["id"], item["at"]): (item["n"], item["v"]) for item in page["items"]}, event


class Killing:
    """Kills the service when a client has come to the moment that is waited for."""

    def __init__(self):
        self.lock, self.program, self.in_snapshot, self.kills = threading.Lock(), None, None, 0

    def arm(self, program):
        """For one who is in the middle of a snapshot and for one who follows, by turns."""
        with self.lock:
            self.program, self.in_snapshot = program, self.kills % 2 == 1

    def asked(self, in_snapshot):
        """Called after each event by whoever got it; whether that was its death."""
        with self.lock:
            if self.program is None or self.in_snapshot != in_snapshot:
                return False
            self.program.kill()
            self.program = None
            self.kills += 1
            return True

    @property
    def wants_snapshot(self):
        """Whether it is for somebody to be in the middle of a snapshot, so that one who has had its own should begin another."""
        with self.lock:
            return self.program is not None and self.in_snapshot

    @property
    def done(self):
        with self.lock:
            return self.program is None


@contextlib.contextmanager
def subscribed(clients):
    stop = threading.Event()
    threads = [threading.Thread(target=client.run, args=(stop,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def test_s7_a_clients_map_is_the_replicas_through_kills_and_disconnects(ministack, logs, tmp_path):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    table = create_table(ministack.client(), sort_key="at")
    writes = Writes(ministack.client(), table, chance.random())
    for _ in range(150):
        writes.one()
    port, killing, lives = free_port(), Killing(), 0
    clients = [Client(kind, port, writes, killing, chance.random()) for kind in KINDS]
    options = ("--state-dir", tmp_path / "state", "--poll-interval", "50ms")

    def failures():
        return [client.failure for client in clients if client.failure] + [writes.failure] * (writes.failure is not None)

    def serving_again(ready=True):
        return serving(logs, ministack, table, *options, port=port, ready=ready)

    with writes.going_on(), subscribed(clients):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline or killing.kills < 4:
            lives += 1
            # Also before it is ready again, while it reads what it has saved or saves again.
            early = lives > 1 and chance.random() < 0.2
            with serving_again(ready=not early) as service:
                if lives == 1:
                    wait_for(lambda: status(service)["saved_state"]["saved_at"], 20, "a first save")
                if early:
                    threading.Event().wait(chance.uniform(0, 0.7))
                    service.program.kill()
                    continue
                threading.Event().wait(chance.uniform(0, 2))
                killing.arm(service.program)
                wait_for(lambda: killing.done or failures(), 30, lambda: f"a moment to kill; {[client.counts for client in clients]}")
            assert not failures(), failures()
        with serving_again():
            threading.Event().wait(2)
    # Nobody writes any more; everybody comes to hold the table as it is.
    with serving_again() as service, subscribed(clients):
        wait_for(lambda: all(client.state == at_the_end(client) for client in clients) or failures(), 30, "all to be at the end")
        assert not failures(), failures()
        expected = truth(ministack.client(), table)
        held = {(item["id"]["S"], item["at"]["S"]): (whole_number(item["n"]), whole_number(item["v"])) for item in expected}
        assert writes.states[-1] == held
        assert service.program.process.poll() is None
    assert not failures(), failures()
    total = {name: sum(client.counts[name] for client in clients) for name in clients[0].counts}
    print(f"{len(writes.states)} writes, {lives} lives: {total}")
    # Which steps there were is not saved, only what they led to: who wants every step is told to begin anew.
    assert sum(client.counts["resets"] for client in clients if "mode=all" not in client.query) == 0
    for name in total.keys() - {"resets"}:
        assert total[name] > 0, f"{name} never came to pass: {total}"


def whole_number(value):
    """`truth` spells ten as 1E+1."""
    return int(float(value["N"]))


def at_the_end(client):
    """The first state from the client's on that looks to it like the last."""
    states = [{k: v for k, v in state.items() if client.matches(k, v)} for state in client.writes.states[client.state :]]
    return client.state + states.index(states[-1])
