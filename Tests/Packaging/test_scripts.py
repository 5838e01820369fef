"""The scripts: quick when nothing is missing, from any folder, and one clear line when the toolchain is."""

import os
import re
import pathlib
import shutil
import subprocess
import time

import pytest
from support.processes import wait_for

PROJECT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ["scripts/install", "scripts/demo", "scripts/docs", "scripts/test", ".ci/run", "Benchmarks/run"]


def run(script, *arguments, path=None, cwd="/", seconds=60):
    environment = {**os.environ, **({"PATH": path} if path else {})}
    return subprocess.run(
        [PROJECT / script, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_a_toolchain_one_line_says_where_to_get_it(script, tmp_path):
    for tool in ("bash", "dirname", "env", "cat", "id"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    result = run(script, path=str(tmp_path))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        "error: no Swift toolchain found on PATH: install Swift 6.3 from https://www.swift.org/install and try again\n"
    )


def test_a_toolchain_that_does_not_start_is_named_as_such(tmp_path):
    for tool in ("bash", "dirname", "env"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    broken = tmp_path / "swift"
    broken.write_text("#!/usr/bin/env bash\necho 'libncurses.so.6: cannot open shared object file' >&2\necho more >&2\nexit 127\n")
    broken.chmod(0o755)
    result = run("scripts/install", path=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.startswith("error: swift does not start (libncurses.so.6: cannot open shared object file): install")
    assert len(result.stderr.splitlines()) == 1


def test_install_is_quick_when_nothing_is_missing(tmp_path):
    assert run("scripts/install").returncode == 0
    started = time.monotonic()
    result = run("scripts/install", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "==> everything is installed\n")
    assert time.monotonic() - started < 20, "a second on a quiet machine"


def test_install_refuses_what_it_does_not_know():
    result = run("scripts/install", "everything")
    assert (result.returncode, result.stderr) == (1, 'error: scripts/install takes "build" or nothing, not "everything"\n')


def test_the_tests_end_with_their_closing_lines_and_a_count():
    result = run("scripts/test", "lint")
    assert result.returncode == 0
    *_, closing, count = result.stdout.splitlines()
    assert closing.startswith("ok    lint") and closing.endswith("0 violations")
    assert count == "1 passed, 0 failed"


def test_a_suite_that_is_none_is_named():
    result = run("scripts/test", "unti")
    assert result.returncode == 1
    assert 'there is no suite "unti"' in result.stderr


def test_a_failing_suite_fails_the_run(tmp_path):
    """On a copy of the scripts over a tree that breaks a rule."""
    for name in ("scripts/lib.sh", "scripts/test", "scripts/lint", "scripts/requirements.txt", "Package.swift"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, target)
    (tmp_path / ".venv").symlink_to(PROJECT / ".venv")
    (tmp_path / "Sources/HTTPServer").mkdir(parents=True)
    (tmp_path / "Sources/HTTPServer/Bad.swift").write_text("import Foundation\n")
    result = subprocess.run([tmp_path / "scripts/test", "lint"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    *_, closing, count = result.stdout.splitlines()
    assert count == "0 passed, 1 failed"
    assert closing.startswith("FAIL  lint")
    assert re.search(r"\nlint:\n(.+\n)*.*HTTPServer/Bad\.swift.*\n(.+\n)*\nFAIL", result.stdout), "what it complained of is said at the end again"


def tree_of_scripts(folder, **fakes):
    """The scripts that scripts/test needs, with some replaced by the lines of a shell script."""
    for name in ("scripts/lib.sh", "scripts/test", "scripts/requirements.txt"):
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, target)
    for name, lines in fakes.items():
        script = folder / "scripts" / name
        script.write_text(f"#!/usr/bin/env bash\n{lines}\n")
        script.chmod(0o755)
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    return folder / "scripts/test"


def test_two_suites_side_by_side_are_judged_each_by_itself(tmp_path):
    """Each waits for the other to begin."""
    sanitize = """
    touch "began-$1"
    for other in thread address; do
        for ((look = 0; look < 300; look++)); do [ -e "began-$other" ] && break; sleep 0.1; done
        [ -e "began-$other" ] || exit 3
    done
    if [ "$1" = address ]; then echo "✔ Test run with 2 tests in 1 suite passed after 0.1 seconds."; exit; fi
    echo "✘ Test 'a' failed after 0.1 seconds with 1 issue."
    echo "✘ Test run with 3 tests in 1 suite failed after 0.1 seconds with 1 issue."
    exit 1
    """
    script = tree_of_scripts(tmp_path, sanitize=sanitize)
    result = subprocess.run([script, "thread-sanitizer", "address-sanitizer"], capture_output=True, text=True, timeout=100)
    assert result.returncode == 1
    *_, address, thread, count = result.stdout.splitlines()
    assert address.startswith("ok    address-sanitizer") and address.endswith("Test run with 2 tests in 1 suite passed after 0.1 seconds.")
    assert thread.startswith("FAIL  thread-sanitizer") and thread.endswith("failed after 0.1 seconds with 1 issue.")
    assert count == "4 passed, 1 failed"


def test_later_suites_are_built_while_earlier_ones_leave_processors_idle(tmp_path):
    unit = """
    for ((look = 0; look < 300; look++)); do [ -e built ] && break; sleep 0.1; done
    [ -e built ] && echo "Test run with 1 test in 3 processes passed after 1 seconds."
    """
    # A child's policy: compilers are the build's children.
    policy = "bash -c 'chrt --pid $$' | sed -nE 's/.*scheduling policy: //p'"
    fuzz = f'if [ "$1" = --build ]; then {policy} >new && mv new built; else echo "$(cat built) build, $({policy}) suite"; fi'
    script = tree_of_scripts(tmp_path, unit=unit, fuzz=fuzz)
    result = subprocess.run([script, "unit", "fuzz"], capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stdout
    assert "SCHED_IDLE build, SCHED_OTHER suite" in result.stdout
    assert result.stdout.splitlines()[-1] == "2 passed, 0 failed"


def test_a_run_that_is_stopped_leaves_no_build_behind(tmp_path):
    fuzz = 'echo $$ >building.new; mv building.new building; sleep 600'
    script = tree_of_scripts(tmp_path, unit="sleep 4", fuzz=fuzz)
    with subprocess.Popen([script, "unit", "fuzz"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        wait_for((tmp_path / "building").exists, 60, "the build to begin")
        build = int((tmp_path / "building").read_text())
        running.terminate()
        running.wait(60)
    wait_for(lambda: not pathlib.Path(f"/proc/{build}").exists(), 60, "the build to end")


PASSES = 'echo "✔ Test run with {} tests in 1 suite passed after 1.5 seconds."'
FAILS = """echo '✘ Test "a" recorded an issue at A.swift:1:1'
echo '✘ Test "a" failed after 0.1 seconds with 2 issues.'
echo '✘ Test run with {} tests in 1 suite failed after 1.5 seconds with 2 issues.'
exit 1"""
CRASHES = "echo 'Fatal error: Index out of range'; exit 1"


def run_unit_tests(tmp_path, listed, named, rest):
    """scripts/unit with a toolchain that has so many tests, and does that for the parts that are named and for the rest."""
    logs = tmp_path / ".build/test-logs"
    logs.mkdir(parents=True)
    for name in ("scripts/lib.sh", "scripts/unit"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, target)
    swift = tmp_path / "bin/swift"
    swift.parent.mkdir()
    swift.write_text(f"""#!/usr/bin/env bash
case "$*" in
    --version) echo Swift ;;
    "test list"*) for ((number = 0; number < {listed}; number++)); do echo "ATests.a/test$number()"; done ;;
    *--filter*)
        {named}
        ;;
    *--skip*)
        {rest}
        ;;
esac
""")
    swift.chmod(0o755)
    environment = {**os.environ, "PATH": f"{swift.parent}:{os.environ['PATH']}"}
    return subprocess.run([tmp_path / "scripts/unit"], env=environment, capture_output=True, text=True, timeout=60)


def parts_of_unit_tests():
    listed = re.search(r"^readonly parts=\((.*?)^\)", (PROJECT / "scripts/unit").read_text(), re.DOTALL | re.MULTILINE)[1]
    return [re.split(r"\|", part) for part in re.findall(r"'([^']+)'", listed)]


def test_every_part_of_the_unit_tests_names_targets_that_exist():
    """The last part has all targets that no other names; a name that is wrong would move a target into it."""
    names = [name for part in parts_of_unit_tests() for name in part]
    assert names and len(names) == len(set(names))
    for name in names:
        assert (PROJECT / "Tests" / name).is_dir() or (PROJECT / "Sandbox/Tests" / name).is_dir(), name


def test_the_parts_of_the_unit_tests_are_added_up(tmp_path):
    named = len(parts_of_unit_tests())
    result = run_unit_tests(tmp_path, 2 * named + 3, PASSES.format(2), PASSES.format(3))
    assert result.returncode == 0, result.stdout
    closing = result.stdout.splitlines()[-1]
    assert re.fullmatch(rf"Test run with {2 * named + 3} tests in {named + 1} processes passed after \d+ seconds\.", closing)


@pytest.mark.parametrize("surplus", [-1, 1])
def test_a_unit_test_in_no_part_or_in_two_fails_the_run(surplus, tmp_path):
    result = run_unit_tests(tmp_path, 2 * len(parts_of_unit_tests()) + 3 + surplus, PASSES.format(2), PASSES.format(3))
    assert result.returncode == 1
    assert "error: " in result.stdout and "a test is in no part or in two" in result.stdout


@pytest.mark.parametrize("fails, complaint", [(FAILS.format(3), "with 2 issues."), (CRASHES, "Fatal error: Index out of range")])
def test_a_part_that_fails_fails_the_unit_tests(fails, complaint, tmp_path):
    named = len(parts_of_unit_tests())
    result = run_unit_tests(tmp_path, 2 * named + 3, PASSES.format(2), fails)
    assert result.returncode == 1
    assert complaint in result.stdout
    assert re.search(r"^Test run with \d+ tests in \d+ processes failed after ", result.stdout.splitlines()[-1])


def test_the_reference_of_the_library_is_built():
    result = run("scripts/docs", seconds=400)
    assert result.returncode == 0, result.stderr
    pages = PROJECT / ".build/docs/data/documentation/dynamodbstream"
    assert {"followatable.json", "streamevent.json", "shardstate.json"} <= {page.name for page in pages.iterdir()}
