"""One boto3 script, two endpoints: the sandbox and ministack must give the same answers, line by line."""

import json
import pathlib
import runpy
import subprocess
import sys

import pytest

from support.peers import SANDBOX
from support.processes import Program, environment_without_aws, free_port

HERE = pathlib.Path(__file__).resolve().parent
MINISTACK = pathlib.Path(sys.executable).parent / "ministack"
DIFFERENCES = runpy.run_path(str(HERE / "differences.py"))
# Steps with another outcome, and steps with the same error in other words.
OUTCOMES = [step for steps in DIFFERENCES["OUTCOMES"].values() for step in steps]
WORDS = DIFFERENCES["WORDS"]


def answers(command, folder, port, **environment):
    """What the script prints for an endpoint that `command` starts: steps in order, with their results."""
    program = Program(command, folder / f"{pathlib.Path(command[0]).name}-{port}.log", environment_without_aws(**environment))
    try:
        program.wait_until_accepting(port)
        run = subprocess.run(
            [sys.executable, HERE / "parity.py", f"http://127.0.0.1:{port}"],
            capture_output=True, text=True, timeout=120, check=False)
    finally:
        program.stop()
    assert run.returncode == 0, f"the script failed:\n{run.stderr[-3000:]}\nendpoint:\n{program.output[-2000:]}"
    steps = {}
    for text in run.stdout.splitlines():
        answer = json.loads(text)
        step, again = answer["step"], 2
        while step in steps:
            step, again = f"{answer['step']} ({again})", again + 1
        steps[step] = answer["result"]
    return steps


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parity")
    port = free_port()
    ours = answers([SANDBOX, "--port", port], folder, port)
    port = free_port()
    theirs = answers([MINISTACK], folder, port, BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port), IOT_MTLS_ENABLED="0", LOG_LEVEL="WARNING")
    return ours, theirs


def without_words(result):
    return {name: value for name, value in result.items() if name != "message"}


def test_both_ran_every_step(both):
    ours, theirs = both
    assert list(ours) == list(theirs)
    assert len(ours) > 300


def test_the_answers_are_the_same(both):
    ours, theirs = both
    wrong = []
    for step, result in ours.items():
        other = theirs[step]
        if step in OUTCOMES:
            continue
        if step in WORDS:
            result, other = without_words(result), without_words(other)
        if result != other:
            wrong.append(f"{step}\n  sandbox:   {json.dumps(result)[:500]}\n  ministack: {json.dumps(other)[:500]}")
    assert not wrong, "\n".join(wrong)


def test_every_listed_difference_is_still_one(both):
    """A difference that went away must leave the list, or it would hide the next one."""
    ours, theirs = both
    listed = OUTCOMES + WORDS
    assert [step for step in listed if step not in ours] == []
    assert [step for step in listed if ours[step] == theirs[step]] == []
