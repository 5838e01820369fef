"""Stopping one thread of a running program and letting it go on: Linux's ptrace, as a debugger uses it."""

import contextlib
import ctypes
import os
import pathlib
import platform

import pytest

from .processes import wait_for

# linux/ptrace.h, and __WALL of sys/wait.h.
SEIZE, INTERRUPT, DETACH, ALL_CHILDREN = 0x4206, 0x4207, 17, 0x40000000
# What curl_multi_poll waits in: poll, or ppoll where there is no other (asm/unistd.h).
POLL = {"x86_64": "7", "aarch64": "73"}.get(platform.machine())
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long


def threads_in_poll(pid):
    """The threads that wait in `poll`: of the program only that of libcurl does."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            if (task / "syscall").read_text().split()[0] == POLL:
                found.append(int(task.name))
    return found


def transport_thread(pid):
    """The thread that owns all outbound connections."""
    if POLL is None:
        pytest.skip("the system call of the transport's thread is not known on this machine")
    return wait_for(lambda: threads_in_poll(pid), 10, "the transport's thread to wait for its sockets")[0]


class Frozen:
    """A thread that is stopped until `thaw`. All calls have to come from one thread of ours."""

    def __init__(self, thread):
        self.thread, self.is_held = thread, True
        if LIBC.ptrace(SEIZE, thread, None, None) != 0:
            pytest.skip(f"this machine lets no test stop a thread: {os.strerror(ctypes.get_errno())}")
        assert LIBC.ptrace(INTERRUPT, thread, None, None) == 0
        os.waitpid(thread, ALL_CHILDREN)

    def thaw(self):
        if self.is_held:
            self.is_held = False
            LIBC.ptrace(DETACH, self.thread, None, None)

    def has_ended(self):
        """Whether the thread has gone with its process, which cannot end before its tracer has seen that."""
        with contextlib.suppress(ChildProcessError):
            seen, status = os.waitpid(self.thread, ALL_CHILDREN | os.WNOHANG)
            if seen != self.thread or not (os.WIFEXITED(status) or os.WIFSIGNALED(status)):
                return False
        self.is_held = False
        return True


@contextlib.contextmanager
def frozen(thread):
    """Stops a thread for the length of a block."""
    held = Frozen(thread)
    try:
        yield held
    finally:
        held.thaw()
