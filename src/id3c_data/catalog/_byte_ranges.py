"""Ranges of bytes of files that a server lets be downloaded, and such a file as HDF5 reads it."""

from __future__ import annotations

import io
import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

import h5py
import httpx
from tiled.client.context import Context

from ..errors import Id3cDataError, LayoutUnknown
from ..h5api import child_of, hdf5_errors, link_of

__all__ = ["ByteRanges", "NotServed", "RangedFile"]

_BLOCK: Final = 1 << 15  # bytes of a request for what HDF5 wants to know
_MOST_BLOCKS: Final = 256
_CONTENT_RANGE: Final = re.compile(r"bytes \d+-\d+/(\d+)")

_closed: weakref.WeakKeyDictionary[Context, set[str]] = weakref.WeakKeyDictionary()
"""Of each connection: the nodes whose files are not given; detected once for each."""


class NotServed(Exception):
    """The server does not give the frames in this way; this never leaves the package."""


class ByteRanges:
    """Ranges of the files of a node.

    Parameters
    ----------
    context
        The connection.
    url
        Of the node's files.
    """

    def __init__(self, context: Context, url: str) -> None:
        self._context, self.url = context, url
        self._closed = _closed.setdefault(context, set())

    @property
    def served(self) -> bool:
        """Whether the server gives the node's files, as far as that is known."""
        return self.url not in self._closed

    @contextmanager
    def stream(self, asset: int, start: int, stop: int) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Return what tells the file's state from others, and its bytes as they come.

        Raises
        ------
        NotServed
            The server does not give ranges of it.
        """
        with self._response(asset, start, stop) as response:
            yield response.headers["etag"], response.iter_raw()

    def block(self, asset: int, start: int, stop: int) -> tuple[str, int, bytes]:
        """Return what tells the file's state from others, its size, and bytes of it."""
        with self._response(asset, start, stop) as response:
            size = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
            if size is None:
                raise NotServed
            return response.headers["etag"], int(size[1]), response.read()

    @contextmanager
    def _response(self, asset: int, start: int, stop: int) -> Iterator[httpx.Response]:
        """Return the answer to a request for a range."""
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        client = self._context.http_client
        with (
            self._context.throttle(),
            client.stream("GET", self.url, params={"id": str(asset)}, headers=headers) as response,
        ):
            tag = response.headers.get("etag", "")
            if response.status_code != httpx.codes.PARTIAL_CONTENT or not tag or tag.startswith("W/"):
                if response.status_code in (httpx.codes.FORBIDDEN, httpx.codes.OK):
                    self._closed.add(self.url)
                raise NotServed
            yield response


class RangedFile(io.RawIOBase):
    """A file on a server, which HDF5 reads block by block.

    Attributes
    ----------
    tag
        What tells the file's state from others; it does not change while this is open.
    error
        What a request ended in, which HDF5 would tell in other words.
    """

    def __init__(self, ranges: ByteRanges, asset: int) -> None:
        self._ranges, self._asset = ranges, asset
        self.where = f"{ranges.url}?id={asset}"
        self.error: Exception | None = None
        self._at = 0
        self.tag, self._size, first = ranges.block(asset, 0, _BLOCK)
        self._blocks = {0: first}
        self._hdf5: h5py.File | None = None

    def dataset(self, name: str) -> h5py.Dataset:
        """Return a dataset of the file, to which only hard links lead: nothing else is opened.

        Raises
        ------
        Hdf5Error
            The file has none, or HDF5 cannot read it.
        CatalogError, NotServed
            What the server said.
        """
        try:
            with hdf5_errors(self.where):
                self._hdf5 = h5py.File(self, "r")
                node: Any = self._hdf5
                for step in name.strip("/").split("/"):
                    link = link_of(node, step) if isinstance(node, h5py.Group) else None
                    node = child_of(node, step) if link is not None and link.kind == "hard" else None
            if not isinstance(node, h5py.Dataset):
                raise LayoutUnknown(f"no dataset {name} of its own", self.where, "read it with h5py")
        except Id3cDataError:
            raise self.error or NotServed from None
        return node

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any part of it can be read."""
        return True

    def tell(self) -> int:
        """Return which byte is next."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        view = memoryview(buffer).cast("B")
        done, wanted = 0, min(len(view), max(0, self._size - self._at))
        while done < wanted:
            number, start = divmod(self._at, _BLOCK)
            part = self._block(number)[start : start + wanted - done]
            view[done : done + len(part)] = part
            done, self._at = done + len(part), self._at + len(part)
        return done

    def _block(self, number: int) -> bytes:
        """Return a block of the file."""
        if number not in self._blocks:
            start, stop = number * _BLOCK, min((number + 1) * _BLOCK, self._size)
            try:
                tag, _, data = self._ranges.block(self._asset, start, stop)
                if tag != self.tag or len(data) != stop - start:
                    raise NotServed
            except Exception as error:
                self.error = error
                raise
            if len(self._blocks) >= _MOST_BLOCKS:
                self._blocks.clear()
            self._blocks[number] = data
        return self._blocks[number]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._hdf5 is not None:
            self._hdf5.close()
        self.close()
