"""One pair of path templates: where the IOC writes, and where readers find the same folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from ..errors import PathOutsideRoots, TemplateError
from ._lexical import PathSemantics, is_name, pure_path, relative_parts
from ._problem import TemplateProblem
from ._rules import template_problems
from ._split import Split, join, split

__all__ = ["Directories", "PathTemplates"]


@dataclass(frozen=True, slots=True)
class Directories:
    """One folder of one moment, from both sides.

    Parameters
    ----------
    write
        As the IOC sees it, with its system's separator at the end.
    read
        As readers see it, with ``/`` at the end.
    """

    write: str
    read: str


@dataclass(frozen=True, slots=True)
class PathTemplates:
    r"""A pair of templates that name one folder from two sides.

    Parameters
    ----------
    write
        Where the IOC writes, as the IOC sees it; strftime directives are filled in for each run. Relative
        only together with ``write_root``.
    read
        The same folder as readers see it: absolute, POSIX.
    write_root
        The folder that a relative ``write`` starts from.
    semantics
        Flavour of the write side: ``"posix"`` or ``"windows"``.

    Raises
    ------
    TemplateError
        Where a rule is broken; it lists every fault.

    Examples
    --------
    >>> from datetime import datetime
    >>> templates = PathTemplates(write="D:\\data\\%Y\\", read="/mnt/eiger/%Y/", semantics="windows")
    >>> templates.at(datetime(2026, 11, 20))
    Directories(write='D:\\data\\2026\\', read='/mnt/eiger/2026/')
    >>> templates.to_read("d:/data/2026/a_master.h5")
    PurePosixPath('/mnt/eiger/2026/a_master.h5')
    """

    write: str
    read: str
    write_root: str | None = None
    semantics: PathSemantics = "posix"

    def __post_init__(self) -> None:
        problems = tuple(template_problems(self.write, self.read, self.write_root, self.semantics))
        if problems:
            raise _template_error(problems)

    def at(self, moment: datetime) -> Directories:
        """Return both sides' folder for one moment."""
        return Directories(self._write_side.expanded(moment), self._read_side.expanded(moment))

    @property
    def write_base(self) -> str:
        """The write side up to its first component with a directive: the root of all that the IOC writes."""
        return self._write_side.base

    @property
    def read_base(self) -> str:
        """The read side up to its first component with a directive: where readers have that root."""
        return self._read_side.base

    def to_read(self, path: str | PurePath) -> PurePosixPath:
        """Return a path of the write side as readers see it.

        Raises
        ------
        PathOutsideRoots
            Where it is not below ``write_base``, or holds ``..``.
        """
        parts = self._below(path, self.semantics, self.write_base, "write")
        return PurePosixPath(self.read_base, *parts)

    def to_write(self, path: str | PurePath) -> PurePosixPath | PureWindowsPath:
        """Return a path of the read side as the IOC sees it.

        Raises
        ------
        PathOutsideRoots
            Where it is not below ``read_base``, holds ``..``, or a name that the IOC's system cannot have.
        """
        parts = self._below(path, "posix", self.read_base, "read")
        base = pure_path(self.write_base, self.semantics)
        return base.joinpath(*parts)

    def _below(self, path: str | PurePath, semantics: PathSemantics, base: str, side: str) -> tuple[str, ...]:
        parts = relative_parts(pure_path(path, semantics), pure_path(base, semantics))
        if parts is None:
            raise PathOutsideRoots(
                f"is not below {base!r}, the root of the {side} side",
                where=str(path) or "the empty path",
                next_step=f"see whether the {side} template names the folder that the files are really in",
            )
        for part in parts:
            if not is_name(part, self.semantics):
                raise PathOutsideRoots(
                    f"{part!r} is no name on the IOC's system, so nothing it writes is called that",
                    where=str(path),
                    next_step="see whether the declared path semantics are those of the IOC",
                )
        return parts

    @property
    def _write_side(self) -> Split:
        return join(self.write, self.write_root, self.semantics)

    @property
    def _read_side(self) -> Split:
        return split(self.read, "posix")


def _template_error(problems: tuple[TemplateProblem, ...]) -> TemplateError:
    if len(problems) == 1:
        (problem,) = problems
        where = "write and read template" if problem.field == "both" else f"{problem.field} template"
        return TemplateError(problem.what, where, problem.next_step, problem.code)
    listed = "".join(f"\n  - {problem}" for problem in problems)
    return TemplateError(f"{len(problems)} faults:{listed}", where="path templates")
