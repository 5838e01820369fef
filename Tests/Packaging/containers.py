"""The image run as an orchestrator runs it, without a container engine: namespaces, a read-only root, volumes, a plain user."""

import contextlib
import os
import pathlib
import signal
import subprocess

from support.processes import PATIENCE, Program, wait_for

# The root as an orchestrator gives it to a hardened container: read-only, with a /proc of its own, and here without a shell.
# Words before "--" are volumes: pairs of a folder and where the container sees it.
MOUNT = """
root=$1; shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
mount -o remount,bind,ro "$root" && mount -t proc proc "$root/proc"
for shell in bash dash; do mount --bind /dev/null "$root/usr/bin/$shell"; done
exec /usr/sbin/chroot "$root" "${@:2}"
"""


def user_of(stage):
    """User and group of the image, as numbers."""
    user, group = stage.one("USER").split(":")
    return int(user), int(group)


def confined(stage):
    """A command's beginning that becomes the image's user, with no capability and no way to get one."""
    user, group = user_of(stage)
    rights = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--clear-groups"]
    return ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={group}", *rights]


def inside(root, stage, *command, volumes={}):
    """A command of the image in namespaces of its own. `volumes` are folders by where the container sees them."""
    unshared = ["/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child"]
    mounted = []
    for target, folder in volumes.items():
        # A container engine makes the place of a volume, too.
        (root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
        mounted += [folder, target]
    return [*unshared, "/bin/bash", "-euc", MOUNT, "bash", root, *mounted, "--", *confined(stage), *command]


def volume(folder, stage):
    """A new folder that belongs to the image's user."""
    folder.mkdir(parents=True)
    os.chown(folder, *user_of(stage))
    return folder


class Container:
    """The image's command as process 1 of a namespace of its own; `pid` is its number outside."""

    def __init__(self, root, stage, log, volumes={}, **settings):
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **stage.environment, **settings}
        command = [*stage.words("ENTRYPOINT"), *stage.words("CMD")]
        self.program = Program(inside(root, stage, *command, volumes=volumes), log, environment)
        outer = self.program.process.pid
        listed = pathlib.Path(f"/proc/{outer}/task/{outer}/children")

        def children():
            assert self.program.process.poll() is None, f"it ended with {self.program.process.returncode}:\n{self.program.output}"
            return [int(number) for number in listed.read_text().split()]

        try:
            self.pid = wait_for(children, 10, "the container's first process")[0]
        except BaseException:
            with contextlib.suppress(OSError, AssertionError):
                for number in children():
                    os.kill(number, signal.SIGKILL)
            self.program.kill()
            raise

    def stop(self, seconds=30):
        """Asks it to stop, as an orchestrator does; its exit status."""
        assert self.program.process.poll() is None, f"it ended with {self.program.process.returncode}:\n{self.program.output}"
        os.kill(self.pid, signal.SIGTERM)
        try:
            return self.program.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"it did not stop within {seconds * PATIENCE} s of SIGTERM:\n{self.program.output[-2000:]}")

    def end(self):
        """Ends it if it still runs. The process itself: a change of user has taken away the signal of --kill-child."""
        if self.program.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.program.wait(10)


@contextlib.contextmanager
def container(root, stage, log, volumes={}, **settings):
    """A `Container` for the length of a block."""
    running = Container(root, stage, log, volumes, **settings)
    try:
        yield running
    finally:
        running.end()
