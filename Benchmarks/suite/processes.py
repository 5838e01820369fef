"""Starting, watching and stopping the processes that a benchmark needs; each is stopped by its own id."""

import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def program(name):
    """A program's path; Debian keeps servers where a plain user's PATH does not look."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(f"error: {name} is not installed")
    return found


def get(port, path, timeout=5, method="GET", body=None, headers={}):
    """One request on its own connection: (status, headers, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def wait_for(condition, seconds, what, interval=0.01):
    """Polls until the condition holds; its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            value = condition()
            if value:
                return value
        time.sleep(interval)
    raise SystemExit(f"error: waited {seconds} s in vain for {what}")


@contextlib.contextmanager
def running(*command, environment=None, **options):
    """A process for the length of a block."""
    process = subprocess.Popen([str(word) for word in command], env={**os.environ, **(environment or {})}, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def resident(pid):
    """Resident bytes of a process and its children."""
    total = 0
    for each in [pid, *children(pid)]:
        status = pathlib.Path(f"/proc/{each}/status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0]) * 1024
    return total


def peak_resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def endpoint(tools, items):
    """The loopback endpoint with that many items: its port."""
    port = free_port()
    with running(tools / "endpoint", port, items, stdout=subprocess.PIPE) as process:
        if process.stdout.readline() != b"ready\n":
            raise SystemExit("error: the endpoint did not start")
        yield port


def set_rate(endpoint_port, rate):
    """Records a second that the endpoint's stream shows from now on."""
    assert get(endpoint_port, f"/control?rate={rate}", method="POST", body=b"")[0] == 200


class Replica:
    """A running `tablecast serve` over an endpoint of the benchmarks."""

    def __init__(self, process, port, started, log):
        self.process, self.port, self.started, self.log = process, port, started, log

    @property
    def pid(self):
        return self.process.pid

    def ready_after(self, seconds=300):
        """Waits for Ready; seconds from the start of the process."""

        def ready():
            if self.process.poll() is not None:
                raise SystemExit(f"error: tablecast ended with status {self.process.returncode}; see {self.log}")
            return get(self.port, "/readyz")[0] == 200

        wait_for(ready, seconds, f"tablecast to be ready; see {self.log}", 0.005)
        return time.monotonic() - self.started


@contextlib.contextmanager
def replica(arguments, endpoint_port, *options):
    port = free_port()
    command = [arguments.program, "serve", "--table", "bench", "--endpoint-url", f"http://127.0.0.1:{endpoint_port}"]
    command += ["--listen", f"127.0.0.1:{port}", *options]
    with open(arguments.results / "tablecast.log", "wb") as log:
        started = time.monotonic()
        with running(*command, environment=CREDENTIALS, stdout=log, stderr=log) as process:
            yield Replica(process, port, started, log.name)


@contextlib.contextmanager
def nginx(workers, locations, preamble=""):
    """nginx with these locations on a free port of its own folder: (process, port)."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tablecast-bench-") as folder:
        paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        configuration = pathlib.Path(folder, "nginx.conf")
        configuration.write_text(
            f"{preamble} daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes {workers};"
            f"worker_rlimit_nofile 16384; events {{ worker_connections 8192; }}"
            f"http {{ access_log off; keepalive_requests 1000000000; {paths} nchan_shared_memory_size 256M;"
            f"server {{ listen 127.0.0.1:{port} backlog=4096; {locations} }} }}"
        )
        with running(program("nginx"), "-e", f"{folder}/error.log", "-c", configuration) as process:
            wait_for(lambda: get(port, "/"), 10, "nginx to answer")
            yield process, port


NCHAN = "load_module /usr/lib/nginx/modules/ngx_nchan_module.so;"
