"""A fleet lives through kills and pauses for half a minute: `scripts/fleet` as a person runs it."""

import os
import re
import subprocess

import pytest
from support.processes import PATIENCE, PROJECT
from support.service import BINARY

SECONDS = 20


@pytest.mark.parametrize("options", [("--leaders", "2", "--followers", "2"), ("--leaders", "1", "--followers", "2", "--tokens")], ids=["two leaders", "tokens"])
def test_every_process_of_a_fleet_holds_the_table_at_the_end(options):
    result = subprocess.run(
        [PROJECT / "scripts/fleet", "--seconds", str(SECONDS), "--rate", "40", *options],
        env={**os.environ, "TABLECAST_BINARY": BINARY},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=55 * PATIENCE,
    )
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "all processes hold them" in result.stdout
    # Those that survive a leader's state, and those that do not: nobody starts over but for a leader whose epoch ended with it.
    assert re.search(r"(kill|stop|pause) of a (leader|follower)", result.stdout)
    assert int(re.search(r"leader-0 sent (\d+) bytes", result.stdout)[1]) > 0
