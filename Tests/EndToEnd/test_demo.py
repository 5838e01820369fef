"""`tablecast-demo`: what a newcomer sees in the first minute."""

import re

from support.events import stream
from support.processes import Program, environment_without_aws, free_port, wait_for
from support.service import DEMO, Service


def test_the_demo_shows_live_changes_and_stops_when_asked(logs):
    port = free_port()
    program = Program([DEMO, "--listen", f"127.0.0.1:{port}"], logs / "demo.log", environment_without_aws())
    try:
        service = Service(program, port).wait_until_ready(30)
        # It says what to try, and what it says works.
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: "curl" in program.output and url in program.output, 10, "the demo to say what to try")
        assert re.search(rf"curl -N '?{url}/v1/events", program.output), program.output
        assert service.get("/v1/items").json()["items"]
        with stream(service, "/v1/events?since=now&limit=5", seconds=30) as events:
            assert len([event for event in events if event.kind == "message"]) == 5
    finally:
        status = program.stop()
    assert status == 0
