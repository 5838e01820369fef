"""Markdown as the tests of the documents read it: blocks of code, headings with their anchors, links, transcripts."""

import dataclasses
import json
import re
import subprocess

from .processes import PROJECT

FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*(.*)$")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)")
# Members of a change that depend on what happened: a removal has no item, a snapshot no version.
OPTIONAL = {"item", "version", "at", "old", "changed", "patch"}


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of code: the words behind its fence, its text, and the line it begins in."""

    page: str
    line: int
    info: str
    text: str

    @property
    def is_run(self):
        return self.info in ("sh", "console")

    def __str__(self):
        return f"{self.page}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Page:
    name: str
    prose: str
    blocks: list

    @property
    def headings(self):
        """Levels and texts, in order."""
        return [(len(marks), text.strip()) for marks, text in re.findall(r"^(#{1,6}) (.+)$", self.prose, re.MULTILINE)]

    @property
    def anchors(self):
        """The fragments that a forge makes of the headings."""
        found = []
        for _, heading in self.headings:
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            count = found.count(anchor)
            found.append(f"{anchor}-{count}" if count else anchor)
        return found

    @property
    def links(self):
        """Where the prose leads, with the numbers of the lines."""
        text = re.sub(r"`[^`\n]*`", "", self.prose)
        for link in LINK.finditer(text):
            yield text.count("\n", 0, link.start()) + 1, link[1]


def tracked(*patterns):
    """Files that belong to the project."""
    command = ["git", "-C", PROJECT, "ls-files", "-co", "--exclude-standard", *patterns]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(name for name in names if (PROJECT / name).is_file())


def page(name):
    """Reads a page; its prose has blank lines in the place of code, so that lines keep their numbers."""
    prose, blocks, opened = [], [], None
    for number, line in enumerate((PROJECT / name).read_text().splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None and fence:
            opened = (number, fence[1], fence[2], fence[3].strip(), [])
        elif opened and fence and line.strip().startswith(opened[2]) and not fence[3]:
            blocks.append(Block(name, opened[0], opened[3], "\n".join(opened[4])))
            opened = None
        elif opened:
            opened[4].append(line.removeprefix(opened[1]))
        if opened is None and not fence:
            prose.append(line)
        else:
            prose.append("")
    assert opened is None, f"{name}:{opened[0]}: the block of code has no end"
    return Page(name, "\n".join(prose), blocks)


def pages():
    return [page(name) for name in tracked("*.md")]


def guides():
    """What users read."""
    return [page(name) for name in tracked("README.md", "SECURITY.md", "Documentation/*.md", "deploy/*.md")]


def steps(block):
    """A transcript as pairs of a command and the lines that are said to come."""
    found = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        else:
            assert found, f"{block}: a transcript begins with a command"
            found[-1][1].append(line)
    return found


def difference(expected, output):
    """What is documented and did not come, compared by form: statuses, names of fields and events, members of JSON. Nil if all did.

    A line with nothing but `…` stands for any lines."""
    lines = output.splitlines()
    place = 0
    for text in filter(None, map(str.strip, expected)):
        if text == "…":
            continue
        found = next((number for number, line in enumerate(lines[place:], place) if is_alike(text, line)), None)
        if found is None:
            return text
        # The order of header fields means nothing; that of events and lines does.
        place = found + 1 if not re.match(r"[A-Z][\w-]+: ", text) else 0
    return None


def is_alike(expected, line):
    line = line.strip()
    for mark in ("data: ", ""):
        if expected.startswith(mark + "{") and line.startswith(mark + "{"):
            return members(json.loads(expected[len(mark) :])) == members(json.loads(line[len(mark) :]))
    if re.match(r"(id|retry): ", expected):
        return line.split(": ")[0] == expected.split(": ")[0]
    if re.match(r"[A-Z][\w-]+: ", expected):
        return line.lower().startswith(expected.split(":")[0].lower() + ":")
    return line == expected


def members(value):
    """The names in an object, and in the lists of it that are no data of the table."""
    return {name for name in value if name not in OPTIONAL}
