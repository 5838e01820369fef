"""A wall clock that is wrong, for one program."""

import pathlib
import shutil
import struct
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).with_suffix(".c")


class WallClock:
    """The wall clock of programs that run with `settings`, which a test moves while they run. Their other clocks are right."""

    def __init__(self, home, seconds=0):
        compiler = shutil.which("cc") or shutil.which("clang")
        if not compiler:
            pytest.skip("there is no C compiler to make a clock wrong with")
        self.file, library = home / "offset", home / "wall_clock.so"
        self.file.write_bytes(bytes(8))
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE], check=True)
        self.settings = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(self.file)}
        self.set(seconds)

    def set(self, seconds):
        """Seconds that it is ahead from now on."""
        # In place: the programs have the file mapped.
        with self.file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", seconds))
