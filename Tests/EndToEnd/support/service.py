"""The built program as a user runs it, and reading from it."""

import contextlib
import json
import os
import subprocess

import httpx

from .processes import PATIENCE, PROJECT, Program, environment_without_aws, free_port, wait_for

BINARY = os.environ.get("TABLECAST_BINARY", str(PROJECT / ".build/debug/tablecast"))
# The demo is a program of its own.
DEMO = os.environ.get("TABLECAST_DEMO_BINARY", str(PROJECT / ".build/debug/tablecast-demo"))


class Service:
    """A running `tablecast`."""

    def __init__(self, program, port):
        self.program, self.port = program, port
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, timeout=10 * PATIENCE)

    def get(self, path, **options):
        return self.http.get(path, **options)

    def follow(self, response, link):
        """What a link of a response leads to: links are relative to the request's URL."""
        return self.http.get(response.url.join(link))

    def item(self, key, **options):
        """The item under a key, or None."""
        response = self.get(f"/v1/items/{key}", **options)
        assert response.status_code in (200, 404), response.text
        return response.json() if response.status_code == 200 else None

    def wait_until_ready(self, seconds=15):
        def ready():
            assert self.program.process.poll() is None, f"it ended with {self.program.process.returncode}:\n{self.program.output}"
            with contextlib.suppress(httpx.HTTPError):
                return httpx.get(f"{self.url}/readyz", timeout=5 * PATIENCE).status_code == 200

        wait_for(ready, seconds, lambda: f"the service to be ready; it wrote:\n{self.program.output[-3000:]}")
        return self

    def export(self, **parameters):
        """Every item in DynamoDB's typed form, over all pages."""
        items, parameters = [], {"format": "dynamodb", "limit": "7", **parameters}
        while True:
            response = self.get("/v1/items", params=parameters)
            assert response.status_code == 200, response.text
            page = response.json()
            items += page["items"]
            assert len(page["items"]) <= int(parameters["limit"])
            if page["next"] is None:
                return items
            parameters["cursor"] = page["next"]


def metric(service, name):
    """The first value of a metric by that name; 0 when there is none."""
    lines = service.get("/metrics").text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)), 0.0)


def command(table, port, *options):
    """Options that name an address take the place of the usual one."""
    listen = [] if "--listen" in options else ["--listen", f"127.0.0.1:{port}"]
    return [BINARY, "serve", "--table", table, *listen, *options]


@contextlib.contextmanager
def serving(folder, peer, table, *options, port=None, ready=True, launcher=(), **settings):
    """`tablecast serve` over a peer, for the length of a block; `launcher` is a command that becomes the program."""
    port = port or free_port()
    # Requests made by hand have the Host `a`, as those of Tests/HTTPCases.
    environment = environment_without_aws(**{"TABLECAST_ALLOWED_HOST": "a", **peer.settings(**settings)})
    # libfaketime changes the environment of the first process that it is loaded into, and with it Swift's view of the arguments;
    # what that process becomes by exec is not touched.
    launcher = [*launcher, "/usr/bin/env"] if "LD_PRELOAD" in settings else launcher
    program = Program([*launcher, *command(table, port, *options)], folder / f"tablecast-{port}.log", environment)
    service = Service(program, port)
    try:
        if ready:
            service.wait_until_ready()
        yield service
    finally:
        service.http.close()
        if program.process.poll() is None:
            program.kill()


def run(arguments, settings=None, seconds=10):
    """Runs the program to its end: (exit status, standard output, standard error)."""
    finished = subprocess.run(
        [BINARY, *arguments],
        env=environment_without_aws(**(settings or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds * PATIENCE,
    )
    return finished.returncode, finished.stdout, finished.stderr


def parsed(line):
    """A line as JSON, or None."""
    with contextlib.suppress(json.JSONDecodeError):
        return json.loads(line)
