"""The texts that the program writes to its log, as its sources have them: every call of a logger, with its level and its message."""

import dataclasses
import re

from . import documentation
from .processes import PROJECT

LEVELS = ("trace", "debug", "info", "notice", "warning", "error", "critical")
CALL = re.compile(r"\b(?:logger|\w*[lL]ogger)\.(log|" + "|".join(LEVELS) + r")\(")
# A listener's warnings go to the log by way of its observer.
PACED = re.compile(r"\b\w*[wW]arning\w*\.(warn)\(")


@dataclasses.dataclass(frozen=True)
class Call:
    """One call: where it is, its level if the call says it, and its message with `…` for what is put in."""

    place: str
    level: str | None
    message: str


def all_calls():
    """Every call in the sources of the program, in order."""
    for name in documentation.tracked("Sources/*.swift"):
        text = without_comments((PROJECT / name).read_text())
        for found in sorted([*CALL.finditer(text), *PACED.finditer(text)], key=lambda match: match.start()):
            place = f"{name}:{text.count(chr(10), 0, found.start()) + 1}"
            literal = first_literal(text, found.end())
            if literal is not None:
                level = {"log": None, "warn": "warning"}.get(found[1], found[1])
                yield Call(place, level, literal)


def without_comments(text):
    """Comments of whole lines become empty ones, so that lines keep their numbers."""
    return re.sub(r"^[ \t]*//.*$", "", text, flags=re.MULTILINE)


def first_literal(text, start):
    """The message of a call whose arguments begin here: its first literals that are put together by `+`. None if it has none."""
    place, depth, parts = start, 1, []
    while depth > 0 and place < len(text):
        character = text[place]
        if character == '"':
            part, place = literal(text, place)
            parts.append(part)
            rest = re.match(r"\s*\+\s*", text[place:])
            if not rest or text[place + rest.end()] != '"':
                return re.sub(r"\s+", " ", "".join(parts)).strip()
            place += rest.end()
            continue
        depth += {"(": 1, ")": -1}.get(character, 0)
        place += 1
    return None


def literal(text, start):
    """The literal that begins here, with `…` for each interpolation, and the place behind it."""
    quote = '"""' if text.startswith('"""', start) else '"'
    place, parts = start + len(quote), []
    while not text.startswith(quote, place):
        if text.startswith("\\(", place):
            place = end_of_interpolation(text, place + 2)
            parts.append("…")
        elif text.startswith("\\\n", place):
            place += 2
        elif text[place] == "\\":
            parts.append({"n": " ", '"': '"', "\\": "\\"}.get(text[place + 1], ""))
            place += 2
        else:
            parts.append(text[place])
            place += 1
    return "".join(parts), place + len(quote)


def end_of_interpolation(text, place):
    depth = 1
    while depth > 0:
        if text[place] == '"':
            _, place = literal(text, place)
            continue
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        place += 1
    return place
