"""How the shipped program is hardened, and what it is made of, as scripts/audit shows it."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROPERTIES = ["PIE", "RELRO", "NX", "FORTIFY", "build paths", "libraries", "core dumps", "SBOM"]


def audit(program, sbom):
    """The exit status, and the line of each property by its name."""
    result = subprocess.run(
        [PROJECT / "scripts/audit", program, sbom], cwd="/", capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    lines = {line[9:23].strip(): line for line in result.stdout.splitlines()}
    assert list(lines) == PROPERTIES, result.stdout + result.stderr
    return result.returncode, lines


@pytest.mark.timeout(2400)
def test_the_shipped_program_has_every_property(program, tmp_path):
    status, lines = audit(program, tmp_path / "sbom.json")
    assert status == 0, "\n".join(lines.values())
    assert all(line.startswith("ok ") for line in lines.values()), "\n".join(lines.values())
    assert "libcurl.so.4" in lines["libraries"]
    bill = json.loads((tmp_path / "sbom.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    parts = {part["name"]: part for part in bill["components"]}
    assert {"swift-argument-parser", "swift-log", "swift-metrics", "swift-runtime", "libcurl4", "libsqlite3-0", "zlib1g"} <= set(parts)
    assert all(part["version"] for part in parts.values())
    assert parts["libcurl4"]["purl"].startswith("pkg:deb/debian/libcurl4@")


def test_what_is_missing_is_named_and_fails(tmp_path):
    source, program = tmp_path / "bare.c", tmp_path / "bare"
    source.write_text("int main(void) { return 0; }\n")
    compiler = shutil.which("clang") or shutil.which("cc")
    options = ["-no-pie", "-Wl,-z,norelro", "-Wl,-z,lazy", "-Wl,-z,execstack"]
    subprocess.run([compiler, *options, "-o", program, source], check=True, timeout=60)
    status, lines = audit(program, tmp_path / "sbom.json")
    assert status == 1
    for name in ("PIE", "RELRO", "NX", "FORTIFY", "core dumps"):
        assert lines[name].startswith("MISSING"), lines[name]


def test_a_program_that_is_not_there_is_one_line(tmp_path):
    result = subprocess.run([PROJECT / "scripts/audit", tmp_path / "none"], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"error: there is no program at {tmp_path}/none: give the path of one, or nothing to build it\n"


def test_the_image_is_built_with_the_options_of_the_scripts(stages):
    listed = re.search(r"release_options=\((.*?)\n\)", (PROJECT / "scripts/lib.sh").read_text(), re.DOTALL)[1]
    options = " ".join(listed.split()).replace("$project", "$PWD")
    build = next(run for run in stages[0].all("RUN") if run.startswith("swift build"))
    assert build.split(" && ")[0].replace('"', "") == f"swift build {options}".replace('"', "")


def test_the_images_can_be_pinned_by_digest():
    text = (PROJECT / "Dockerfile").read_text()
    # A name that no ARG declares is that of another stage.
    stages = re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE)
    assert [name for name in re.findall(r"^FROM (\S+)", text, re.MULTILINE) if name not in stages] == ["${BUILDER}", "${BASE}"]
