"""Images that Lima writes into files of its own, before the BLISS file leads to them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import ConfigError, FileMissing, Hdf5Error, LinkOutsideRoots
from ._looks import Look
from ._nodes import Form, Kind
from ._peek import form_of
from ._points import Check, Fetched, Ready
from ._rows import Rows

__all__ = ["LimaData"]

_FILES: Final = "{dirname}/scan{scan_number:04d}/{bliss_detector_name}_{{file_index}}.h5"
_PLAIN: Final = f"{_FILES}::/entry_0000/measurement/data"
_NAMED: Final = f"{_FILES}::/entry_0000/{{instrument_name}}/{{detector_name}}/data"
_INDEX: Final = "{file_index}"


class LimaData:
    """Where Lima's files are, for detectors of BLISS scans.

    Lima keeps a file locked up until it is full, so its images become readable file by file.

    Parameters
    ----------
    folder
        Of the BLISS file; ``{dirname}`` of the template.
    names
        Detectors, as BLISS names them: ``/<scan>/instrument/<name>/data``.
    url_template
        ``file::path`` of the data. ``{dirname}``, ``{scan_number}``, ``{bliss_detector_name}`` and the
        template's arguments are filled in; ``{{file_index}}`` is left for the file's number (0, 1, ...). By
        default
        ``{dirname}/scan{scan_number:04d}/{bliss_detector_name}_{{file_index}}.h5::/entry_0000/measurement/data``.
    url_template_args
        More names to fill in. With ``instrument_name``, the default path in the file is
        ``/entry_0000/{instrument_name}/{detector_name}/data``.

    Raises
    ------
    ConfigError
        The template has no place for the number of the file, or none for the path.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str] = (),
        url_template: str | None = None,
        url_template_args: Mapping[str, str] | None = None,
    ) -> None:
        self._folder, self._args = folder, dict(url_template_args or {})
        self._template = url_template or (_NAMED if "instrument_name" in self._args else _PLAIN)
        wanted = [names] if isinstance(names, str) else names
        self._match = re.compile(rf"/(\d+)\.\d+/instrument/({'|'.join(map(re.escape, wanted))})(/data)?")
        self._any = bool(wanted)
        if self._any:
            self._url(1, "name")

    def kind(self, look: Look, path: str) -> Kind | None:
        """Return what is at a path; None where Lima has written nothing for it."""
        matched = self._matched(path)
        if matched is None or self._rows(look, matched) is None:
            return None
        return "dataset" if matched[3] else "group"

    def rows(self, look: Look, path: str) -> tuple[Form, Rows] | None:
        """Return the images of a detector; None where Lima has written none."""
        matched = self._matched(path)
        if matched is None or not matched[3]:
            return None
        rows = self._rows(look, matched)
        return None if rows is None else (Form(rows.shape, rows.dtype, grows=True), rows)

    def _matched(self, path: str) -> re.Match[str] | None:
        return self._match.fullmatch(path) if self._any else None

    def _rows(self, look: Look, matched: re.Match[str]) -> _LimaRows | None:
        file, name = self._url(int(matched[1]), matched[2])
        look.note(file.parent)
        found = _files(file)
        return _LimaRows.of(look, found, name) if 0 in found else None

    def _url(self, scan_number: int, detector: str) -> tuple[Path, str]:
        """Return file and path of the images; the file's name has a place for its number."""
        known = {
            "dirname": str(self._folder),
            "scan_number": scan_number,
            "bliss_detector_name": detector,
            "detector_name": detector,
        }
        try:
            more = {name: value.format(**known) for name, value in self._args.items()}
            url = self._template.format(**(known | more))
        except (IndexError, KeyError, ValueError) as error:
            raise _template_error(self._template, f"cannot be filled in ({error})") from error
        file, separator, name = url.partition("::")
        if not separator or _INDEX not in Path(file).name:
            raise _template_error(self._template, "has no '::', or no {{file_index}} in the file's name")
        return Path(file), name


class _LimaRows:
    """The images of one detector in one scan, over all its files."""

    lasting = False  # the files are opened in the look that it was made in

    def __init__(
        self, look: Look, files: dict[int, Path], name: str, form: Form, per_file: int, length: int
    ) -> None:
        self._look, self._files, self._name, self._per_file = look, files, name, per_file
        self.shape, self.dtype = (length, *form.shape[1:]), form.dtype

    @classmethod
    def of(cls, look: Look, files: dict[int, Path], name: str) -> _LimaRows | None:
        """Return the images of those files that can be read; None where there are none."""
        first = _open(look, files[0], name)
        if first is None:
            return None
        form, per_file = first[0], first[0].shape[0]
        length = per_file
        for number in sorted(files, reverse=True)[:-1]:
            last = _open(look, files[number], name)
            if last is not None:
                length = number * per_file + last[0].shape[0]
                break
        return cls(look, files, name, form, per_file, length)

    def present(self, rows: Sequence[int]) -> int:
        for number, places in self._by_file(rows).items():
            file = self._files.get(number)
            opened = None if file is None else _open(self._look, file, self._name)
            for place in places:
                if opened is None or rows[place] - number * self._per_file >= opened[0].shape[0]:
                    return place
        return len(rows)

    def fetch(self, rows: Sequence[int]) -> Fetched:
        parts: list[tuple[list[int], Fetched]] = []
        for number, places in self._by_file(rows).items():
            if number not in self._files:
                where = str(self._files[0].parent)
                raise FileMissing(f"Lima's file number {number} is not there", where, "see what became of it")
            _, inner = form_of(self._look, self._look.get(self._files[number], self._name))
            if inner is not None:
                inside = [rows[place] - number * self._per_file for place in places]
                parts.append((places, inner.fetch(inside)))

        def put_together(check: Check) -> list[Ready]:
            values = np.empty((len(rows), *self.shape[1:]), self.dtype)
            for places, fetched in parts:
                values[places] = fetched.values(check)
            return [Ready(values)]

        return Fetched(len(rows), self.shape[1:], self.dtype, put_together)

    def _by_file(self, rows: Sequence[int]) -> dict[int, list[int]]:
        """Return for each file which of the points lie in it."""
        files: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            files.setdefault(row // self._per_file, []).append(place)
        return files


def _open(look: Look, file: Path, name: str) -> tuple[Form, Rows | None] | None:
    """Return the images of one file; None where Lima has not finished it."""
    try:
        form, rows = form_of(look, look.get(file, name))
    except LinkOutsideRoots:
        raise
    except Hdf5Error:
        return None
    return (form, rows) if form.shape and form.shape[0] else None


def _files(file: Path) -> dict[int, Path]:
    """Return the files of a detector by their numbers; one may be seen before those with lower numbers."""
    pattern = re.compile(re.escape(file.name).replace(re.escape(_INDEX), r"(\d+)"))
    try:
        names = os.listdir(file.parent)  # noqa: PTH208
    except OSError:
        return {}
    return {int(match[1]): file.parent / name for name in names if (match := pattern.fullmatch(name))}


def _template_error(template: str, what: str) -> ConfigError:
    return ConfigError(
        f"Lima's URL template {template!r} {what}",
        next_step="write it as '<file>_{{file_index}}.h5::/path/in/it'",
    )
