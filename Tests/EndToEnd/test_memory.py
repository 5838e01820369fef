"""Processors and memory of a container: what the service takes, what it says, and what it does when a table does not fit."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import httpx
import pytest
from support import peers
from support.faulty_shards import TABLE, FaultyShards
from support.following import status
from support.processes import Program, environment_without_aws, free_port, looks, wait_for
from support.service import DEMO, Service, metric, run, serving
from support.tables import create_table

SHIM = pathlib.Path(__file__).parent / "support/processors.c"
GROUPS = pathlib.Path("/sys/fs/cgroup")
LARGE = 100_000


@pytest.fixture
def sandbox(logs):
    with peers.sandbox(logs) as peer:
        yield peer


@contextlib.contextmanager
def quota(name, milliseconds):
    """A launcher that runs a program with a part of one processor's time, in a control group of its own."""
    first, second = GROUPS / "cpu", GROUPS
    place = (first if (first / "cpu.cfs_quota_us").exists() else second) / f"tablecast-{name}-{os.getpid()}"
    try:
        place.mkdir()
        if place.parent == first:
            (place / "cpu.cfs_period_us").write_text("100000")
            (place / "cpu.cfs_quota_us").write_text(str(milliseconds * 1000))
        else:
            (place / "cpu.max").write_text(f"{milliseconds * 1000} 100000")
    except OSError as error:
        with contextlib.suppress(OSError):
            place.rmdir()
        pytest.skip(f"no control group can be made here: {error}")
    try:
        yield ["sh", "-c", f'echo $$ > {place}/cgroup.procs && exec "$@"', "sh"]
    finally:
        with contextlib.suppress(OSError):
            place.rmdir()


def put(client, table, numbers, size=LARGE):
    for number in numbers:
        client.put_item(TableName=table, Item={"id": {"S": f"large-{number}"}, "text": {"S": "x" * size}})


def configure(peer, action, **members):
    response = httpx.post(f"{peer.url}/_sandbox/{action}", json=members, timeout=10)
    assert response.status_code == 200, response.text
    return response.json() if response.content else None


def scans(peer):
    return len(configure(peer, "calls", operation="Scan")["calls"])


@pytest.fixture
def counting_shim(tmp_path):
    """A library that says how many processors libdispatch counts."""
    if (os.cpu_count() or 1) < 2 or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor is the least there is")
    library = tmp_path / "processors.so"
    subprocess.run([shutil.which("cc") or "clang", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, SHIM, "-ldl"], check=True)
    return str(library)


def assert_half_a_processor(service):
    """Pools and loops are those of a quota of 0.5, and yet every thread may run everywhere."""
    assert status(service)["process"] == {"cpus": 1, "cpu_quota": 0.5, "event_loops": 1}
    allowed = len(os.sched_getaffinity(0))
    assert f"using 1 processor(s), by a quota of 0.5 of {allowed}, with 1 event loop(s) for HTTP" in service.program.output
    assert "processors counted: 1" in service.program.output
    # The affinity was narrowed for libdispatch's count alone.
    counts = set()
    for thread in os.listdir(f"/proc/{service.program.process.pid}/task"):
        # Threads of a pool come and go.
        with contextlib.suppress(ProcessLookupError):
            counts.add(len(os.sched_getaffinity(int(thread))))
    assert counts == {allowed}


def test_loops_and_threads_follow_the_quota_and_every_processor_stays_in_use(sandbox, logs, counting_shim):
    table = create_table(sandbox.client())
    with quota("half", 50) as launcher, serving(logs, sandbox, table, launcher=launcher, LD_PRELOAD=counting_shim) as service:
        service.wait_until_ready(60)
        assert_half_a_processor(service)
        assert metric(service, "tablecast_cpus") == 1 and metric(service, "tablecast_event_loops") == 1
        service.program.stop(60)


def test_the_demo_follows_the_quota_as_the_service_does(logs, counting_shim):
    port = free_port()
    with quota("demo", 50) as launcher:
        environment = environment_without_aws(LD_PRELOAD=counting_shim)
        program = Program([*launcher, DEMO, "--listen", f"127.0.0.1:{port}"], logs / "demo-quota.log", environment)
        try:
            assert_half_a_processor(Service(program, port).wait_until_ready(60))
        finally:
            program.stop(60)


def test_loops_follow_the_affinity(sandbox, logs):
    table = create_table(sandbox.client())
    one = min(os.sched_getaffinity(0))
    with serving(logs, sandbox, table, launcher=["taskset", "-c", str(one)]) as service:
        assert status(service)["process"] == {"cpus": 1, "cpu_quota": None, "event_loops": 1}
    with serving(logs, sandbox, table, "--loops=3") as service:
        assert status(service)["process"]["event_loops"] == 3


def test_a_table_of_50_tb_ends_the_start_in_one_line_and_0_tries_it(logs):
    """Field case B29."""
    endpoint = FaultyShards()
    endpoint.described = {"TableSizeBytes": 50 << 40, "ItemCount": 10**9}
    arguments = ["serve", "--table", TABLE, "--listen", "127.0.0.1:0"]
    with endpoint.running() as peer:
        code, output, error = run([*arguments, "--max-memory=4GiB"], peer.settings(), seconds=30)
        assert (code, output) == (78, "")
        assert error.count("\n") == 1, error
        assert "table orders does not fit into memory: it needs about 52.7 TiB by DescribeTable (TableSizeBytes 54975581388800, ItemCount 1000000000, " in error
        assert "the limit is 4 GiB (--max-memory)" in error
        # Without the option the limit is the container's or the machine's.
        code, _, error = run(arguments, peer.settings(), seconds=30)
        assert code == 78 and ("(machine)" in error or "(control group)" in error)
        with serving(logs, peer, TABLE, "--max-memory=0") as service:
            assert status(service)["memory"]["limit_bytes"] is None


def test_the_estimate_is_logged_shown_and_follows_the_table(logs):
    endpoint = FaultyShards()
    endpoint.described = {"TableSizeBytes": 10 << 20, "ItemCount": 1000}
    with endpoint.running() as peer, serving(logs, peer, TABLE, "--max-memory=1GiB", "--max-lag=1s") as service:
        memory = status(service)["memory"]
        assert memory["limit_bytes"] == 1 << 30 and memory["limit_source"] == "--max-memory"
        assert memory["table_bytes"] == 10 << 20 and memory["resident_bytes"] > 1 << 20
        assert 10 << 20 < memory["estimated_bytes"] < 100 << 20
        assert "info memory for the table: it needs about 54.7 MiB by DescribeTable" in service.program.output
        assert metric(service, "tablecast_memory_limit_bytes") == 1 << 30
        assert metric(service, "tablecast_memory_estimated_bytes") == memory["estimated_bytes"]


def test_a_scan_that_does_not_fit_pauses_and_is_not_repeated_in_a_loop(sandbox, logs):
    client = sandbox.client()
    table = create_table(client)
    put(client, table, range(450))
    with serving(logs, sandbox, table, "--max-memory=64MiB", ready=False) as service:
        wait_for(
            lambda: reachable(service) and status(service)["reason_code"] == "insufficient-memory", 90, lambda: service.program.output[-2000:]
        )
        told = status(service)
        assert told["state"] == "syncing" and "The next attempt follows in 5m, or when the limit is raised." in told["reason"]
        before = scans(sandbox)
        for _ in looks(6, every=1):
            ready = service.get("/readyz")
            assert (ready.status_code, ready.json()["reason_code"]) == (503, "insufficient-memory")
            assert service.get("/livez").status_code == 200
        assert scans(sandbox) == before
        item = service.get("/v1/items/large-1")
        assert item.status_code == 503 and int(item.headers["Retry-After"]) >= 1
        assert service.program.output.count("error reads are refused: table") == 1
    arguments = ["serve", "--table", table, "--listen", "127.0.0.1:0", "--max-memory=64MiB", "--start-timeout=5m"]
    code, _, error = run(arguments, sandbox.settings(), seconds=120)
    assert code == 78 and f"table {table} does not fit into memory: after " in error


def test_a_table_that_grows_beyond_the_limit_is_served_stale(sandbox, logs):
    client = sandbox.client()
    table = create_table(client)
    put(client, table, range(5))
    with serving(logs, sandbox, table, "--max-memory=72MiB", "--poll-interval=50ms", ready=False) as service:
        service.wait_until_ready(60)
        put(client, table, range(450))
        wait_for(lambda: status(service)["reason_code"] == "insufficient-memory", 60, lambda: f"full memory, not {status(service)}")
        assert status(service)["state"] == "stale" and status(service)["memory"]["full"]
        assert metric(service, "tablecast_memory_full") == 1
        assert service.item("large-1") is not None
        time.sleep(3)
        assert status(service)["memory"]["resident_bytes"] < 80 << 20
        assert service.program.process.poll() is None
        assert service.get("/readyz").status_code == 503
        assert "so changes that need more are no longer taken" in service.program.output


def test_a_saved_state_that_no_longer_fits_is_not_loaded(sandbox, logs, tmp_path):
    client = sandbox.client()
    table = create_table(client)
    put(client, table, range(450))
    state = ("--state-dir", tmp_path / "state")
    with serving(logs, sandbox, table, *state, ready=False) as service:
        service.wait_until_ready(120)
        wait_for(lambda: status(service)["saved_state"]["saved_seq"], 60, lambda: f"a save, not {status(service)}")
        assert service.program.stop() == 0
    with serving(logs, sandbox, table, *state, "--max-memory=64MiB", ready=False) as service:
        wait_for(
            lambda: reachable(service) and status(service)["reason_code"] == "insufficient-memory", 90, lambda: service.program.output[-2000:]
        )
        assert "does not fit into memory" in status(service)["saved_state"]["start"]
        assert status(service)["state"] == "syncing"
        assert service.get("/v1/items/large-1").status_code == 503


def test_a_rebuild_that_does_not_fit_beside_the_old_contents_refuses_reads_and_comes_back(sandbox, logs):
    client = sandbox.client()
    table = create_table(client)
    put(client, table, range(600))
    with serving(logs, sandbox, table, "--max-memory=160MiB", "--max-lag=1s", "--poll-interval=50ms", ready=False) as service:
        service.wait_until_ready(120)
        before = status(service)["epoch"]
        off = {"StreamEnabled": False}
        client.update_table(TableName=table, StreamSpecification=off)
        client.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        met = wait_for(
            lambda: (answer := service.get("/v1/items/large-1")).status_code == 503 and answer, 90, lambda: f"a refusal, not {status(service)}"
        )
        assert "the old contents were dropped, because new ones of about 60" in met.json()["detail"]
        assert int(met.headers["Retry-After"]) >= 1
        service.wait_until_ready(120)
        after = status(service)
        assert after["epoch"] != before and after["items"] == 600 and after["memory"]["dropped_contents"] == 1
        assert "warning reads are refused until the rebuild ends: the old contents were dropped" in service.program.output


def test_a_throttled_scan_slows_down_and_auto_keeps_to_half_of_the_capacity(sandbox, logs):
    client = sandbox.client()
    table = create_table(client)
    put(client, table, range(40), size=1000)
    fault = {"operation": "Scan", "fault": "error", "code": "ProvisionedThroughputExceededException", "times": 6, "table": table}
    configure(sandbox, "fault", **fault)
    with serving(logs, sandbox, table, ready=False) as service:
        service.wait_until_ready(60)
        scan = status(service)["scan"]
        assert scan["items"] == 40 and scan["rcu_per_second"] is not None
        assert metric(service, 'tablecast_aws_retries_total{operation="Scan"') == 0
    client.update_table(TableName=table, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 100, "WriteCapacityUnits": 5})
    with serving(logs, sandbox, table, "--scan-rcu=auto") as service:
        assert status(service)["scan"]["rcu_per_second"] == 50


def reachable(service):
    with contextlib.suppress(httpx.HTTPError):
        return service.get("/livez").status_code == 200
    return False
