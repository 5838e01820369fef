"""Rows of the table that a run prints."""

import dataclasses
import json


@dataclasses.dataclass
class Row:
    """One comparison: the ratio is ours / theirs, and the goal is for that ratio unless it is for our own number."""

    what: str
    ours: float
    peer: str
    theirs: float | None
    sense: str
    goal: float | None
    of_ratio: bool = True

    @property
    def ratio(self):
        return self.ours / self.theirs if self.theirs else None

    @property
    def verdict(self):
        value = self.ratio if self.of_ratio else self.ours
        if self.goal is None or value is None:
            return ""
        met = value >= self.goal if self.sense == "at least" else value <= self.goal
        return "met" if met else "MISSED"


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def table(rows):
    heads = ["what", "Tablecast", "peer", "its number", "ratio", "goal", ""]
    lines = [heads]
    for row in rows:
        goal = "" if row.goal is None else f"{'≥' if row.sense == 'at least' else '≤'} {number(row.goal)}{' ×' if row.of_ratio else ''}"
        ratio = "–" if row.ratio is None else f"{row.ratio:.2f} ×"
        lines.append([row.what, number(row.ours), row.peer, number(row.theirs), ratio, goal, row.verdict])
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def save(path, rows, facts):
    path.write_text(json.dumps({**facts, "rows": [{**dataclasses.asdict(row), "ratio": row.ratio} for row in rows]}, indent=2))
