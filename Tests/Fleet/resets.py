"""Which resets of readers were due.

A reset is due where the contents that the reader is sent began later than its position less the overlap: their replica cannot know what
was removed before it began. It is due too for a reader of every step where the steps since its position are not kept (`overrun`), and
for one that was cut off before its first load was complete. Every other reset is undue."""

import contextlib
import http.client
import json
import threading

OVERLAP_MS = 2000


def low_of(position):
    """The time, in milliseconds, up to which the holder of a position has everything; None where the position does not tell."""
    parts = (position or "").split(".")
    return int(parts[3], 36) if len(parts) == 5 else None


class Births:
    """When the contents of every epoch began, as the replicas tell those that copy them; one reader for each replica."""

    def __init__(self):
        self.known, self.lock = {}, threading.Lock()

    def reader(self, node):
        return BirthReader(self, node)

    def note(self, contents):
        with self.lock:
            self.known[contents["epoch"]] = contents.get("birth")


class BirthReader:
    def __init__(self, births, node):
        self.births, self.node, self.failure = births, node, None

    def run(self, stop):
        while not stop.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self.read(stop)
            stop.wait(0.05)

    def read(self, stop):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=5)
        try:
            headers = {**self.node.headers, "Accept": "application/x-ndjson"}
            connection.request("GET", "/v1/changes?mode=replica", headers=headers)
            response = connection.getresponse()
            if response.status != 200:
                return
            # Bookmarks come four times a second.
            for line in iter(response.readline, b""):
                if line.startswith(b'{"event":"contents"'):
                    self.births.note(json.loads(line))
                if stop.is_set():
                    return
        finally:
            connection.close()


class Resets:
    """The resets of one reader."""

    def __init__(self):
        self.all = []

    def add(self, reason, held, whole):
        """`held` is the last position before it; `whole`: the reader had come to the end of its load."""
        self.all.append({"reason": reason, "held": held, "whole": whole, "after": None})

    def follow(self, position):
        """Called with every position: the first one after a reset tells whose contents the reader was sent."""
        if self.all and self.all[-1]["after"] is None:
            self.all[-1]["after"] = position

    def undue(self, births, reads_steps=False):
        """Those that were not due, in words."""
        return [text for one in self.all if (text := fault(one, births, reads_steps))]

    def told(self, births, reads_steps=False):
        """How many there were and why, for the report."""
        reasons = ", ".join(sorted({one["reason"] for one in self.all}))
        undue = len(self.undue(births, reads_steps))
        unknown = sum(low_of(one["held"]) is not None and born(one, births) is None for one in self.all)
        return f"{len(self.all)} resets{f' ({reasons})' if reasons else ''}, {undue} of them undue, {unknown} unknown"


def born(reset, births):
    """When the contents began that the reader was sent; None where it read no more, or no probe has seen them."""
    return births.known.get((reset["after"] or "").split(".")[0])


def fault(reset, births, reads_steps):
    """Why a reset was not due; None where it was, or where that is not known."""
    reason, held, after = reset["reason"], reset["held"], reset["after"]
    if reason == "overrun" and reads_steps:
        return None
    if reason not in ("other-epoch", "rebuilt"):
        return f"reset with the reason {reason} at {held}"
    low, birth = low_of(held), born(reset, births)
    if low is None:
        return f"reset with the reason {reason} at {held}, which tells no times" if reset["whole"] else None
    if birth is None or birth > low - OVERLAP_MS:
        return None
    return f"reset with the reason {reason} at {held}, which contents that began {(low - birth) / 1000:.1f} s earlier can place (then at {after})"
