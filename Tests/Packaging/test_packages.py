"""The files of a release, as scripts/package makes them of the shipped program: each is installed and started in a root of its own."""

import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import httpx
import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from support.processes import Program, free_port, wait_for
from support.tables import create_table

PROJECT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ["serve", "check", "config", "iam-policy", "tail", "doctor"]


def make(program, folder, **environment):
    return subprocess.run(
        [PROJECT / "scripts/package", "--program", program, folder], cwd="/", capture_output=True, text=True, timeout=300,
        stdin=subprocess.DEVNULL, env={**os.environ, **environment},
    )


@pytest.fixture(scope="session")
def packages(program, tmp_path_factory):
    """The archive, the Debian package and the list of parts."""
    folder = tmp_path_factory.mktemp("packages")
    result = make(program, folder)
    assert result.returncode == 0, result.stderr
    print(result.stdout)
    (archive,), (debian,) = folder.glob("tablecast-*-linux-*.tar.gz"), folder.glob("tablecast_*.deb")
    return archive, debian, folder / "tablecast.spdx.json"


@pytest.fixture
def archive_root(packages, tmp_path):
    """A root with a shell and the C library, and nothing else but the archive."""
    if os.geteuid() != 0:
        pytest.skip("a root of its own needs root; run as root to prove the archive")
    root = tmp_path / "root"
    for folder in ("bin", "dev", "proc", "tmp", "opt"):
        (root / folder).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for name in ("sh", "readlink"):
        (root / "bin" / name).symlink_to("busybox")
    subprocess.run(["mknod", "-m", "666", root / "dev/null", "c", "1", "3"], check=True)
    listed = subprocess.run(["dpkg", "--listfiles", "libc6"], capture_output=True, text=True, check=True).stdout.splitlines()
    for path in map(pathlib.Path, listed):
        if re.fullmatch(r"(ld-linux.*|lib(c|dl|m|nss_dns|nss_files|pthread|resolv|rt))\.so\.\d+", path.name):
            target = root / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    with tarfile.open(packages[0]) as archive:
        names = archive.getnames()
        assert len({name.split("/")[0] for name in names}) == 1, "it has one folder at the top"
        archive.extractall(root / "opt", filter="tar")
    (folder,) = (root / "opt").iterdir()
    return root, f"/opt/{folder.name}"


@pytest.fixture
def debian_root(packages, base_root, tmp_path):
    """A minimal Debian with the libraries of the image, in which the package was installed by dpkg."""
    root = tmp_path / "root"
    subprocess.run(["cp", "--archive", base_root, root], check=True, timeout=120)
    shutil.copy(packages[1], root / "tmp/tablecast.deb")
    (root / "dev").mkdir(exist_ok=True)
    installed = chroot(root, "dpkg", "--install", "/tmp/tablecast.deb")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return root


def inside(root, *options):
    """The beginning of a command that becomes one in the root, with a /proc: the program reads its arguments there."""
    script = 'mount -t proc proc "$1/proc" && exec /usr/sbin/chroot "${@:2}"'
    return ["/usr/bin/unshare", "--mount", "/bin/bash", "-c", script, "bash", root, *options, root]


def chroot(root, *command, **environment):
    return subprocess.run(
        [*inside(root), *command], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
    )


def assert_serves(root, command, ministack, logs):
    """Starts the command in the root as a plain user, reads an item, and stops it."""
    client = ministack.client()
    table, port = create_table(client), free_port()
    client.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "1"}})
    settings = ministack.settings(TABLECAST_TABLE=table, TABLECAST_LISTEN=f"127.0.0.1:{port}", PATH="/usr/bin:/bin")
    program = Program([*inside(root, "--userspec=65534:65534"), command, "serve"], logs / "package.log", settings)
    try:

        def ready():
            assert program.process.poll() is None, program.output
            with contextlib.suppress(httpx.HTTPError):
                return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200

        wait_for(ready, 30, "the service to be ready")
        assert httpx.get(f"http://127.0.0.1:{port}/v1/items/a").json() == {"id": "a", "n": 1}
    finally:
        status = program.stop()
    assert status == 0, program.output


@pytest.mark.timeout(2400)
def test_the_archive_runs_where_there_is_only_the_c_library(archive_root, ministack, logs):
    root, folder = archive_root
    assert not list(root.glob("lib*/**/libcurl*")) and not (root / "usr").exists()
    version = chroot(root, f"{folder}/bin/tablecast", "--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert re.fullmatch(r"tablecast \d+\.\d+\.\d+\n", version.stdout)
    # A link in a folder of programs finds the libraries too.
    (root / "bin/tablecast").symlink_to(f"{folder}/bin/tablecast")
    assert chroot(root, "/bin/tablecast", "--version").stdout == version.stdout
    assert_serves(root, "/bin/tablecast", ministack, logs)


@pytest.mark.timeout(2400)
def test_the_debian_package_installs_starts_and_goes(debian_root, ministack, logs):
    root = debian_root
    assert chroot(root, "/usr/bin/tablecast", "--version").stdout.startswith("tablecast ")
    assert_serves(root, "/usr/bin/tablecast", ministack, logs)
    unit = (root / "lib/systemd/system/tablecast.service").read_text()
    assert "ExecStart=/usr/bin/tablecast serve" in unit and "EnvironmentFile=/etc/tablecast/tablecast.env" in unit
    settings = root / "etc/tablecast/tablecast.env"
    # Keys may be written there.
    assert settings.stat().st_mode & 0o777 == 0o600
    settings.write_text(settings.read_text() + "# mine\n")
    (root / "var/lib/tablecast").mkdir(parents=True)
    removed = chroot(root, "dpkg", "--remove", "tablecast")
    assert removed.returncode == 0, removed.stderr
    assert settings.exists() and not (root / "usr/bin/tablecast").exists() and (root / "var/lib/tablecast").exists()
    assert chroot(root, "dpkg", "--purge", "tablecast").returncode == 0
    assert not settings.exists() and not (root / "var/lib/tablecast").exists()


@pytest.mark.timeout(2400)
def test_the_debian_package_says_what_it_needs_and_changes_settings_only_when_asked(packages):
    fields = subprocess.run(["dpkg-deb", "--field", packages[1]], capture_output=True, text=True, check=True).stdout
    depends = re.search(r"^Depends: (.*)$", fields, re.MULTILINE)[1]
    for library in ("libc6", "libcurl4", "libssl3", "libsqlite3-0", "ca-certificates"):
        assert library in depends, depends
    listed = subprocess.run(["dpkg-deb", "--contents", packages[1]], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        assert line.split()[1] == "root/root", line
    control = subprocess.run(["dpkg-deb", "--info", packages[1], "conffiles"], capture_output=True, text=True, check=True).stdout
    assert control.splitlines() == ["/etc/tablecast/tablecast.env"]


@pytest.mark.timeout(2400)
def test_the_manual_page_names_every_command_and_has_no_fault(packages, tmp_path):
    subprocess.run(["dpkg-deb", "--extract", packages[1], tmp_path], check=True)
    page = tmp_path / "tablecast.1"
    page.write_bytes(gzip.decompress((tmp_path / "usr/share/man/man1/tablecast.1.gz").read_bytes()))
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
    assert (lint.returncode, lint.stdout) == (0, "")
    shown = subprocess.run(["mandoc", "-T", "ascii", page], capture_output=True, text=True, check=True).stdout
    plain = re.sub(".\b", "", shown)
    for command in COMMANDS:
        assert re.search(rf"^   {command}$", plain, re.MULTILINE), command
    for words in ("--state-dir directory", "TABLECAST_POLL_INTERVAL", "EXIT STATUS", "     78      The configuration cannot work."):
        assert words in plain, words


@pytest.mark.timeout(2400)
@pytest.mark.parametrize(("shell", "path"), [("bash", "bash-completion/completions/tablecast"), ("zsh", "zsh/vendor-completions/_tablecast"), ("fish", "fish/vendor_completions.d/tablecast.fish")])
def test_each_shell_gets_completions(packages, tmp_path, shell, path):
    subprocess.run(["dpkg-deb", "--extract", packages[1], tmp_path], check=True)
    text = (tmp_path / "usr/share" / path).read_text()
    assert "state-dir" in text and "iam-policy" in text
    if shell == "bash":
        words = 'source "$1"; COMP_WORDS=(tablecast ia); COMP_CWORD=1; COMP_LINE="tablecast ia"; COMP_POINT=12; _tablecast tablecast ia tablecast; echo "${COMPREPLY[@]}"'
        completed = subprocess.run(["bash", "-c", words, "bash", tmp_path / "usr/share" / path], capture_output=True, text=True, timeout=30)
        assert completed.stdout.split() == ["iam-policy"], completed.stderr


@pytest.mark.timeout(2400)
def test_the_list_of_parts_is_valid_spdx(packages):
    document = parse_file(str(packages[2]))
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []
    names = {package.name for package in document.packages}
    assert {"tablecast", "swift-argument-parser", "swift-log", "swift-runtime", "libcurl4", "libsqlite3-0"} <= names
    with tarfile.open(packages[0]) as archive:
        (name,) = [name for name in archive.getnames() if name.endswith("share/doc/tablecast/tablecast.spdx.json")]
        assert json.load(archive.extractfile(name)) == json.loads(packages[2].read_text())


@pytest.mark.timeout(2400)
def test_the_same_sources_make_the_same_files(packages, program, tmp_path):
    # pytest's folders differ; the files must not.
    result = make(program, tmp_path)
    assert result.returncode == 0, result.stderr
    for made in packages:
        assert (tmp_path / made.name).read_bytes() == made.read_bytes(), made.name


def test_a_program_that_is_not_there_is_one_line(tmp_path):
    result = make(tmp_path / "none", tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"error: there is no program at {tmp_path}/none: give the path of one, or leave --program out to build it\n"
