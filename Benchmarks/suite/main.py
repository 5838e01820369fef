"""Runs the benchmarks asked for and prints one table."""

import argparse
import os
import pathlib
import platform
import subprocess
import sys
import time

import bootstrap
import fanout
import start
from report import save, table

PARTS = ("get", "fan-out", "bootstrap", "start")


def arguments():
    parser = argparse.ArgumentParser(prog="Benchmarks/run", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="fewer items, shorter and fewer runs: under 3 minutes")
    parser.add_argument("--program", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tools", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    unknown = set(parsed.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    parsed.parts = parsed.parts or list(PARTS)
    parsed.results = pathlib.Path(__file__).resolve().parents[1] / "results"
    parsed.results.mkdir(exist_ok=True)
    return parsed


def main():
    chosen = arguments()
    started = time.time()
    rows = []
    if {"get", "bootstrap"} & set(chosen.parts):
        print("measuring bootstrap, memory and GET", file=sys.stderr)
        rows += bootstrap.measure(chosen, chosen.parts)
    if "fan-out" in chosen.parts:
        print("measuring fan-out", file=sys.stderr)
        rows += fanout.measure(chosen)
    if "start" in chosen.parts:
        print("measuring the start", file=sys.stderr)
        rows += start.measure(chosen)
    commit = subprocess.run(
        ["git", "-C", pathlib.Path(__file__).parent, "describe", "--always", "--dirty"], capture_output=True, text=True
    ).stdout.strip()
    facts = {"commit": commit, "cores": os.cpu_count(), "kernel": platform.release(), "quick": chosen.quick}
    name = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(started))
    save(chosen.results / f"{name}.json", rows, {**facts, "seconds": time.time() - started})
    print(f"\n{commit}, {facts['cores']} cores, {time.time() - started:.0f} s, {'quick' if chosen.quick else 'full'} run\n")
    print(table(rows))
    missed = [row for row in rows if row.verdict == "MISSED"]
    print(f"\n{len(missed)} of {sum(row.goal is not None for row in rows)} goals missed")


if __name__ == "__main__":
    main()
