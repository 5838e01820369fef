"""The modules that browsers load: what the program serves, and how they depend on each other."""

import contextlib
import re
import subprocess
import urllib.parse

import pytest
from support.modules import EXPORT, WEB, imports, served
from support.processes import PROJECT
from support.scripted import Proxy
from support.service import serving
from support.tables import create_table, fill

HTML = {"Accept": "text/html"}
FOLDERS = ("client", "console")
FILES = sorted(path for folder in FOLDERS for path in (WEB / folder).iterdir())
MODULES = [WEB / "client.js", *(path for path in FILES if path.suffix == ".js")]
# Of the diagnostics of tsc those that are about names: unknown, unresolved, not exported, declared twice, not used.
NAMES = "2300 2304 2305 2307 2308 2451 2552 2613 2614 2724 6133 6192 6196 6198".split()


@pytest.fixture(scope="module")
def service(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    with serving(logs, ministack, table) as service:
        yield service


def version(service):
    return re.search(r"\./web/([0-9a-f]+)/", service.get("/client.js").text)[1]


def entry(name, version):
    """A file that names others, as it is served."""
    return re.sub(r'"\./(client|console)/', rf'"./web/{version}/\1/', (WEB / name).read_text())


def test_every_file_is_served_as_it_stands(service):
    current = version(service)
    assert service.get("/client.js").text == entry("client.js", current)
    assert service.get("/", headers=HTML).text == entry("console.html", current)
    for path in FILES:
        address = f"/web/{current}/{path.relative_to(WEB)}"
        response = service.get(address)
        assert response.status_code == 200, address
        assert response.content == path.read_bytes(), address
        kind = {".js": "text/javascript", ".css": "text/css"}[path.suffix]
        assert response.headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert response.headers["Cache-Control"] == "max-age=31536000, immutable"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers.get("Content-Encoding") == ("gzip" if path.stat().st_size > 1024 else None), address
        again = service.get(address, headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        # Any page may import the client, and only the console's own page its modules.
        is_open = path.parent.name == "client"
        response = service.get(address, headers={"Origin": "https://page.example"})
        assert response.headers["Cross-Origin-Resource-Policy"] == ("cross-origin" if is_open else "same-origin")
        if is_open:
            assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_package_swift_lists_every_file():
    listed = re.search(r"let webFiles = \[(.*?)\n\]", (PROJECT / "Package.swift").read_text(), re.DOTALL)[1]
    names = [str(path.relative_to(WEB)) for path in FILES]
    assert sorted(re.findall(r'"([^"]+)"', listed)) == sorted(["client.js", "client.d.ts", "console.html", *names])


def test_other_versions_and_other_files_are_not_served(service):
    current = version(service)
    for path in (
        f"/web/{current}0/client/share.js", "/web/0/client/share.js", f"/web/{current}/client/page.js", f"/web/{current}/console/share.js",
        f"/web/{current}/client/client.js", f"/web/{current}/console/none.js", f"/web/{current}/client/..%2Fclient.d.ts",
    ):  # fmt: skip
        response = service.get(path)
        assert response.status_code == 404, path
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json()["type"] == "urn:tablecast:problem:path-not-found"
        assert "Load the page again" in response.json()["detail"]


def test_a_browser_gets_all_modules_in_one_step_after_the_entry(service):
    entry = service.get("/client.js").text
    named = {urllib.parse.urljoin("/client.js", name) for name in imports(entry)}
    assert set(served(service)) == {"/client.js"} | named
    page = service.get("/", headers=HTML).text
    ahead = re.findall(r'<link rel="modulepreload" href="\.(/[^"]+)">', page)
    (script,) = re.findall(r'<script type="module" src="\.(/[^"]+)"></script>', page)
    assert sorted([script, *ahead]) == sorted(served(service, script))
    # Nothing is served that neither of them loads.
    assert set(served(service, script)) | named == {f"/web/{version(service)}/{path.relative_to(WEB)}" for path in FILES if path.suffix == ".js"}


def dependencies():
    """Each module with those that it imports."""
    return {path: [(path.parent / name).resolve() for name in imports(path.read_text())] for path in MODULES}


def test_imports_resolve_and_run_one_way():
    found = dependencies()
    done, waiting = set(), dict(found)
    while ready := [path for path, needed in waiting.items() if all(one in done for one in needed)]:
        done.update(ready)
        for path in ready:
            del waiting[path]
    assert not waiting, f"modules that import each other, or what is not there: {sorted(path.name for path in waiting)}"
    # The client knows nothing of the console.
    for path, needed in found.items():
        assert "console" in path.parts or not [one for one in needed if "console" in one.parts], path


def names_from(text):
    """The names that a module imports."""
    lists = re.findall(r"^(?:import|export) \{([^}]*)\} from", text, re.MULTILINE)
    return {name.split()[0] for words in lists for name in words.split(",") if name.strip()}


def test_what_a_module_exports_is_imported():
    used = set().union(*(names_from(path.read_text()) for path in MODULES))
    for path in MODULES[1:]:
        assert set(EXPORT.findall(path.read_text())) <= used, path


def complaints(folder):
    """What tsc says of names in the modules of a folder."""
    command = [
        "tsc", "--noEmit", "--allowJs", "--checkJs", "--target", "esnext", "--module", "esnext", "--moduleResolution", "node",
        "--noUnusedLocals", "--noUnusedParameters", "client.js", "console/page.js",
    ]  # fmt: skip
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120).stdout
    assert "TS2339" in said, f"tsc has not looked at the types: {said[:2000]}"
    return [line for line in said.splitlines() if re.search(rf"error TS(?:{'|'.join(NAMES)}):", line)]


def test_every_name_is_declared_imported_and_used(tmp_path):
    assert complaints(WEB) == []
    # And the check sees what it is there for.
    for path in (WEB / "client.js", *FILES):
        (tmp_path / path.relative_to(WEB)).parent.mkdir(exist_ok=True)
        (tmp_path / path.relative_to(WEB)).write_bytes(path.read_bytes())
    broken = tmp_path / "console/page.js"
    broken.write_text(
        broken.read_text().replace("import { look } from", "import { stare } from").replace("restoreTheme();", "restore();")
    )
    text = "\n".join(complaints(tmp_path))
    for part in ("no exported member 'stare'", "'stare' is declared but", "Cannot find name 'look'", "Cannot find name 'restore'"):
        assert part in text


def test_console_and_client_work_below_a_path_of_a_proxy(service, browser, tab):
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(Proxy(service.port, "/tables/orders/").running())
        tab.go(f"{proxy.url}/")
        tab.wait("document.querySelectorAll('#items tbody tr').length === 3 && document.getElementById('changes-note').textContent === 'listening'")
        assert browser.complaints() == []
        assert tab.run(f"import('{proxy.url}/client.js').then(({{ LiveTable }}) => new LiveTable().ready).then((table) => table.size)") == 3
        assert all(path.startswith("/tables/orders/") for path in proxy.passed)
