"""The production program contains no sandbox: neither its type names nor its texts. The demo contains both, which proves the look."""

import pathlib
import shutil
import subprocess

import pytest
from support.peers import SANDBOX
from support.service import BINARY, DEMO

# Swift keeps the names of types in a stripped program; the texts stay in any.
MARKS = [b"DynamoSandbox", b"is not part of the sandbox", b"TransactionCanceledException"]


def found(program):
    content = pathlib.Path(program).read_bytes()
    return [mark.decode() for mark in MARKS if mark in content]


def test_the_program_of_this_build_has_no_sandbox():
    assert found(BINARY) == []


@pytest.mark.timeout(2400)
def test_the_shipped_program_has_no_sandbox(program):
    assert found(program) == []


@pytest.mark.parametrize("name", ["demo", "sandbox"])
def test_a_program_with_a_sandbox_is_found_also_when_it_is_stripped(name, tmp_path):
    stripped = tmp_path / name
    shutil.copy({"demo": DEMO, "sandbox": SANDBOX}[name], stripped)
    subprocess.run(["strip", stripped], check=True, timeout=60)
    assert found(stripped) == [mark.decode() for mark in MARKS]
