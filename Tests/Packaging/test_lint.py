"""scripts/lint must fail on every kind of violation that it is there for: each is planted, one at a time."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]


def run(root):
    return subprocess.run(
        [sys.executable, PROJECT / "scripts/lint", root], capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def tree(tmp_path):
    """A small tree with the real Package.swift, and nothing wrong with it."""
    for name in ("Package.swift", "openapi.yaml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    plant(tmp_path, "Sources/HTTPServer/Good.swift", "import CLinux\nimport Dispatch\nimport Glibc\n")
    plant(tmp_path, "Sources/Feed/Good.swift", "package import ReplicaStore\nimport struct TableModel.Item\n")
    plant(tmp_path, "Sources/Service/Good.swift", "import Logging\n@preconcurrency import Metrics\n")
    plant(tmp_path, "Sandbox/Sources/dynamo-sandbox/Good.swift", "import ArgumentParser\nimport DynamoSandbox\n")
    plant(tmp_path, "Sources/API/openapi.yaml", (PROJECT / "openapi.yaml").read_text())
    return tmp_path


def plant(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_project_itself_is_clean():
    result = run(PROJECT)
    assert result.returncode == 0, result.stdout


def test_a_good_tree_passes(tree):
    result = run(tree)
    assert (result.returncode, result.stdout) == (
        0,
        "4 source files checked against the house rules, 0 violations\n",
    )


VIOLATIONS = {
    "a layer that imports one it must not know": (
        "Sources/HTTPServer/Bad.swift",
        "import CLinux\nimport TableModel\n",
        r"Sources/HTTPServer/Bad.swift:2: HTTPServer must not import TableModel; it may import Basics, CLinux, ",
    ),
    "an import with an access level and an attribute": (
        "Sources/TableModel/Bad.swift",
        "@preconcurrency package import DynamoDBClient\n",
        r"Sources/TableModel/Bad.swift:1: TableModel must not import DynamoDBClient",
    ),
    "an import of one declaration": (
        "Sources/ReplicaStore/Bad.swift",
        "import struct HTTPServer.Request\n",
        r"ReplicaStore must not import HTTPServer",
    ),
    "the core on queues": (
        "Sources/TableModel/Bad.swift",
        "import Dispatch\n",
        r"TableModel must not import Dispatch",
    ),
    "Foundation": ("Sources/Service/Bad.swift", "import Foundation\n", r"Bad.swift:1: import Foundation: "),
    "part of Foundation": (
        "Sources/Service/Bad.swift",
        "\nimport FoundationEssentials\n",
        r"Bad.swift:2: import FoundationEssentials: ",
    ),
    "the production program on the sandbox": (
        "Sources/tablecast/Bad.swift",
        "import DynamoSandbox\n",
        r"Sources/tablecast/Bad.swift:1: tablecast must not import DynamoSandbox",
    ),
    "the sandbox on the service": (
        "Sandbox/Sources/DynamoSandbox/Bad.swift",
        "import Service\n",
        r"Sandbox/Sources/DynamoSandbox/Bad.swift:1: DynamoSandbox must not import Service",
    ),
    "Foundation in the sandbox": (
        "Sandbox/Sources/dynamo-sandbox/Bad.swift",
        "import Foundation\n",
        r"Sandbox/Sources/dynamo-sandbox/Bad.swift:1: import Foundation: ",
    ),
    "an integer of a number from outside, in the sandbox": (
        "Sandbox/Sources/DynamoSandbox/Bad.swift",
        "let count = Int64(try json.readDouble())\n",
        r"Bad.swift:1: ends the process beyond the integer's range",
    ),
    "a folder without a target": ("Sources/Other/Bad.swift", "\n", r"no target Other in Package.swift"),
    "a file that is too long": (
        "Sources/Feed/Long.swift",
        "\n" * 401,
        r"401 lines; a file of source has at most 400",
    ),
    "prose that is too wide": ("GUIDE.md", "# Guide\n\n" + "word " * 25, r"GUIDE.md:3: 125 columns; prose has at most 120"),
    "prose that is too wide after a block of code": (
        "GUIDE.md",
        "```sh\n" + "word " * 25 + "\n```\n" + "- " + "word " * 24,
        r"GUIDE.md:4: 122 columns; prose has at most 120",
    ),
    "a path of a machine": ("scripts/bad", "cd /" + "root/project\n", r"scripts/bad:1: names a path of one machine"),
    "a path of a person's machine": (
        "Tests/bad.py",
        'open("/' + 'home/me/table.json")\n',
        r"Tests/bad.py:1: names a path of one machine",
    ),
    "unfinished work": ("Sources/Feed/Bad.swift", "// TO" + "DO: later\n", r"says that something is unfinished"),
    "an unproved claim of safety": (
        "Sources/Feed/Bad.swift",
        "final class A: @unchecked Sendable {}\n",
        r"Bad.swift:1: needs a comment in the two lines before it",
    ),
    "an integer of a number from outside": (
        "Sources/Feed/Bad.swift",
        "let count = Int64(try json.readDouble())\n",
        r"Bad.swift:1: ends the process beyond the integer's range; use Int64\(saturating:\)",
    ),
    "an integer of a rounded number": (
        "Sources/Feed/Bad.swift",
        "let count = [1, Int((a / b).rounded(.down)) + 1]\n",
        r"Bad.swift:1: ends the process beyond",
    ),
    "two API descriptions": ("Sources/API/openapi.yaml", "openapi: 3.0.0\n", r"differs from openapi.yaml"),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_it_fails_on(tree, name):
    path, text, message = VIOLATIONS[name]
    plant(tree, path, text)
    result = run(tree)
    assert result.returncode == 1, result.stdout
    assert re.search(message, result.stdout), result.stdout
    assert result.stdout.endswith(", 1 violations\n")


def test_a_proved_claim_of_safety_passes(tree):
    plant(tree, "Sources/Feed/Good2.swift", "// Only the loop's thread touches it.\nfinal class A: @unchecked Sendable {}\n")
    assert run(tree).returncode == 0


def test_a_conversion_with_a_word_on_its_range_passes(tree):
    lines = ["let a = Int64(saturating: try json.readDouble())", "let b = Int64(exactly: c.rounded()) ?? 0", "f(Int(d), Double(e))"]
    plant(tree, "Sources/Feed/Fine.swift", "\n".join(lines) + "\n")
    assert run(tree).returncode == 0


def test_markdown_that_cannot_be_wrapped_passes(tree):
    link = "[the manual](https://example.org/" + "a" * 120 + ")"
    plant(tree, "GUIDE.md", f"| {'cell ' * 30} |\n\n~~~\n{'code ' * 30}\n```\n{'code ' * 30}\n~~~\n\n- {link}\n")
    plant(tree, "LONG.md", "short\n" * 1000)
    assert run(tree).returncode == 0, run(tree).stdout


def test_a_package_without_layers_is_refused(tree):
    (tree / "Package.swift").write_text("let nothing = 1\n")
    result = run(tree)
    assert result.returncode == 1
    assert "no layer(…) found" in result.stdout
