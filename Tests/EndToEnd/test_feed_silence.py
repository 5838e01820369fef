"""S11: a peer that vanishes without a word, as behind a cable that was pulled: no FIN, no reset, no answer."""

import contextlib
import http.client
import json
import random
import time

from support.browsers import browsing
from support.events import stream, until
from support.following import status
from support.lines import Relay, line
from support.processes import Program, environment_without_aws, free_port, wait_for
from support.service import BINARY, Service
from support.tables import create_table, fill

# What the service sends is acknowledged within the write stall's 30 s and 10 s more, or the connection is given up.
STATED = 40


@contextlib.contextmanager
def behind(line, peer, table, logs, stack):
    """The service at the far end of a line, and how to ask it from where it runs; and the port that leads to it over the line."""
    port = free_port()
    if line.is_real:
        stack.enter_context(Relay(("127.0.0.1", peer.port), listening=line.server, port=peer.port))
    words = [BINARY, "serve", "--table", table, "--listen", f"{'0.0.0.0' if line.is_real else '127.0.0.1'}:{port}"]
    command = line.server.command(*words) if line.is_real else words
    program = Program(command, logs / f"tablecast-{port}.log", environment_without_aws(**peer.settings()))
    try:
        beside = stack.enter_context(Relay(("127.0.0.1", port), inside=line.server)).port
        service = Service(program, beside)
        service.wait_until_ready()
        yield service, stack.enter_context(line.relay(port))
        service.http.close()
    finally:
        program.kill()


def test_s11_a_silent_drop_is_noticed_by_both_ends(ministack, logs, tmp_path):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)

    def put(name):
        # More than lies in the kernel's buffers, compressed too: where a relay plays the wire, those still take what is sent.
        client.put_item(TableName=table, Item={"id": {"S": name}, "text": {"S": random.randbytes(195_000).hex()}})

    with contextlib.ExitStack() as stack:
        wire = stack.enter_context(line())
        print("a wire between two network namespaces" if wire.is_real else "no right to make network namespaces: a relay plays the wire")
        service, way = stack.enter_context(behind(wire, ministack, table, logs, stack))
        browser = stack.enter_context(browsing("chromium", tmp_path))
        command = [BINARY, "tail", f"http://127.0.0.1:{way.port}", "--json", "--since", "now"]
        tail = Program(command, tmp_path / "tail", environment_without_aws())
        stack.callback(tail.kill)
        tab = browser.tab(f"http://127.0.0.1:{way.port}/livez")
        tab.run(
            "import('/client.js').then(({ LiveTable }) => { window.states = []; window.table = new LiveTable({ heartbeat: 1 }); "
            "table.onState(({ state }) => states.push(state)) })"
        )
        raw = stack.enter_context(stream(way, "/v1/events?heartbeat=1s", seconds=5))
        begun = until(raw, "ready")
        tab.wait("table.state === 'live' && table.size === 3")
        wait_for(lambda: "at the head" in tail.output, 20, lambda: tail.output)
        assert status(service)["subscribers"] == 3

        wire.cut()
        cut = time.monotonic()
        put("during")
        # The page's watchdog needs three of its heartbeats.
        tab.wait("states.includes('offline')", 20)
        assert not tab.run("table.has('during')")
        wait_for(lambda: status(service)["items"] == 4, 10, "the service to go on")
        wait_for(lambda: status(service)["subscribers"] == 0, STATED + 20, "the service to free what it holds for those who vanished")
        freed = time.monotonic() - cut
        print(f"freed {freed:.1f} s after the cut")
        # Nobody told it: it waited for what would have been an answer.
        assert freed > STATED / 2
        metrics = service.get("/metrics").text
        assert "tablecast_feed_subscribers 0" in metrics

        wire.mend()
        tab.wait("table.state === 'live' && table.has('during')", 60)
        wait_for(lambda: '"during"' in tail.output, 60, lambda: f"tail to go on by itself:\n{tail.output}")
        put("after")
        tab.wait("table.has('after')")
        wait_for(lambda: '"after"' in tail.output, 20)
        told = [json.loads(text)["key"]["id"] for text in tail.output.splitlines() if text.startswith("{")]
        assert told == ["during", "after"]
        assert "45 s" in tail.output, tail.output
        # A connection that was given up stays so, and its client goes on from the last id that it had.
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert "during" not in [event.json["key"]["id"] for event in raw if event.kind == "message"]
        last = begun[-1].id
        with stream(way, "/v1/events?heartbeat=1s", headers={"Last-Event-ID": last}) as resumed:
            assert [event.json["key"]["id"] for event in until(resumed, "ready") if event.kind == "message"] == ["during", "after"]
