"""The image's root directory, made by the Dockerfile's own steps: a minimal Debian, the runtime stage's RUN, the built program."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import dockerfile  # noqa: E402

PROJECT = pathlib.Path(__file__).resolve().parents[2]
# The Debian root is kept between runs; making it takes a minute.
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tablecast"
MAKE_ROOT_SECONDS, BUILD_SECONDS = 420, 1500
# What Debian's own slim image leaves out.
SLIM = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "var/cache/apt", "var/log")


@pytest.fixture(scope="session")
def stages():
    return dockerfile.stages((PROJECT / "Dockerfile").read_text())


@pytest.fixture(scope="session")
def context():
    listed = subprocess.run(
        ["git", "-C", PROJECT, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.splitlines() if (PROJECT / name).exists()]
    return list(dockerfile.context(names, (PROJECT / ".dockerignore").read_text()))


@pytest.fixture(scope="session")
def program(stages, context):
    """The program as the builder stage makes it, from nothing but the files that the builder is sent."""
    source = PROJECT / ".build/image/src"
    copied = set()
    for name in context:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # Only what changed is copied, so that the next build is a small one.
        if not target.exists() or target.read_bytes() != (PROJECT / name).read_bytes():
            shutil.copy(PROJECT / name, target)
        copied.add(target)
    for folder in ("Sources", "Sandbox", "Tests"):
        for stale in (source / folder).rglob("*"):
            if stale.is_file() and stale not in copied:
                stale.unlink()
    builder = stages[0]
    build = next(run for run in builder.all("RUN") if run.startswith("swift build"))
    output = PROJECT / ".build/image/out"
    shutil.rmtree(output, ignore_errors=True)
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", build.replace(" /out/", f" {output}/")],
        cwd=source, check=True, timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL,
    )
    return output / "tablecast"


def in_root(root, *command, **options):
    """A command in the root, with no more of our environment than a container would see."""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["/usr/sbin/chroot", root, *command], check=True, stdin=subprocess.DEVNULL, env=environment, **options)


@pytest.fixture(scope="session")
def base_root(stages):
    """The runtime stage before the program is copied in."""
    if os.geteuid() != 0:
        pytest.skip("making a root directory needs root; run as root to prove the image")
    runtime = stages[-1]
    release = runtime.base.removeprefix("debian:").removesuffix("-slim")
    steps = runtime.all("RUN")
    name = hashlib.sha256("\n".join([runtime.base, *steps]).encode()).hexdigest()[:16]
    finished = CACHE / f"image-root-{name}"
    if finished.exists():
        return finished
    CACHE.mkdir(parents=True, exist_ok=True)
    making = CACHE / f"making-{os.getpid()}"
    try:
        subprocess.run(
            ["debootstrap", "--variant=minbase", release, making], check=True, timeout=MAKE_ROOT_SECONDS, stdout=subprocess.DEVNULL
        )
        # A container engine lends the container its resolver, too.
        shutil.copy("/etc/resolv.conf", making / "etc/resolv.conf")
        for step in steps:
            in_root(making, "/bin/sh", "-ec", step, timeout=MAKE_ROOT_SECONDS, stdout=subprocess.DEVNULL)
        for folder in SLIM:
            for inside in (making / folder).glob("*"):
                shutil.rmtree(inside) if inside.is_dir() else inside.unlink()
        # Another run may have made the same one meanwhile.
        with contextlib.suppress(OSError):
            making.rename(finished)
        assert finished.exists()
    finally:
        shutil.rmtree(making, ignore_errors=True)
    for older in CACHE.glob("image-root-*"):
        if older != finished:
            shutil.rmtree(older, ignore_errors=True)
    return finished


@pytest.fixture(scope="session")
def root(base_root, program, stages, tmp_path_factory):
    """The finished image's root."""
    root = tmp_path_factory.mktemp("image") / "root"
    subprocess.run(["cp", "--archive", base_root, root], check=True, timeout=120)
    source, target = stages[-1].one("COPY").split()[1:]
    assert source == "/out/tablecast"
    shutil.copy(program, root / target.lstrip("/"))
    return root
