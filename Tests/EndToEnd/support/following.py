"""Whether a service has followed a table to its last write, and subscribers and writers that go along with it."""

import contextlib
import http.client
import threading
import time

from .events import stream
from .processes import wait_for
from .tables import canonical, truth


def status(service):
    return service.get("/v1/status").json()


def assert_follows(client, table, service):
    """The export equals the table once a last write has arrived."""
    marker = str(time.monotonic_ns())
    client.put_item(TableName=table, Item={"id": {"S": "marker"}, "at": {"S": marker}})
    wait_for(lambda: (service.item("marker") or {}).get("at") == marker, 20, "the last write to arrive")
    assert canonical(service.export()) == truth(client, table)


def wait_for_new_epoch(service, before, seconds=15):
    """Waits until it is live in another epoch; the states that were seen on the way, as (state, reason code, reason)."""
    seen = []

    def is_live_again():
        now = status(service)
        met = (now["state"], now["reason_code"], now["reason"])
        if met not in seen:
            seen.append(met)
        return now["state"] == "live" and now["epoch"] != before["epoch"]

    wait_for(is_live_again, seconds, lambda: f"a new epoch after {before['epoch']}; seen: {seen}")
    return seen


class Mirror:
    """A subscriber that survives the service: it comes back with its last id, and checks that nothing goes back."""

    def __init__(self):
        self.items, self.last, self.resets, self.failure = {}, None, 0, None

    def follow(self, service):
        """Reads until the service dies."""
        headers = {"Last-Event-ID": self.last} if self.last else {}
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            try:
                with stream(service, "/v1/events?format=dynamodb", headers, seconds=30) as events:
                    for event in events:
                        self.take(event)
            except AssertionError as error:
                # Before it is ready the service may refuse; anything else is a failure.
                if "replica-not-ready" not in str(error):
                    self.failure = error

    def take(self, event):
        if event.kind == "reset":
            self.resets += 1
            self.items.clear()
            self.last = None
        if event.kind == "message":
            change = event.json
            key = change["key"]["id"]["S"] if isinstance(change["key"]["id"], dict) else change["key"]["id"]
            if change["op"] == "remove":
                self.items.pop(key, None)
            else:
                before, after = self.items.get(key), change["item"]
                if before and "n" in before and "n" in after:
                    assert int(after["n"]["N"]) >= int(before["n"]["N"]), f"{key} went back: {before} to {after}"
                self.items[key] = after
        if event.id:
            if self.last and self.last.split(".")[0] == event.id.split(".")[0]:
                assert int(event.id.split(".")[1]) >= int(self.last.split(".")[1]), f"{event.id} after {self.last}"
            self.last = event.id

    @contextlib.contextmanager
    def following(self, service):
        """Reads for the length of a block, which has to end the service."""
        reading = threading.Thread(target=self.follow, args=(service,))
        reading.start()
        try:
            yield self
        finally:
            service.program.kill()
            reading.join(10)
        assert self.failure is None, self.failure


@contextlib.contextmanager
def writing(peer, table, keys=40):
    """Puts and deletes without a pause for the length of a block; yields what tells how many were made."""
    stop, failures, made = threading.Event(), [], [0]

    def write():
        client = peer.client()
        try:
            while not stop.is_set():
                made[0] += 1
                key = {"id": {"S": f"item-{made[0] * 7 % keys:05d}"}}
                if made[0] % 5 == 0:
                    client.delete_item(TableName=table, Key=key)
                else:
                    client.put_item(TableName=table, Item={**key, "n": {"N": str(1000 + made[0])}})
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield lambda: made[0]
    finally:
        stop.set()
        thread.join(30)
    assert not failures, failures
