#!/usr/bin/env python3
"""Writes the endpoints that botocore calls into Tests/Parity/Endpoints, where the tests of DynamoDBClient compare ours with them."""

import gzip
import json
import os
import pathlib
import tempfile
from unittest import mock

import botocore
import botocore.exceptions
import botocore.loaders
import botocore.session
from botocore.endpoint_provider import EndpointProvider

FOLDER = pathlib.Path(__file__).resolve().parent / "Endpoints"
DATA = pathlib.Path(botocore.__file__).parent / "data"
# botocore's name of each service, by the name in variables and sections.
SERVICES = {"dynamodb": "dynamodb", "dynamodb_streams": "dynamodbstreams", "sts": "sts", "sso": "sso"}
VARIANTS = {"plain": (False, False), "fips": (True, False), "dual-stack": (False, True), "fips-dual-stack": (True, True)}
# Names that no partition lists. Some of them look like Regions of one.
UNLISTED = ["mars-north-1", "cn-new-7", "cn-far-away-1", "us-iso-1", "us-gov-new-2", "eusc-fr-west-1", "eusc-de-west-2", "eu-isoe-new-3"]

PARTITIONS = json.loads((DATA / "partitions.json").read_text())
LOADER = botocore.loaders.create_loader()


def rules(service):
    """The newest rule set of a service."""
    (*_, file) = sorted((DATA / SERVICES[service]).glob("*/endpoint-rule-set-1.json.gz"))
    return EndpointProvider(json.loads(gzip.decompress(file.read_bytes())), PARTITIONS)


def regions():
    """A line `Regions NAME…` for those with the same endpoints, and below it `SERVICE VARIANT URL` with REGION in the Region's place.

    The `…-global` names are left out: they are no Regions of these services."""
    providers = {name: rules(name) for name in SERVICES}
    names = sorted(name for part in PARTITIONS["partitions"] for name in part["regions"] if not name.endswith("-global"))
    alike = {}
    for region in names + UNLISTED:
        lines = [
            f"{service} {variant} {provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual).url}\n"
            for service, provider in providers.items()
            for variant, (fips, dual) in VARIANTS.items()
        ]
        alike.setdefault("".join(lines).replace(f".{region}.", ".REGION."), []).append(region)
    return "\n".join(f"Regions {' '.join(found)}\n{lines}" for lines, found in alike.items())


class Sent(Exception):
    """A request is about to leave."""


def called(service):
    """Scheme and authority of the URL that a client with the settings of the environment calls; `error` where botocore refuses them."""

    def stop(request, **_):
        raise Sent("/".join(request.url.split("/")[:3]))

    calls = {"dynamodb": "list_tables", "dynamodb_streams": "list_streams", "sts": "get_caller_identity", "sso": "list_accounts"}
    try:
        session = botocore.session.Session()
        session.register_component("data_loader", LOADER)
        client = session.create_client(SERVICES[service])
        client.meta.events.register("before-send", stop)
        getattr(client, calls[service])(**({"accessToken": "x"} if service == "sso" else {}))
    except Sent as sent:
        return str(sent)
    except (botocore.exceptions.BotoCoreError, ValueError):
        return "error"


PROFILE = "endpoint_url = http://profile:1"
SECTION = "services = s\n[services s]\ndynamodb =\n  endpoint_url = http://section-tables:1\nsts =\n  endpoint_url = http://section-sts:1"
OWN = {f"AWS_ENDPOINT_URL_{name.upper()}": f"http://own-{name.replace('_', '-')}:1" for name in SERVICES}
GENERAL = {"AWS_ENDPOINT_URL": "http://general:1"}
# Variables, and the lines below [default] in the config file.
CASES = [
    ({}, ""),
    (GENERAL, ""),
    (OWN, ""),
    (OWN | GENERAL, f"{PROFILE}\n{SECTION}"),
    (GENERAL, f"{PROFILE}\n{SECTION}"),
    ({}, f"{PROFILE}\n{SECTION}"),
    ({}, PROFILE),
    ({}, SECTION),
    ({}, "services = missing"),
    (GENERAL, "services = missing"),
    (OWN | GENERAL | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, f"{PROFILE}\n{SECTION}"),
    ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}, PROFILE),
    ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, f"ignore_configured_endpoint_urls = true\n{PROFILE}"),
    (GENERAL, f"ignore_configured_endpoint_urls = true\n{PROFILE}"),
    ({"AWS_USE_FIPS_ENDPOINT": "true"}, ""),
    ({"AWS_USE_DUALSTACK_ENDPOINT": "True"}, ""),
    ({"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, ""),
    ({}, "use_fips_endpoint = true"),
    ({}, "use_dualstack_endpoint = true"),
    ({"AWS_USE_FIPS_ENDPOINT": "false"}, "use_fips_endpoint = true\nuse_dualstack_endpoint = true"),
    (GENERAL | {"AWS_USE_FIPS_ENDPOINT": "true"}, ""),
    (GENERAL | {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, ""),
    ({"AWS_ENDPOINT_URL_DYNAMODB": "http://tables:1"}, "use_fips_endpoint = true"),
    (GENERAL | {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""),
    ({"AWS_ENDPOINT_URL": "localhost:8000"}, ""),
    ({"AWS_ENDPOINT_URL_DYNAMODB": "", **GENERAL}, ""),
]


def searches():
    """A block for each case: `variable NAME=VALUE` and `config LINE` go in, `SERVICE URL` comes out."""
    with tempfile.TemporaryDirectory() as folder:
        return "\n".join(search(pathlib.Path(folder), variables, config) for variables, config in CASES)


def search(folder, variables, config):
    lines = [f"variable {name}={value}" for name, value in variables.items()] + [f"config {line}" for line in config.splitlines()]
    (folder / "config").write_text(f"[default]\n{config}\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    mine = {
        "AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"), "AWS_DEFAULT_REGION": "us-gov-west-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
    }
    with mock.patch.dict(os.environ, {**kept, **mine, **variables}, clear=True):
        return "".join(f"{line}\n" for line in [*lines, *(f"{service} {called(service)}" for service in SERVICES)])


FILES = {"regions.txt": regions, "searches.txt": searches}

if __name__ == "__main__":
    for name, make in FILES.items():
        (FOLDER / name).write_text(make())
