"""Lists what a program is made of, as CycloneDX 1.5: `sbom.py PROJECT PROGRAM OUTPUT`. For scripts/audit.

The parts are the Swift packages that the build pinned, the Swift toolchain whose runtime is linked statically, and the Debian packages
of the libraries that the program loads, at the versions of this machine.
"""

import json
import pathlib
import re
import subprocess
import sys


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


def debian_packages(program):
    """The packages of the libraries that the loader finds, those that libraries need included."""
    owners = {}
    for line in output("ldd", str(program)).splitlines():
        found = re.search(r"(/\S+) \(0x", line)
        if not found:
            continue
        path = pathlib.Path(found[1])
        # dpkg knows a library by the path that its package has, which may lack the /usr of merged directories.
        candidates = {str(path), str(path.resolve()), str(path.resolve()).removeprefix("/usr"), "/usr" + str(path)}
        for candidate in sorted(candidates):
            asked = subprocess.run(["dpkg-query", "--search", candidate], capture_output=True, text=True)
            if asked.returncode == 0:
                owners[asked.stdout.split(": ")[0].split(",")[0]] = path.name
                break
        else:
            sys.exit(f"no Debian package has {path}: its version is unknown")
    for package in sorted(owners):
        fields = output("dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}", package).split()
        name, version, architecture = fields
        yield {"type": "library", "name": name, "version": version, "purl": f"pkg:deb/debian/{name}@{version}?arch={architecture}"}


def main():
    project, program, target = map(pathlib.Path, sys.argv[1:])
    build = (project / "Sources/API/Build.swift").read_text()
    version = re.search(r'version = "([^"]+)"', build)[1]
    swift, runtime, debian = list(swift_packages(project)), list(toolchain()), list(debian_packages(program))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "tablecast", "version": version}},
        "components": swift + runtime + debian,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(f"parts: {len(swift)} Swift packages, the Swift runtime, {len(debian)} Debian packages")


main()
