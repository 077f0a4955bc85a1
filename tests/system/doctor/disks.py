"""Disks with faults: real mounts where this user may mount, and files that the kernel does not open."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_LIBC = ctypes.CDLL(None, use_errno=True)
_BIND, _REMOUNT, _READ_ONLY, _DETACH = 0x1000, 0x20, 0x1, 0x2  # mount(2), umount2(2)


def _mount(source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
    if _LIBC.mount(source.encode(), os.fsencode(target), kind.encode(), flags, data.encode()):
        number = ctypes.get_errno()
        pytest.skip(f"this user may not mount a disk here ({os.strerror(number)})")


@contextlib.contextmanager
def bound(folder: Path, name: Path) -> Iterator[None]:
    """Mount a folder a second time, under another name."""
    _mount(str(folder), name, "none", _BIND)
    try:
        yield
    finally:
        _LIBC.umount2(os.fsencode(name), _DETACH)


@contextlib.contextmanager
def full(folder: Path, size_kb: int = 200) -> Iterator[Path]:
    """Mount a small disk that is full; yield the file that takes its room."""
    _mount("small", folder, "tmpfs", 0, f"size={size_kb}k,mode=777")
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1024))
        yield filler
    finally:
        _LIBC.umount2(os.fsencode(folder), _DETACH)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder, as on a read-only mount."""
    if os.geteuid():
        mode = folder.stat().st_mode
        folder.chmod(0o555)
        try:
            yield
        finally:
            folder.chmod(mode)
        return
    _mount(str(folder), folder, "none", _BIND)  # permissions stop no one who is root
    try:
        _mount("none", folder, "none", _BIND | _REMOUNT | _READ_ONLY)
        yield
    finally:
        _LIBC.umount2(os.fsencode(folder), _DETACH)


@contextlib.contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """Mount a disk there whose server never answers (FUSE), as an NFS server that is gone."""
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"there is no FUSE here ({error})")
    try:
        _mount("gone", folder, "fuse", 0, f"fd={device},rootmode=40000,user_id=0,group_id=0")
    except BaseException:
        os.close(device)
        raise
    try:
        _greet(device)
        yield
    finally:
        os.close(device)  # all who wait get ENOTCONN now
        _LIBC.umount2(os.fsencode(folder), _DETACH)


def _greet(device: int) -> None:
    """Answer the kernel's first request, FUSE_INIT, and none after it (linux/fuse.h)."""
    request = os.read(device, 1 << 16)
    (unique,) = struct.unpack_from("<Q", request, 8)
    body = struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 1, 1, 1 << 16, 1, 1, 0, 0, *[0] * 7)
    os.write(device, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)


@contextlib.contextmanager
def held(file: Path) -> Iterator[None]:
    """Let the kernel keep whoever opens a file waiting: another process has a lease on it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin
    assert holder.stdout
    try:
        if holder.stdout.readline() != "held\n":
            pytest.skip("this file system has no leases")
        yield
    finally:
        holder.stdin.close()
        holder.wait(10)
        holder.stdout.close()


_HOLD = """
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)  # the kernel's request to give it back
file = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
sys.stdin.read()
"""


def give_up_rights() -> None:
    """Let what this process becomes obey the permissions of files, whoever it is (capabilities(7))."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        _LIBC.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
