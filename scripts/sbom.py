"""Lists the parts of a program, CycloneDX 1.5 for scripts/audit, SPDX 2.3 for scripts/package and the container image.

The parts are the Swift packages that the build pinned, the Swift toolchain whose runtime is linked statically, and the Debian packages
of the libraries that the program loads. These are looked up on this machine; for a program that is shipped in an image, `--ldd` and
`--dpkg` have what `ldd` prints there and the database that its dpkg keeps.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def swift_packages(project):
    pins = project / "Package.resolved"
    if not pins.exists():
        sys.exit(f"{pins} is missing, so nobody knows the versions of the Swift packages: run `swift package resolve`")
    for pin in json.loads(pins.read_text())["pins"]:
        state = pin["state"]
        version = state.get("version") or state["revision"]
        place = pin["location"].removeprefix("https://").removesuffix(".git")
        yield {
            "type": "library", "name": pin["identity"], "version": version, "purl": f"pkg:swift/{place}@{version}",
            "properties": [{"name": "git:revision", "value": state["revision"]}],
        }


def toolchain():
    found = re.search(r"Swift version (\S+)", output("swift", "--version"))
    if not found:
        sys.exit("`swift --version` names no version")
    yield {"type": "library", "name": "swift-runtime", "version": found[1], "description": "linked statically"}


def debian_packages(listed, database):
    """The packages of the libraries that the loader finds, those that libraries need included."""
    query = ["dpkg-query", "--admindir", str(database)]
    owners = set()
    for line in listed.splitlines():
        if "not found" in line:
            sys.exit(f"the program does not start there, so its parts are unknown: {line.strip()}")
        found = re.search(r"(/\S+) \(0x", line)
        if not found:
            continue
        # dpkg knows a library by the path that its package has, which may lack the /usr of merged directories.
        bare = found[1].removeprefix("/usr")
        for candidate in (bare, f"/usr{bare}"):
            asked = subprocess.run([*query, "--search", candidate], capture_output=True, text=True)
            if asked.returncode == 0:
                owners.add(asked.stdout.split(": ")[0].split(",")[0])
                break
        else:
            sys.exit(f"no Debian package has {found[1]}: its version is unknown")
    if not owners:
        sys.exit("ldd names no library: it has another program's output, or the program is linked statically")
    for package in sorted(owners):
        fields = output(*query, "--show", "--showformat", "${Package} ${Version} ${Architecture}", package).split()
        name, version, architecture = fields
        yield {"type": "library", "name": name, "version": version, "purl": f"pkg:deb/debian/{name}@{version}?arch={architecture}"}


def cyclonedx(version, parts):
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "tablecast", "version": version}},
        "components": parts,
    }


def spdx(version, parts, program):
    """SPDX 2.3: a document that describes the program, which contains each of the parts."""
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    # The time of the sources where it is given, so that the same sources make the same document.
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    packages = [
        {
            "SPDXID": "SPDXRef-Package-tablecast", "name": "tablecast", "versionInfo": version, "downloadLocation": "NOASSERTION",
            "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "copyrightText": "NOASSERTION", "filesAnalyzed": False,
            "primaryPackagePurpose": "APPLICATION", "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
        }
    ]
    for part in parts:
        package = {
            "SPDXID": f"SPDXRef-Package-{re.sub(r'[^A-Za-z0-9.-]', '-', part['name'])}", "name": part["name"],
            "versionInfo": part["version"], "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "filesAnalyzed": False,
            "primaryPackagePurpose": "LIBRARY",
        }
        if "purl" in part:
            package["externalRefs"] = [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": part["purl"]}
            ]
        packages.append(package)
    contained = [
        {"spdxElementId": packages[0]["SPDXID"], "relationshipType": "CONTAINS", "relatedSpdxElement": package["SPDXID"]}
        for package in packages[1:]
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"tablecast-{version}",
        "documentNamespace": f"https://tablecast.invalid/spdx/{version}/{digest}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
            "creators": ["Organization: The Tablecast developers", "Tool: scripts/sbom.py"],
        },
        "packages": packages,
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": packages[0]["SPDXID"]},
            *contained,
        ],
    }


def arguments():
    parser = argparse.ArgumentParser(prog="sbom.py", description=__doc__.splitlines()[0])
    parser.add_argument("--spdx", action="store_true", help="SPDX 2.3 in place of CycloneDX 1.5")
    parser.add_argument("--ldd", type=pathlib.Path, help="what `ldd PROGRAM` prints where the program runs")
    parser.add_argument("--dpkg", type=pathlib.Path, default="/var/lib/dpkg", help="the database of dpkg there")
    for name in ("project", "program", "output"):
        parser.add_argument(name, type=pathlib.Path)
    return parser.parse_args()


def main():
    given = arguments()
    build = (given.project / "Sources/API/Build.swift").read_text()
    version = re.search(r'version = "([^"]+)"', build)[1]
    libraries = given.ldd.read_text() if given.ldd else output("ldd", str(given.program))
    swift, runtime, debian = list(swift_packages(given.project)), list(toolchain()), list(debian_packages(libraries, given.dpkg))
    parts = swift + runtime + debian
    document = spdx(version, parts, given.program) if given.spdx else cyclonedx(version, parts)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(document, indent=2) + "\n")
    print(f"parts: {len(swift)} Swift packages, the Swift runtime, {len(debian)} Debian packages")


main()
