"""File systems of a test's own: full, read-only, or one that never answers.

They are mounted in a mount namespace of a process of its own, so they vanish with it, and nobody else sees
them. Where the kernel does not let this user have one, the test is skipped, saying so.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

__all__ = ["hanging_folder", "in_namespace", "small_disk"]

_OWN_USERS = () if os.geteuid() == 0 else ("--user", "--map-root-user")
_UNSHARE = ("unshare", *_OWN_USERS, "--mount", "--kill-child")


def in_namespace(setup: str, command: Sequence[str | Path]) -> list[str]:
    """Return the command that runs another one where file systems of its own are mounted.

    Parameters
    ----------
    setup
        Shell command that mounts them.
    command
        What then runs.
    """
    _require_namespaces()
    return [*_UNSHARE, "sh", "-ec", f'{setup}\nexec "$@"', "sh", *map(str, command)]


@contextlib.contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[Path]:
    """Mount a disk of that size, and yield the folder under which this process sees it."""
    with _held(in_namespace(f"mount -t tmpfs -o size={size_kb}k none {folder}", _HOLDER), folder) as seen:
        yield seen


@contextlib.contextmanager
def hanging_folder(folder: Path) -> Iterator[Path]:
    """Mount a file system that never answers, as an NFS server that is gone; yield where it is seen.

    Whoever looks into it sleeps until this context ends, which gives them an error.
    """
    if _OWN_USERS:
        pytest.skip("only root may look into a file system that a process of another namespace serves")
    command = in_namespace("", [sys.executable, __file__, folder])
    with _held(command, folder) as seen:
        yield seen


_HOLDER = ("sh", "-c", "echo mounted; exec cat")


@contextlib.contextmanager
def _held(command: list[str], folder: Path) -> Iterator[Path]:
    """Run the process that holds a mount, and yield the folder as it sees it."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        if process.stdout.readline() != "mounted\n":
            pytest.skip("this user may not mount file systems in a namespace of its own")
        yield Path(f"/proc/{_holder_of(process.pid)}/root{folder}")
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def _holder_of(pid: int) -> int:
    """Return the process within the namespace: with ``--kill-child`` it is a child of ``unshare``."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def _require_namespaces() -> None:
    made = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no mount namespaces here: {made.stderr.decode().strip()}")


def _hang(folder: str) -> None:
    """Mount what nobody ever serves, and hold it until the input ends."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    mount = ctypes.CDLL(None, use_errno=True).mount
    if mount(b"hanging", folder.encode(), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    print("mounted", flush=True)
    sys.stdin.read()
    os.close(device)


if __name__ == "__main__":
    _hang(sys.argv[1])
