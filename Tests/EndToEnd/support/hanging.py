"""A folder whose files stop to respond, as those of a network volume whose server has gone do: for one program, with no right that a test may lack."""

import contextlib
import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).with_name("hanging.c")


class HangingFolder:
    """A folder, and what makes a program meet its silence."""

    def __init__(self, home):
        self.path, self.marker = home / "volume", home / "hangs"
        self.path.mkdir()
        compiler = shutil.which("cc") or shutil.which("clang")
        if not compiler:
            pytest.skip("there is no C compiler to make a volume hang with")
        library = home / "hanging.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl"], check=True)
        self.settings = {"LD_PRELOAD": str(library), "HANG_BELOW": f"{self.path}/", "HANG_WHILE": str(self.marker)}

    @contextlib.contextmanager
    def silent(self):
        """No call to a file of the folder returns for the length of a block."""
        self.marker.touch()
        try:
            yield
        finally:
            self.marker.unlink()
