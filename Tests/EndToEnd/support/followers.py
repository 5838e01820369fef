"""`tablecast serve --follow`, and looking at it."""

import contextlib

from .processes import Program, environment_without_aws, free_port, wait_for
from .service import BINARY, Service


@contextlib.contextmanager
def following(folder, *upstreams, options=(), port=None, ready=True):
    """A follower of the upstreams' addresses, for the length of a block."""
    port = port or free_port()
    command = [BINARY, "serve", "--follow", ",".join(upstreams), "--listen", f"127.0.0.1:{port}", *options]
    program = Program(command, folder / f"follower-{port}.log", environment_without_aws(TABLECAST_ALLOWED_HOST="a"))
    service = Service(program, port)
    try:
        if ready:
            service.wait_until_ready()
        yield service
    finally:
        service.http.close()
        if program.process.poll() is None:
            program.kill()


def readiness(service):
    """The status of /readyz, the reason by name, and the reason in words."""
    response = service.get("/readyz")
    told = response.json()
    return response.status_code, told.get("reason_code"), told.get("detail", "")


def wait_for_reason(service, code, text="", seconds=20):
    """Waits until /readyz refuses for the reason of that name and with that text in its words; its words."""

    def found():
        status, told, detail = readiness(service)
        return status == 503 and told == code and text in detail and detail

    return wait_for(found, seconds, lambda: f"{code!r} with {text!r}; /readyz said {readiness(service)}")


def wait_for_log(service, text, seconds=20):
    """Waits for a line of the log with that text; the line."""

    def found():
        return next((line for line in service.program.output.splitlines() if text in line), None)

    return wait_for(found, seconds, lambda: f"{text!r} in the log; it wrote:\n{service.program.output[-3000:]}")


def held(service):
    """The items of a service by `id`, in DynamoDB's typed form."""
    return {item["id"]["S"]: item for item in service.export(limit="500")}


def wait_until_equal(service, leader, seconds=20):
    """Waits until the service holds the leader's items."""
    wait_for(lambda: held(service) == leader.items(), seconds, lambda: f"equal items; it has {held(service)}")
