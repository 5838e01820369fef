"""A fleet lives through kills and pauses for half a minute: `scripts/fleet` as a person runs it, and how it judges resets."""

import os
import re
import subprocess
import sys

import pytest
from support.processes import PATIENCE, PROJECT
from support.service import BINARY

sys.path.append(str(PROJECT / "Tests/Fleet"))
from resets import OVERLAP_MS, Births, Resets

SECONDS = 20


@pytest.mark.parametrize(
    "options",
    [("--leaders", "2", "--followers", "2"), ("--leaders", "1", "--followers", "2", "--tokens"), ("--leaders", "2", "--followers", "2", "--tokens", "--browsers")],
    ids=["two leaders", "tokens", "browsers"],
)
def test_all_hold_the_table_at_the_end_and_nobody_starts_over_without_need(options):
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
    assert f"{12 if '--browsers' in options else 8} readers; all hold them" in result.stdout
    assert re.search(r"(kill|stop|pause) of a (leader|follower)", result.stdout)
    assert int(re.search(r"leader-0 sent (\d+) bytes", result.stdout)[1]) > 0
    assert int(re.search(r"haproxy sent (\d+) bytes", result.stdout)[1]) > 0


def position(epoch, low):
    digits, rest = "", low
    while rest:
        rest, digit = divmod(rest, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"{epoch}.7.abcdefg.{digits}.{digits}"


BORN = 1_795_477_887_000


@pytest.mark.parametrize(
    ("reason", "held", "whole", "is_undue"),
    [
        ("other-epoch", position("aaaaaaaa", BORN + OVERLAP_MS - 1), True, False),
        ("other-epoch", position("aaaaaaaa", BORN + OVERLAP_MS), True, True),
        ("rebuilt", position("aaaaaaaa", BORN + 60_000), True, True),
        # It was cut off in its first load, or not.
        ("other-epoch", "aaaaaaaa.3", False, False),
        ("other-epoch", "aaaaaaaa.3", True, True),
        ("overrun", position("bbbbbbbb", BORN + 60_000), True, True),
        ("other-stream", position("aaaaaaaa", BORN), True, True),
        ("future-position", position("aaaaaaaa", BORN), True, True),
    ],
)
def test_a_reset_is_due_where_the_contents_are_younger_than_the_position(reason, held, whole, is_undue):
    births, resets = Births(), Resets()
    births.note({"epoch": "bbbbbbbb", "birth": BORN})
    resets.add(reason, held, whole)
    resets.follow(position("bbbbbbbb", BORN + 61_000))
    resets.follow(position("cccccccc", BORN + 62_000))
    assert len(resets.undue(births)) == is_undue
    # Steps are not kept over a restart, and only those who read every step miss them.
    assert len(resets.undue(births, reads_steps=True)) == (is_undue and reason != "overrun")
