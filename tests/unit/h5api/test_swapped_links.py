"""What is checked is what is read, also when somebody swaps links between the two."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

import h5py
import pytest

from id3c_data.errors import LinkOutsideRoots, NotHdf5
from id3c_data.h5api import AllowedRoots, Resolver
from id3c_data.h5api._independent import IndependentResolver
from id3c_data.h5api._open import open_descriptor

INNOCENT, SECRET = 1, 2


@pytest.fixture
def places(tmp_path):
    """A folder that may be read, one that may not, and a file of the same name in each."""
    for name, value in (("open", INNOCENT), ("closed", SECRET)):
        (tmp_path / name).mkdir()
        with h5py.File(tmp_path / name / "data.h5", "w") as file:
            file["x"] = value
    return tmp_path


def point(link, target):
    """Let a symlink lead to a target, in one step."""
    fresh = link.with_name(f"{link.name}.fresh")
    fresh.symlink_to(target)
    fresh.replace(link)


class Swapping(AllowedRoots):
    """Roots whose check is followed by an attacker who swaps a link."""

    def then(self, swap):
        object.__setattr__(self, "_swap", swap)
        return self

    __slots__ = ("_swap",)

    def check(self, real_path, named):
        super().check(real_path, named)
        self._swap()


@pytest.mark.parametrize("resolver", [Resolver, IndependentResolver])
@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.fault(
    "symbolic link swapped between check and open", injected="in the moment after the check, a test swaps it"
)
def test_a_link_that_is_swapped_after_the_check_changes_nothing(places, resolver, what, fault_report):
    allowed, link = places / "open", places / "open" / "link"
    target = {"file": "data.h5", "folder": "."}[what]
    name = {"file": link, "folder": link / "data.h5"}[what]
    point(link, allowed / target)
    roots = Swapping((allowed,)).then(lambda: point(link, places / "closed" / target))
    with resolver(allowed_roots=roots).open(name) as file:
        assert file.hdf5["x"][()] == INNOCENT
        assert file.real_path == allowed / "data.h5"
    with pytest.raises(LinkOutsideRoots) as refused:
        resolver(allowed_roots=[allowed]).open(name)
    fault_report(
        f"the file that was checked is read; the next time: {refused.value}", hide={"link/data.h5": "link"}
    )


@pytest.mark.parametrize("resolver", [Resolver, IndependentResolver])
def test_links_that_are_swapped_all_the_time_never_let_anything_out(places, resolver):
    allowed, link, over = places / "open", places / "open" / "link", threading.Event()
    point(link, allowed)

    def swap():
        for target in itertools.cycle((places / "closed", allowed)):
            if over.is_set():
                return
            point(link, target)

    attacker, found = threading.Thread(target=swap), {"read": 0, "refused": 0}
    attacker.start()
    opening = resolver(allowed_roots=[allowed])
    try:
        for _ in range(20_000):
            try:
                with opening.open(link / "data.h5") as file:
                    assert file.hdf5["x"][()] == INNOCENT
                found["read"] += 1
            except LinkOutsideRoots:
                found["refused"] += 1
            if min(found.values()) > 50:
                break
    finally:
        over.set()
        attacker.join()
    assert min(found.values()) > 50


def test_external_links_are_checked_when_their_files_are_opened(places):
    allowed, link = places / "open", places / "open" / "link"
    point(link, allowed)
    with h5py.File(allowed / "master.h5", "w") as file:
        file["x"] = h5py.ExternalLink("link/data.h5", "/x")
    roots = Swapping((allowed,)).then(lambda: point(link, places / "closed"))
    resolver = Resolver(allowed_roots=roots)
    with resolver.open(allowed / "master.h5") as file, pytest.raises(LinkOutsideRoots, match="external link"):
        resolver.find(file, "x")


def test_dots_lead_out_of_nothing(places):
    with pytest.raises(LinkOutsideRoots):
        Resolver(allowed_roots=[places / "open"]).open(places / "open" / ".." / "closed" / "data.h5")
    with h5py.File(places / "open" / "master.h5", "w") as file:
        file["x"] = h5py.ExternalLink("../closed/data.h5", "/x")
    resolver = Resolver(allowed_roots=[places / "open"])
    with resolver.open(places / "open" / "master.h5") as file, pytest.raises(LinkOutsideRoots):
        resolver.find(file, "x")


def test_what_is_no_file_is_never_opened(places):
    fifo = places / "open" / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(NotHdf5, match="no regular file"):
        open_descriptor(fifo)
    with pytest.raises(OSError, match="No such device or address"):  # nobody ever was at the other end
        os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    for name in ("/dev/null", "/dev/zero", str(places)):
        with pytest.raises(NotHdf5, match="no regular file"):
            open_descriptor(Path(name))


def test_a_file_outside_is_refused_before_its_permissions_are_looked_at(places):
    secret = places / "closed" / "data.h5"
    secret.chmod(0)
    with pytest.raises(LinkOutsideRoots):
        open_descriptor(secret, AllowedRoots((places / "open",)))
