"""Every behaviour M1 to M52 has its test, with each of the three drivers that it is for."""

import pathlib
import re

import pytest
from support.wire import all_cases

TESTS = pathlib.Path(__file__).resolve().parents[1]
EVERY = set(range(1, 53))
# What a parser can tell: messages and their framing.
PARSED = set(range(1, 30)) - {28} | {52}


def numbers(title):
    """The numbers in front of a title, "M8, M17: …", or behind it, "… (M38)"."""
    marks = re.match(r"(M\d+(?:, M\d+)*): ", title) or re.search(r" \((M\d+(?:, M\d+)*)\)$", title)
    return {int(number) for number in re.findall(r"\d+", marks[1])} if marks else set()


def named(pattern, *files):
    """The numbers of all titles that a pattern finds in the files."""
    found = set()
    for file in files:
        for title in re.findall(pattern, file.read_text()):
            found |= numbers(title)
    return found


SWIFT_TITLE = r"@Test\(\s*\"([^\"]+)\""
PYTHON_TITLE = r"\ndef test_\w+\([^)]*\):\n    \"\"\"([^\"]+)"
CASES = all_cases()
DRIVERS = {
    "parser": (PARSED, set().union(*(numbers(case.name) for case in CASES if case.scope == "all"))),
    "in process": (
        EVERY,
        set().union(*(numbers(case.name) for case in CASES))
        | named(SWIFT_TITLE, *TESTS.glob("HTTPServerTests/*.swift"), *TESTS.glob("APITests/**/*.swift")),
    ),
    "built program": (
        EVERY,
        set().union(*(numbers(case.name) for case in CASES)) | named(PYTHON_TITLE, *TESTS.glob("EndToEnd/test_*.py")),
    ),
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_behaviour_has_a_test(driver):
    wanted, found = DRIVERS[driver]
    missing = [f"M{number}" for number in sorted(wanted - found)]
    assert not missing, f"no test ({driver}): {', '.join(missing)}"


def test_every_case_has_a_number():
    assert [case.name for case in CASES if not numbers(case.name) <= EVERY or not numbers(case.name)] == []
