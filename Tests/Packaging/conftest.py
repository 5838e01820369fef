"""The image's root directory, made by the Dockerfile's own steps: a minimal Debian, the built program, and the list of its parts."""

import contextlib
import hashlib
import itertools
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import dockerfile  # noqa: E402
import engine  # noqa: E402

PROJECT = pathlib.Path(__file__).resolve().parents[2]
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
def builder(stages, context):
    """The builder stage when its steps were taken, from nothing but the files that it is sent."""
    machine = engine.Machine(PROJECT / ".build/image", PROJECT, context)
    shutil.rmtree(machine.path("/out"), ignore_errors=True)
    machine.take(stages[0], stages[0].steps, {})
    return machine


@pytest.fixture(scope="session")
def program(builder):
    """The program as the builder stage makes it."""
    return builder.path("/out/tablecast")


@pytest.fixture(scope="session")
def runtime(stages):
    """The stage that the image is made of."""
    return stages[-1].parent


def before_files(stage):
    """The first steps of a stage, which need no file of another."""
    return list(itertools.takewhile(lambda step: step[0] != "COPY", stage.steps))


@pytest.fixture(scope="session")
def base_root(runtime):
    """The runtime stage before the program is copied in. It is kept between runs, because making it takes a minute."""
    if os.geteuid() != 0:
        pytest.skip("making a root directory needs root; run as root to prove the image")
    release = runtime.base.removeprefix("debian:").removesuffix("-slim")
    steps = before_files(runtime)
    name = hashlib.sha256("\n".join([runtime.base, *(value for _, value in steps)]).encode()).hexdigest()[:16]
    cache = engine.cache()
    finished, making = cache / f"image-root-{name}", cache / f"making-{os.getpid()}"
    if finished.exists():
        return finished
    cache.mkdir(parents=True, exist_ok=True)
    try:
        engine.make_debian(release, making, runtime, steps)
        for folder in SLIM:
            for inside in (making / folder).glob("*"):
                shutil.rmtree(inside) if inside.is_dir() else inside.unlink()
        # Another run may have made the same one meanwhile, and be using it.
        with contextlib.suppress(OSError):
            making.rename(finished)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    assert finished.is_dir()
    for older in cache.glob("image-root-*"):
        if older != finished:
            shutil.rmtree(older, ignore_errors=True)
    return finished


@pytest.fixture(scope="session")
def root(base_root, builder, stages, tmp_path_factory):
    """The finished image's root, after every step of every stage."""
    folder, places = tmp_path_factory.mktemp("image"), {stages[0].name: builder}
    for number, stage in enumerate(stages[1:]):
        if stage.lineage[0] is stages[0]:
            # In the builder's own folders: no later stage copies what these steps change.
            place, steps = builder, stage.steps
        else:
            place = engine.Root(folder / f"{number}-{stage.name or 'image'}")
            beneath = places[stage.parent.name].folder if stage.parent else base_root
            subprocess.run(["cp", "--archive", beneath, place.folder], check=True, timeout=120)
            steps = stage.steps if stage.parent else stage.steps[len(before_files(stage)) :]
        place.take(stage, steps, places)
        places[stage.name] = place
    return place.folder
