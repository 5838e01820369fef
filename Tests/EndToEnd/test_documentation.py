"""The documents say what is: commands run, links lead somewhere, and what they name exists."""

import concurrent.futures
import functools
import http.server
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest
import yaml
from support import documentation
from support.processes import PROJECT, Program, environment_without_aws, free_port
from support.scripted import Server
from support.service import BINARY, DEMO, Service

README_LINES = 150
# Options of other programs that the guides name.
FOREIGN_OPTIONS = {"--compressed", "--path-as-is", "--data-urlencode", "--memory", "--ulimit", "--build-arg", "--seconds"}
# Variables that are no settings of the service, and who reads them.
FOREIGN_VARIABLES = {"TABLECAST_TOKEN": "tail and doctor"}


def help_of(*command):
    return subprocess.run([BINARY, *command, "--help"], capture_output=True, text=True, timeout=30, check=True).stdout


def options_of(*command):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", help_of(*command)))


@pytest.fixture(scope="module")
def guides():
    return documentation.guides()


@pytest.fixture(scope="module")
def sources():
    return "".join((PROJECT / name).read_text() for name in documentation.tracked("Sources/*.swift"))


def test_the_readme_is_a_front_door():
    assert len((PROJECT / "README.md").read_text().splitlines()) <= README_LINES


def test_every_link_leads_somewhere():
    known = {page.name: page.anchors for page in documentation.pages()}
    broken = []
    for page in documentation.pages():
        for number, target in page.links:
            if re.match(r"[a-z]+:", target):
                continue
            path, _, fragment = target.partition("#")
            place = (PROJECT / page.name).parent / path if path else PROJECT / page.name
            if not place.exists():
                broken.append(f"{page.name}:{number}: there is no {target}")
            elif fragment and fragment not in known.get(str(place.resolve().relative_to(PROJECT)), []):
                broken.append(f"{page.name}:{number}: {path or page.name} has no heading for #{fragment}")
    assert broken == []


def test_every_file_that_is_named_exists():
    missing = []
    for page in documentation.pages():
        for path in re.findall(r"`((?:scripts|Sources|Tests|Documentation|Benchmarks|deploy)/[\w./-]*[\w])", page.prose):
            if not (PROJECT / path).exists() and not path.startswith("Benchmarks/results"):
                missing.append(f"{page.name}: {path}")
    assert missing == []


def test_every_guide_has_its_contents():
    for name in documentation.tracked("Documentation/*.md"):
        page = documentation.page(name)
        wanted = [f"#{anchor}" for (level, _), anchor in zip(page.headings, page.anchors, strict=True) if level == 2]
        if len(wanted) > 2:
            listed = re.findall(r"^- \[[^\]]+\]\((#[^)]+)\)$", page.prose, re.MULTILINE)
            assert listed == wanted, f"{name}: the contents differ from the headings"


def test_the_tables_of_options_are_those_of_the_program():
    tables = subprocess.run([BINARY, "config", "--reference"], capture_output=True, text=True, timeout=30, check=True).stdout
    page = (PROJECT / "Documentation/configuration.md").read_text()
    assert f" -->\n\n{tables}\n<!--" in page, "build the program and run scripts/document-options"
    rows = re.findall(r"^\| `(--[a-z-]+)` \| `(TABLECAST_[A-Z_]+)` \|", page, re.MULTILINE)
    text = help_of("serve")
    variables = {"TABLECAST_" + flag[2:].upper().replace("-", "_") for flag, _ in rows}
    assert {variable for _, variable in rows} == variables
    assert {flag for flag, _ in rows} == options_of("serve") - {"--version", "--help"}
    assert {variable for _, variable in rows} == set(re.findall(r"\[(TABLECAST_[A-Z_]+)\]", text))


def test_every_option_and_variable_that_is_named_exists(guides):
    commands = {name: options_of(name) for name in ("serve", "check", "config", "healthcheck", "iam-policy", "tail", "doctor")} | {"": options_of()}
    settings = set(re.findall(r"\[(TABLECAST_[A-Z_]+)\]", help_of("serve"))) | set(FOREIGN_VARIABLES)
    everywhere = set().union(*commands.values()) | FOREIGN_OPTIONS | {"--generate-completion-script"}
    wrong = []
    for page in guides:
        for block in page.blocks:
            wrong += [f"{block}: {name}" for name in re.findall(r"\bTABLECAST_[A-Z_]+\b", block.text) if name not in settings]
            for command, rest in re.findall(r"\btablecast (serve|check|config|healthcheck|iam-policy|tail|doctor)\b((?:[^\n\\]|\\\n)*)", block.text):
                named = [word.split("=")[0] for word in shlex.split(rest, comments=True) if word.startswith("--")]
                wrong += [f"{block}: tablecast {command} {flag}" for flag in named if flag not in commands[command]]
        for code in re.findall(r"`([^`\n]+)`", page.prose):
            wrong += [f"{page.name}: {name}" for name in re.findall(r"\bTABLECAST_[A-Z_]+[A-Z]\b", code) if name not in settings]
            if not re.match(r"(docker|git|swift|scripts|Benchmarks|openssl|apt-get) |scripts/|Benchmarks/", code):
                named = re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", code)
                wrong += [f"{page.name}: {flag}" for flag in named if flag not in everywhere]
    assert wrong == []


def test_every_reason_and_problem_is_documented():
    """Those that people look up stand in the first cells of a table, at times behind a status and several in a row."""
    schemas = yaml.safe_load((PROJECT / "openapi.yaml").read_text())["components"]["schemas"]
    first_cells = r"^\| (?:\d[^|]*\| )?(`[^|]+) \|"
    anywhere = r"(.+)"
    wanted = [
        ("operations.md", first_cells, schemas["ReasonCode"]["enum"]),
        ("operations.md", first_cells, schemas["ReplicaState"]["enum"]),
        ("http-api.md", first_cells, [kind.rsplit(":", 1)[1] for kind in schemas["ProblemType"]["enum"]]),
        ("feed.md", first_cells, schemas["Reset"]["properties"]["reason"]["enum"]),
        ("feed.md", first_cells, schemas["Change"]["properties"]["cause"]["enum"]),
        ("feed.md", anywhere, schemas["Bye"]["properties"]["reason"]["enum"] + schemas["Busy"]["properties"]["reason"]["enum"]),
    ]
    for name, places, words in wanted:
        found = re.findall(places, (PROJECT / "Documentation" / name).read_text(), re.MULTILINE)
        missing = set(words) - set(re.findall(r"`([^`\n]+)`", "\n".join(found)))
        assert missing == set(), f"{name} does not have them"


def test_the_program_can_print_every_line_of_the_troubleshooting(sources):
    """What stands there between the dots is somewhere in the texts of the program, which are often put together of several."""
    joined = re.sub(r"\"\s*\+\s*\"", "", sources)
    guide = documentation.page("Documentation/troubleshooting.md")
    lines = [line for block in guide.blocks if block.info == "text" for line in block.text.splitlines()]
    assert len(lines) > 40
    pieces = {piece for line in lines for piece in line.split("…") if len(piece) > 3}
    assert sorted(piece for piece in pieces if piece not in joined) == []


def test_the_catalogue_of_the_tests_leads_to_tests():
    """Every number is there once, and the files that its row links have a test with that number."""
    kinds = {"M": ("HTTP/1.1", 52), "S": ("Server-sent events", 20), "Situation ": ("Following", 25), "Story ": ("Failures", 15)}
    text = (PROJECT / "Tests/README.md").read_text()
    for kind, (title, count) in kinds.items():
        part = text.split(f"\n## {title}")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (?:M|S)?(\d+) \| .+ \| .+ \| (.+) \|$", part, re.MULTILINE)
        assert [int(number) for number, _ in rows] == list(range(1, count + 1)), title
        for number, tests in rows:
            files = re.findall(r"\]\(([^)]+)\)", tests)
            assert files, f"{kind}{number} has no test"
            for file in files:
                found = re.search(rf"\b{kind}{number}\b", (PROJECT / "Tests" / file).read_text())
                assert found, f"{file} has no {kind}{number}"


def test_every_folder_of_tests_is_on_the_map():
    folders = {name.split("/")[1] for name in documentation.tracked("Tests/*/*")}
    assert folders - set(re.findall(r"`(\w+)`", (PROJECT / "Tests/README.md").read_text())) == set()


def test_one_version_is_named():
    version = re.search(r"version = \"([^\"]+)\"", (PROJECT / "Sources/API/Build.swift").read_text())[1]
    assert yaml.safe_load((PROJECT / "openapi.yaml").read_text())["info"]["version"] == version


def test_data_in_the_guides_can_be_read(guides):
    for block in itertools.chain.from_iterable(page.blocks for page in guides):
        if block.info == "json":
            json.loads(block.text)
        elif block.info == "yaml":
            assert yaml.safe_load(block.text), str(block)


def test_the_library_is_used_as_it_is(guides, tmp_path):
    """The examples in Swift compile against the modules that were built."""
    blocks = [block for page in guides for block in page.blocks if block.info == "swift"]
    built = pathlib.Path(BINARY).parent
    folders = [built / "Modules", built / "CLinux.build"]
    folders += [PROJECT / "Sources" / name for name in ("CCurl", "CZlib", "CCrypto")]
    modules = [word for folder in folders for word in ("-I", folder)]
    assert len(blocks) >= 2
    for number, block in enumerate(blocks):
        file = tmp_path / f"example{number}.swift"
        file.write_text(block.text)
        command = ["swiftc", "-typecheck", "-swift-version", "6", "-parse-as-library", *modules, file]
        result = subprocess.run(command, capture_output=True, text=True, timeout=200)
        assert result.returncode == 0, f"{block}:\n{result.stderr}"


@pytest.fixture(scope="module")
def demo(logs):
    port = free_port()
    command = [DEMO, "--listen", f"127.0.0.1:{port}"]
    program = Program(command, logs / "documentation.log", environment_without_aws())
    try:
        yield Service(program, port).wait_until_ready(60)
    finally:
        program.stop()


@pytest.fixture(scope="module")
def shell(demo, tmp_path_factory):
    """Runs commands of a guide against the demo: status and output."""
    folder = tmp_path_factory.mktemp("documentation")
    tools = folder / "tools"
    tools.mkdir()
    for name, command in {
        "curl": '/usr/bin/curl --silent --show-error --max-time 40 $CURL_FAILS "$@"',
        "tablecast": f'{shlex.quote(BINARY)} "$@"',
    }.items():
        (tools / name).write_text(f"#!/bin/sh\nexec {command}\n")
        (tools / name).chmod(0o755)

    def run(text, fails):
        environment = environment_without_aws(PATH=f"{tools}:{os.environ['PATH']}", CURL_FAILS="--fail-with-body" if fails else "")
        command = ["bash", "-euo", "pipefail", "-c", text.replace("http://127.0.0.1:8080", demo.url)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=folder)

    return run


def complaints(block, shell):
    """What is wrong with a block: a command of `sh` that fails, a transcript that would look otherwise today."""
    assert block.is_run
    if block.info == "sh":
        result = shell(block.text, fails=True)
        if result.returncode != 0:
            yield f"{block}: status {result.returncode}: {(result.stderr or result.stdout)[-400:]}"
        return
    for command, expected in documentation.steps(block):
        result = shell(command, fails=False)
        missing = documentation.difference(expected, result.stdout)
        if result.returncode != 0 or missing:
            yield f"{block}: {command}\nstatus {result.returncode}, not found: {missing}\n{result.stdout[:600]}{result.stderr[:400]}"


def test_the_commands_in_the_guides_work(guides, shell):
    """Blocks marked `sh` must succeed, and those marked `console` look as shown; `sh not-run` needs AWS or a container engine."""
    pages = [[block for block in page.blocks if block.is_run] for page in guides]
    assert sum(map(len, pages)) > 20
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda blocks: [text for block in blocks for text in complaints(block, shell)], pages)
        assert list(itertools.chain.from_iterable(found)) == []


@pytest.fixture(scope="module")
def folder_url(tmp_path_factory):
    """A folder of pages, and its address: another origin than the service's."""
    folder = tmp_path_factory.mktemp("pages")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with Server(("127.0.0.1", 0), handler).running() as server:
        yield folder, f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize(
    "name, complete",
    [
        ("README.md", "items.size > 400"),
        ("Documentation/browser-client.md", "document.querySelector('#lines').textContent.includes(' × ')"),
    ],
)
def test_the_pages_in_the_guides_work(demo, folder_url, tab, name, complete):
    folder, url = folder_url
    [block] = [block for block in documentation.page(name).blocks if block.info == "html"]
    file = name.replace("/", "-") + ".html"
    (folder / file).write_text(block.text.replace("http://127.0.0.1:8080", demo.url))
    tab.go(f"{url}/{file}")
    tab.wait(complete)


def test_the_scripts_in_the_guides_can_be_read(guides, tmp_path):
    blocks = [block for page in guides for block in page.blocks if block.info == "js"]
    assert blocks
    for number, block in enumerate(blocks):
        file = tmp_path / f"example{number}.mjs"
        file.write_text(block.text)
        result = subprocess.run(["node", "--check", file], capture_output=True, text=True, timeout=30)
        assert result.returncode == 0, f"{block}: {result.stderr}"


@pytest.mark.parametrize(
    "info, text",
    [
        ("sh", "curl 'http://127.0.0.1:8080/v1/itmes'"),
        ("sh", "tablecast tail http://127.0.0.1:8080 --sinec now"),
        ("console", "$ curl 'http://127.0.0.1:8080/v1/items?limit=1'\n{\"items\":[],\"next\":null}"),
        ("console", "$ curl -i 'http://127.0.0.1:8080/livez'\nHTTP/1.1 204 No Content"),
        ("console", "$ curl 'http://127.0.0.1:8080/v1/events?since=now&limit=1'\nevent: goodbye"),
    ],
)
def test_a_wrong_block_is_noticed(shell, info, text):
    assert list(complaints(documentation.Block("page.md", 1, info, text), shell))
