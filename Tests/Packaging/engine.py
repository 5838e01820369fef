"""Takes the steps of a Dockerfile without a container engine: the builder's on this machine, all others in a root directory."""

import os
import pathlib
import re
import shutil
import subprocess

STEP_SECONDS, BUILD_SECONDS = 420, 1500
# Instructions that describe how the image runs. They make no files.
SETTINGS = {"USER", "ENV", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD", "WORKDIR"}
# The folders of this machine that steps of the builder may name. All others are folders of the image that is built.
OF_THE_MACHINE = {"bin", "dev", "etc", "lib", "proc", "tmp", "usr", "var"}


def in_root(root, *command, **options):
    """A command in the root, with no more of our environment than a container would see."""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["/usr/sbin/chroot", root, *command], check=True, stdin=subprocess.DEVNULL, env=environment, **options)


def put(source, target):
    """COPY of one file or folder, in the place of what was there."""
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy(source, target)


def update(project, names, source):
    """COPY of the context: only what changed is copied, so that the next build is a small one."""
    copied = set()
    for name in names:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != (project / name).read_bytes():
            shutil.copy(project / name, target)
        copied.add(target)
    for folder in {name.split("/")[0] for name in names if "/" in name}:
        for stale in (source / folder).rglob("*"):
            if stale.is_file() and stale not in copied:
                stale.unlink()


class Place:
    """Where the steps of a stage leave their files."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, path):
        return self.folder / path.lstrip("/")

    def take(self, stage, steps, places):
        """Takes the steps in their order; `places` has the stages that they may copy from by name."""
        for keyword, value in steps:
            if keyword == "RUN":
                self.run(stage, value)
            elif keyword == "COPY":
                self.copy(stage, value.split(), places)
            else:
                assert keyword in SETTINGS, f"no test knows how to take the step {keyword} {value}"

    def copy(self, stage, words, places):
        option, source, target = words
        put(places[option.removeprefix("--from=")].path(source), self.path(target))


class Root(Place):
    """A root directory."""

    def run(self, stage, step):
        changed = {"USER", "ENV"} & {keyword for keyword, _ in stage.instructions}
        assert not changed, f"tests run each step as root and without variables; put it into a stage before {changed}"
        in_root(self.folder, "/bin/sh", "-ec", step, timeout=STEP_SECONDS, stdout=subprocess.DEVNULL)


class Machine(Place):
    """This machine, which has the builder's release and toolchain: what the steps write outside its own folders goes to `folder`."""

    def __init__(self, folder, project, context):
        super().__init__(folder)
        self.project, self.context = project, context

    def working_folder(self, stage):
        return self.path(stage.all("WORKDIR")[-1])

    def copy(self, stage, words, places):
        if words == [".", "."]:
            update(self.project, self.context, self.working_folder(stage))
        else:
            super().copy(stage, words, places)

    def run(self, stage, step):
        # The scripts install the same packages on this machine; a test compares the two lists.
        if step.startswith("apt-get"):
            return

        def moved(match):
            return match[0] if match[1] in OF_THE_MACHINE else str(self.path(match[0]))

        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", re.sub(r"(?<=[\s>=])/(\w+)", moved, step)],
            cwd=self.working_folder(stage), check=True, timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL,
        )


def make_debian(release, making, stage, steps):
    """A minimal Debian in which the first steps of a stage were taken."""
    subprocess.run(["debootstrap", "--variant=minbase", release, making], check=True, timeout=STEP_SECONDS, stdout=subprocess.DEVNULL)
    # A container engine lends the container its resolver, too.
    shutil.copy("/etc/resolv.conf", making / "etc/resolv.conf")
    Root(making).take(stage, steps, {})


def cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tablecast"
