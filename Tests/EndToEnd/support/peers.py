"""DynamoDB-compatible servers that somebody else wrote, and boto3 as the independent writer and reader of the truth."""

import contextlib
import itertools
import os
import pathlib

import boto3
import botocore.config

from .processes import PROJECT, VENV, Program, environment_without_aws, free_port, wait_for

REGION = "us-east-1"
CLOCKS = itertools.count(1)
SANDBOX = os.environ.get("DYNAMO_SANDBOX_BINARY", str(PROJECT / ".build/debug/dynamo-sandbox"))


class Peer:
    """One running server, and the clients that talk to it."""

    def __init__(self, name, port, key="test", secret="test", program=None):
        self.name, self.port, self.key, self.secret, self.program = name, port, key, secret, program
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service="dynamodb", key=None, secret=None):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key or self.key,
            aws_secret_access_key=secret or self.secret,
            config=botocore.config.Config(retries={"total_max_attempts": 3}, connect_timeout=5, read_timeout=20),
        )

    def settings(self, **more):
        """The environment that points the program at this server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            **more,
        }


@contextlib.contextmanager
def ministack(folder, **settings):
    """ministack; with AUTH="true" it verifies signatures of IAM users' keys."""
    port = free_port()
    # Its default is to listen on every address, for MQTT also.
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "WARNING", **settings}
    program = Program([VENV / "ministack"], folder / f"ministack-{port}.log", environment)
    try:
        program.wait_until_accepting(port)
        yield Peer("ministack", port, program=program)
    finally:
        program.stop()


class Clock:
    """The wall clock of a process under libfaketime: what the file says is added to the real one, at once."""

    def __init__(self, file):
        self.file = file
        self.set("+0")

    def set(self, offset):
        """An offset with one unit, as "+16m"."""
        # Put in place whole: the file is read at every look at the clock.
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{offset}\n")
        fresh.replace(self.file)

    def environment(self):
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        assert library, "libfaketime is not installed (Debian's package faketime)"
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            # Its own waiting must go on.
            "DONT_FAKE_MONOTONIC": "1",
        }


@contextlib.contextmanager
def ministack_and_clock(folder):
    """ministack with a clock that the test moves, so that iterators expire and records are trimmed: (peer, clock)."""
    clock = Clock(folder / f"clock-{next(CLOCKS)}")
    with ministack(folder, **clock.environment()) as peer:
        yield peer, clock


@contextlib.contextmanager
def moto(folder):
    port = free_port()
    program = Program([VENV / "moto_server", "-H", "127.0.0.1", "-p", port], folder / f"moto-{port}.log", dict(os.environ))
    try:
        program.wait_until_accepting(port)
        yield Peer("moto", port)
    finally:
        with contextlib.suppress(AssertionError):
            program.stop(5)


@contextlib.contextmanager
def sandbox(folder, *options):
    """Our own endpoint, `dynamo-sandbox`."""
    port = free_port()
    program = Program([SANDBOX, "--port", port, *options], folder / f"sandbox-{port}.log", environment_without_aws())
    try:
        program.wait_until_accepting(port)
        yield Peer("sandbox", port, program=program)
    finally:
        program.stop()


def iam_user(peer):
    """A peer that signs with an IAM user's own key; the root key's signature is not checked by ministack."""
    iam = peer.client("iam")
    iam.create_user(UserName="replica")
    key = iam.create_access_key(UserName="replica")["AccessKey"]
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    iam.put_user_policy(UserName="replica", PolicyName="all", PolicyDocument=document)
    return Peer(peer.name, peer.port, key["AccessKeyId"], key["SecretAccessKey"])


def wait_for_table(client, name):
    return wait_for(
        lambda: client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE", 20, f"table {name} to be active"
    )
