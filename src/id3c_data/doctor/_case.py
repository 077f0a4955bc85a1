"""What one examination knows: what was asked for, and what its hops have found so far."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Loaded, RightSite
from ..errors import Id3cDataError
from ..h5api import Looker
from ..paths import PathMap, PathTemplates
from ._settings import DEFAULT_DEVICES, Settings

if TYPE_CHECKING:
    from ..catalog import Catalog, ImagesClient
    from ..documents import Promise, RunState
    from ._detector_checks import DetectorChecks
    from ._frames_look import FramesLook
    from ._link_look import Link

__all__ = ["Case", "DataFile", "Master"]

_NUMBER = re.compile(r"_data_(\d{6})\.h5$")


@dataclass(slots=True)
class DataFile:
    """A file that a link of a master leads to.

    Parameters
    ----------
    path
        As this host has it.
    needed
        Whether an event has frames of it, as far as that is known.
    whole
        Whether nothing was found wrong with its bytes.
    """

    path: Path
    needed: bool
    whole: bool = True


@dataclass(slots=True)
class Master:
    """One master of what is examined.

    Parameters
    ----------
    path
        As this host has it.
    needed
        How many of its frames events have, from the first on; None where no run says it.
    images_per_file
        How many frames a data file has at most, where a run says it.
    modified
        When it was last written to, in seconds since 1970.
    links
        To its data files; None as long as it could not be read.
    data_files
        Those that links lead to.
    frames
        What was seen of its frames; None as long as nothing was.
    """

    path: Path
    needed: int | None = None
    images_per_file: int | None = None
    modified: float = 0.0
    links: tuple[Link, ...] | None = None
    data_files: dict[Path, DataFile] = field(default_factory=dict["Path", "DataFile"])
    frames: FramesLook | None = None

    def is_needed(self, link: Link) -> bool:
        """Say whether an event has frames of what a link leads to, or that is not known."""
        number = _NUMBER.search(link.target)
        if number is None or self.needed is None or self.images_per_file is None:
            return True
        return (int(number[1]) - 1) * self.images_per_file < self.needed


@dataclass(slots=True)
class Case:
    """An examination.

    Parameters
    ----------
    settings
        What was asked for.
    looker
        Looks at files.
    open
        What must be closed in the end.
    """

    settings: Settings
    looker: Looker
    open: ExitStack
    loaded: Loaded | None = None
    site: RightSite | None = None
    checks: DetectorChecks | None = None
    catalog: Catalog | None = None
    catalog_name: str = ""
    catalog_s: float = 0.0
    catalog_error: Id3cDataError | None = None
    run: RunState | None = None
    data_key: str = ""
    described: Mapping[str, Any] = field(default_factory=dict[str, "Any"])
    promises: Sequence[Promise] = ()
    images: ImagesClient | None = None
    masters: list[Master] = field(default_factory=list["Master"])
    not_exposed: str = ""
    came_late: str = ""
    documents: list[tuple[str, Any]] = field(default_factory=list["tuple[str, Any]"])
    served: dict[int, Any] = field(default_factory=dict[int, "Any"])

    @property
    def here(self) -> PathMap:
        """Where this host has the folders that documents and links name."""
        return PathMap.of(self.settings.path_map)

    def path_of(self, promise: Promise) -> Path:
        """Return the master that an event's images are promised in, as this host has it."""
        return Path(self.here.to_here(promise.path))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files or folders of devices."""
        return self.settings.devices or (DEFAULT_DEVICES,)

    @property
    def from_file(self) -> bool:
        """Whether a file is all that is asked for."""
        return isinstance(self.settings.target, Path)

    @property
    def from_run(self) -> bool:
        """Whether a run is asked for that was taken before."""
        return self.settings.target is not None and not self.from_file

    @property
    def templates(self) -> PathTemplates | None:
        """The detector's pair of templates, with the read side as this host has it."""
        if self.site is None:
            return None
        pair = self.site.templates
        return PathTemplates(pair.write, f"{self.here.to_here(pair.read)}/", pair.write_root, pair.semantics)
