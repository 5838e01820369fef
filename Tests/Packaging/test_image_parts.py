"""The list of parts in the image, and how it is made for an image whose libraries are not those of this machine."""

import hashlib
import pathlib
import re
import subprocess
import sys

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

PROJECT = pathlib.Path(__file__).resolve().parents[2]
LISTED = "usr/local/share/doc/tablecast/tablecast.spdx.json"


def chroot(root, *command):
    return subprocess.run(["/usr/sbin/chroot", root, *command], capture_output=True, text=True, timeout=60)


def loaded(root):
    """The Debian packages of the libraries that the program loads in the root, with the version that the root's dpkg has of each."""
    found = {}
    for path in re.findall(r"(/\S+) \(0x", chroot(root, "ldd", "/usr/local/bin/tablecast").stdout):
        # Not every package knows that /lib is a part of /usr.
        owners = [chroot(root, "dpkg", "--search", path), chroot(root, "dpkg", "--search", f"/usr{path}")]
        (package,) = {owner.stdout.split(":")[0] for owner in owners if owner.returncode == 0}
        found[package] = chroot(root, "dpkg-query", "--show", "--showformat", "${Version}", package).stdout
    return found


def debian(document):
    """The Debian packages of a document with their versions."""
    return {
        package.name: package.version
        for package in document.packages
        for reference in package.external_references
        if reference.locator.startswith("pkg:deb/debian/")
    }


@pytest.mark.timeout(2400)
def test_the_image_lists_its_parts(root):
    document = parse_file(str(root / LISTED))
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []
    libraries = loaded(root)
    assert {"libc6", "libcurl4", "libsqlite3-0", "libssl3", "libxxhash0"} <= set(libraries)
    assert debian(document) == libraries
    parts = {package.name: package for package in document.packages}
    assert {"swift-argument-parser", "swift-collections", "swift-log", "swift-metrics", "swift-runtime"} <= set(parts)
    (checksum,) = parts["tablecast"].checksums
    assert checksum.value == hashlib.sha256((root / "usr/local/bin/tablecast").read_bytes()).hexdigest()


@pytest.mark.timeout(2400)
def test_the_list_can_be_read_by_everybody_and_is_all_that_the_image_gets_beside_the_program(root, base_root):
    listed = (root / LISTED).stat()
    assert (listed.st_uid, listed.st_gid, listed.st_mode & 0o777) == (0, 0, 0o644)
    added = {
        str(path.relative_to(root)) for path in root.rglob("*")
        if (path.is_file() or path.is_symlink()) and not (base_root / path.relative_to(root)).is_symlink()
        and not (base_root / path.relative_to(root)).exists()
    }
    assert added == {"usr/local/bin/tablecast", LISTED}


@pytest.fixture
def elsewhere(tmp_path):
    """What `ldd` prints and dpkg knows on a machine with one library that this one does not have."""
    database = tmp_path / "dpkg"
    (database / "info").mkdir(parents=True)
    (database / "info/format").write_text("1\n")
    (database / "info/libexample1:amd64.list").write_text("/.\n/usr\n/usr/lib\n/usr/lib/libexample.so.1\n")
    (database / "status").write_text(
        "Package: libexample1\nStatus: install ok installed\nMaintainer: a <a@example.com>\nArchitecture: amd64\n"
        "Multi-Arch: same\nVersion: 1:1.2-3+deb12u9\nDescription: an example\n"
    )
    return tmp_path, database


def list_parts(folder, database, line):
    (folder / "ldd").write_text(f"\tlinux-vdso.so.1 (0x00007ffd)\n\t{line}\n")
    (folder / "program").write_bytes(b"a program")
    command = [sys.executable, PROJECT / "scripts/sbom.py", "--spdx", "--ldd", folder / "ldd", "--dpkg", database]
    return subprocess.run(
        [*command, PROJECT, folder / "program", folder / "list.spdx.json"], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("path", ["/lib/libexample.so.1", "/usr/lib/libexample.so.1"])
def test_versions_are_those_of_the_machine_that_runs_the_program(elsewhere, path):
    folder, database = elsewhere
    result = list_parts(folder, database, f"libexample.so.1 => {path} (0x00007f01)")
    assert result.returncode == 0, result.stderr
    assert debian(parse_file(str(folder / "list.spdx.json"))) == {"libexample1": "1:1.2-3+deb12u9"}


@pytest.mark.parametrize(("line", "said"), [
    ("libother.so.2 => /lib/libother.so.2 (0x00007f01)", "no Debian package has /lib/libother.so.2: its version is unknown\n"),
    ("libother.so.2 => not found", "the program does not start there, so its parts are unknown: libother.so.2 => not found\n"),
    ("statically linked", "ldd names no library: it has another program's output, or the program is linked statically\n"),
], ids=["of no package", "missing", "none"])
def test_a_library_of_unknown_version_makes_no_list(elsewhere, line, said):
    folder, database = elsewhere
    result = list_parts(folder, database, line)
    assert (result.returncode, result.stderr) == (1, said)
    assert not (folder / "list.spdx.json").exists()
