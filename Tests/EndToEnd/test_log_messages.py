"""Documentation/log-messages.md and the sources of the program, compared both ways: no message without a row, no row without a message."""

import re

import pytest
from support import documentation, log_calls
from support.processes import PROJECT

PAGE = "Documentation/log-messages.md"
# Calls whose message is made elsewhere, by file and count. Their texts have rows too, and are looked for in all sources.
MADE_ELSEWHERE = {"RefusedNames.swift": 1, "ReplicationReporter.swift": 4, "ServiceMetrics.swift": 1, "TablecastService.swift": 3}


def rows_of(page):
    """The messages on the page, each with its levels."""
    found = re.findall(r"^\| ([a-z, ]+) \| `([^`]+)` \| .+ \|$", page, re.MULTILINE)
    return {message: set(levels.split(", ")) for levels, message in found if levels != "level"}


@pytest.fixture(scope="module")
def rows():
    return rows_of((PROJECT / PAGE).read_text())


@pytest.fixture(scope="module")
def calls():
    return list(log_calls.all_calls())


def is_static(message):
    return message.strip("… ") != ""


def undocumented(calls, rows):
    for call in calls:
        if is_static(call.message) and call.message not in rows:
            yield f"{call.place}: add to the table that fits in {PAGE}: | {call.level or 'info, warning'} | `{call.message}` | meaning, and what to do |"
        elif call.level and call.level not in rows.get(call.message, {call.level}):
            yield f"{call.place}: {PAGE} has another level for `{call.message}`: it is {call.level}"


def unwritten(rows, calls, sources):
    messages = {call.message for call in calls}
    joined = re.sub(r"\"\s*\+\s*\"", "", sources)
    for message in rows:
        pieces = [piece for piece in message.split("…") if len(piece) > 3]
        if message not in messages and not (pieces and all(piece in joined for piece in pieces)):
            yield f"{PAGE}: the program does not write `{message}`: remove the row, or correct it"


def test_every_message_is_documented(calls, rows):
    assert len(calls) > 40
    assert list(undocumented(calls, rows)) == []


def test_every_documented_message_exists(calls, rows):
    sources = "".join((PROJECT / name).read_text() for name in documentation.tracked("Sources/*.swift"))
    assert list(unwritten(rows, calls, sources)) == []


def test_messages_that_are_made_elsewhere_are_known(calls):
    """A new one needs rows for its texts, and a number here."""
    found = {}
    for call in calls:
        if not is_static(call.message):
            name = call.place.rsplit("/", 1)[1].split(":")[0]
            found[name] = found.get(name, 0) + 1
    assert found == MADE_ELSEWHERE


def test_a_message_is_read_from_a_call_whatever_its_form():
    source = '''
        logger.warning("one \\(name(of: "x", "y")) two " + "three")
        logger.log(
            level: isHigh ? .warning : .info,
            """
            four \\
            five \\(value)
            """,
            metadata: ["a": "b"]
        )
    '''
    found = [log_calls.first_literal(source, match.end()) for match in log_calls.CALL.finditer(source)]
    assert found == ["one … two three", "four five …"]


def test_what_is_missing_is_told_as_a_row_to_add():
    call = log_calls.Call("Sources/A.swift:7", "warning", "the … is broken")
    [text] = undocumented([call], {})
    assert text.startswith("Sources/A.swift:7: add to the table") and "| warning | `the … is broken` |" in text
    [text] = undocumented([call], {"the … is broken": {"info"}})
    assert "it is warning" in text
    assert len(list(unwritten({"nobody writes this": {"info"}}, [call], ""))) == 1
    assert rows_of("| info, trace | `a … b` | text |\n") == {"a … b": {"info", "trace"}}
