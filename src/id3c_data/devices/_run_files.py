"""What the files of one run have in common: their folder from both sides, and their name."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from ophyd.areadetector.plugins import FileBase

from ..errors import DetectorFault, FileNameTaken
from ..paths import PathTemplates
from ._answers import NEWS_S
from ._folder import ReadFolder
from ._names import taken_names
from ._settings import process, set_all

__all__ = ["RunFiles", "set_folder"]

logger = logging.getLogger(__name__)

_CREATE_LEVELS = -5  # a negative number lets ADCore make so many missing folders at the path's end


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Folder and name of a run's files.

    Parameters
    ----------
    templates
        The device's pair of templates.
    write, read
        The folder as the IOC and as readers see it, with a separator at the end.
    stem
        Start of all file names.
    verified
        Whether this host has the read side, so that files are looked at; known once the IOC has the folder,
        which it may have to make.
    """

    templates: PathTemplates
    write: str
    read: str
    stem: str
    verified: bool = False

    @classmethod
    def at(cls, templates: PathTemplates, moment: datetime, stem: str) -> RunFiles:
        """Return the files of a run that starts now.

        Raises
        ------
        FileNameTaken
            Files of that name are there already.
        """
        directories = templates.at(moment)
        files = cls(templates, directories.write, directories.read, stem)
        if taken := taken_names(stem, files.folder.names()):
            raise _taken(directories.read + taken[0])
        return files

    @property
    def folder(self) -> ReadFolder:
        """The folder on this host."""
        return ReadFolder(Path(self.read), Path(self.templates.read_base))

    def read_path(self, name: str) -> PurePosixPath:
        """Return a file's path as readers see it."""
        return PurePosixPath(self.read, name)


def set_folder(plugin: FileBase, files: RunFiles) -> RunFiles:
    """Tell the IOC where to write; return the files, knowing whether this host sees that folder.

    Parameters
    ----------
    plugin
        The camera or the HDF5 plugin: both have ADCore's file PVs.
    files
        Of this run.

    Raises
    ------
    DetectorFault
        The IOC has no such folder and cannot make it.
    FileNameTaken
        The last file that the IOC wrote has this run's name.
    """
    last = plugin.full_file_name.get()
    if taken_names(files.write + files.stem, {last}):
        raise _taken(last)
    plugin.file_path.path_semantics = "nt" if files.templates.semantics == "windows" else "posix"
    plugin.create_directory.put(_CREATE_LEVELS)  # before the path, which makes the folders
    set_all(
        {plugin.file_path: files.write}, next_step="see whether path_semantics is that of the IOC's system"
    )
    process(plugin.file_path, files.write)  # the last run may have had the same folder, which has gone since
    if not _is_there(plugin):
        raise DetectorFault(
            f"the IOC has no folder {files.write!r}, and could not make it",
            where=plugin.file_path.setpoint_pvname,
            next_step="see whether its disk is mounted on the IOC's host and may be written to, and whether "
            "write_path_template says where",
        )
    verified = files.folder.mounted
    if not verified:
        logger.warning(
            "%s is not mounted here: the files of this run are not looked at, its points are unverified",
            files.templates.read_base,
        )
    return replace(files, verified=verified)


def _is_there(plugin: FileBase) -> bool:
    """Return whether the IOC has the folder; it says so a moment after it has taken the path."""
    deadline = time.monotonic() + NEWS_S
    while not (there := plugin.file_path_exists.get(use_monitor=False)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(there)


def _taken(path: str) -> FileNameTaken:
    return FileNameTaken(
        "is there already, and the detector would write over it",
        where=path,
        next_step="start the run again; it gets another name",
    )
