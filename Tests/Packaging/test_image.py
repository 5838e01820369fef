"""The container image, proved without a container engine: the Dockerfile's steps in a plain root, run as its user."""

import contextlib
import pathlib
import re
import signal
import statistics
import subprocess
import time

import httpx
import pytest
from containers import confined, container, inside
from support.processes import accepts, free_port, wait_for
from support.tables import create_table

PROJECT = pathlib.Path(__file__).resolve().parents[2]
STARTS = 5


def size(root):
    """Bytes on disk of everything below."""
    return sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def test_the_builder_gets_what_the_package_names(stages, context):
    assert {"Package.swift", "openapi.yaml", "Sources/tablecast/main.swift", "scripts/sbom.py"} <= set(context)
    for target in re.findall(r"tests\(of: \"(\w+)\"", (PROJECT / "Package.swift").read_text()):
        assert any(name.startswith(f"Tests/{target}Tests/") for name in context), f"the target {target}Tests is left behind"
    for path in re.findall(r"path: \"([^\"]+)\"", (PROJECT / "Package.swift").read_text()):
        assert any(name.startswith(f"{path}/") for name in context), f"{path} is left behind"
    assert not [name for name in context if name.startswith((".", "Benchmarks", "Tests/EndToEnd", "Tests/Packaging", "Tests/Parity"))]
    assert [name for name in context if name.startswith("scripts")] == ["scripts/sbom.py"]


def test_the_builder_installs_what_the_scripts_install(stages):
    listed = re.search(r"build_packages=\(([^)]*)\)", (PROJECT / "scripts/lib.sh").read_text())[1].split()
    assert set(stages[0].packages) <= set(listed)
    assert {package for package in listed if package.endswith("-dev")} | {"python3"} <= set(stages[0].packages)


def test_the_image_is_made_to_be_stopped_and_watched(stages):
    runtime = stages[-1]
    assert runtime.words("ENTRYPOINT") == ["/usr/local/bin/tablecast"]
    assert runtime.words("CMD") == ["serve"]
    assert runtime.one("STOPSIGNAL") == "SIGTERM"
    # Both families: an image for one of them is deaf in clusters of the other.
    assert runtime.environment == {"TABLECAST_LISTEN": ":8080"}
    # Without a shell and without curl, which would ask a proxy.
    assert runtime.health_check == [*runtime.words("ENTRYPOINT"), "healthcheck"]
    assert "curl" not in runtime.packages
    assert runtime.one("EXPOSE") == "8080"
    assert int(runtime.one("USER").split(":")[0]) > 0


@pytest.mark.timeout(2400)
def test_the_program_finds_its_libraries_in_the_image(root):
    output = subprocess.run(["/usr/sbin/chroot", root, "ldd", "/usr/local/bin/tablecast"], capture_output=True, text=True).stdout
    assert "libcurl.so.4" in output
    assert "not found" not in output
    assert "Foundation" not in output


@pytest.mark.timeout(2400)
def test_the_sizes_in_the_documents_are_those_of_the_image(root):
    measured = [size(root) / 1e6, (root / "usr/local/bin/tablecast").stat().st_size / 1e6]
    print("image root {:.0f} MB, of which the program {:.1f} MB".format(*measured))
    text = " ".join((PROJECT / "Documentation/deployment.md").read_text().split())
    stated = re.search(r"The image has (\d+) MB, of which (\d+) MB are the program", text)
    assert [float(number) for number in stated.groups()] == pytest.approx(measured, rel=0.1), "state what was measured"


@pytest.mark.timeout(2400)
def test_the_image_serves_a_table_as_a_plain_user_and_stops_when_asked(root, stages, ministack, logs):
    client = ministack.client()
    table = create_table(client)
    client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "1"}})
    stage, port = stages[-1], free_port()
    # The image listens on every address; this machine's other addresses are nobody's business here.
    settings = ministack.settings(TABLECAST_TABLE=table, TABLECAST_LISTEN=f"127.0.0.1:{port}")
    with container(root, stage, logs / "image.log", **settings) as running:
        program, pid = running.program, running.pid

        def ready():
            assert program.process.poll() is None, program.output
            with contextlib.suppress(httpx.HTTPError):
                return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200

        wait_for(ready, 30, "the image to be ready")
        assert httpx.get(f"http://127.0.0.1:{port}/v1/items/a").json() == {"id": "a", "n": 1}
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"Uid:\s+10001\s+10001", status), status
        assert re.search(r"NSpid:\s+\d+\s+1$", status, re.MULTILINE), "it is not process 1"
        for right in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert re.search(rf"^{right}:\s+0+$", status, re.MULTILINE), status
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE), status
        mounts = [line.split() for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
        assert [fields[5].split(",")[0] for fields in mounts if fields[4] == "/"] == ["ro"]

        # As a container engine does it: in the namespaces of the container.
        entered = ["/usr/bin/nsenter", f"--target={pid}", "--mount", "--pid", "/usr/sbin/chroot", root]
        check = [*entered, *confined(stage), *stage.health_check]
        environment = {"PATH": "/usr/bin:/bin", **stage.environment, **settings}
        healthy = subprocess.run(check, env=environment, timeout=60, capture_output=True, text=True)
        assert (healthy.returncode, healthy.stdout, healthy.stderr) == (0, "", "")

        assert running.stop() == 0, program.output
    alone = subprocess.run(
        inside(root, stage, *stage.health_check), env=environment, timeout=60, capture_output=True, text=True
    )
    assert alone.returncode == 1 and "Connection refused" in alone.stderr


@pytest.mark.timeout(2400)
def test_the_image_listens_before_it_has_read_the_table(root, stages, ministack, logs):
    """The promise is the order. The times are printed for the documents: a busy machine takes longer."""
    client = ministack.client()
    table = create_table(client)
    for number in range(100):
        client.put_item(TableName=table, Item={"id": {"S": f"item-{number}"}, "text": {"S": "x" * 200}})
    listening, ready = [], []
    for attempt in range(STARTS):
        port = free_port()
        settings = ministack.settings(TABLECAST_TABLE=table, TABLECAST_LISTEN=f"127.0.0.1:{port}")
        (logs / "image.log").unlink(missing_ok=True)
        began = time.monotonic()
        with container(root, stages[-1], logs / "image.log", **settings) as running:
            program = running.program
            wait_for(lambda: accepts(port), 30, "the image to listen", every=0.001)
            listening.append(time.monotonic() - began)

            def is_ready():
                with contextlib.suppress(httpx.HTTPError):
                    return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code == 200

            wait_for(is_ready, 30, "the image to be ready")
            ready.append(time.monotonic() - began)
            assert len(httpx.get(f"http://127.0.0.1:{port}/v1/items", timeout=60).json()["items"]) == 100
            wait_for(lambda: "replica is live" in program.output, 10, "the line that it is live")
            assert 0 < program.output.index("listening on") < program.output.index("replica is live")
    print(
        f"median of {STARTS} starts: listening after {statistics.median(listening) * 1000:.0f} ms, "
        f"ready with 100 items after {statistics.median(ready):.1f} s"
    )
