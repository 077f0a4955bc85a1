"""What a verification finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Finding", "FrameCounts", "RunReport", "Severity"]

Severity = Literal["problem", "note"]
"""A ``note`` is what one may want to know and what nothing is lost by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as the documents promise.

    Parameters
    ----------
    what
        In words.
    next_step
        What to do about it.
    severity
        Whether it is a problem.
    stream, data_key
        Which images, or events, it is about.
    event
        Number of the event (``seq_num``, from 1).
    frame
        Number of the frame in its master, from 0.
    file
        The file.
    """

    what: str
    next_step: str = ""
    severity: Severity = "problem"
    stream: str = ""
    data_key: str = ""
    event: int | None = None
    frame: int | None = None
    file: str = ""

    def __str__(self) -> str:
        place = [part for part in (self.stream, self.data_key) if part]
        place += [f"event {self.event}"] if self.event is not None else []
        place += [f"frame {self.frame}"] if self.frame is not None else []
        text = f"{' '.join(place)}: {self.what}" if place else self.what
        text += f" ({self.file})" if self.file and self.file not in self.what else ""
        return f"{text}; {self.next_step}" if self.next_step else text


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCounts:
    """Frames of one data key: four numbers that are the same where nothing is missing.

    Parameters
    ----------
    stream, data_key
        Whose they are.
    promised
        By the documents.
    in_masters
        Of those, how many the masters speak of.
    in_files
        Of those, how many are in the files that hold frames.
    decoded
        Of those, how many could be decoded, with the size and type that is promised.
    """

    stream: str
    data_key: str
    promised: int
    in_masters: int
    in_files: int
    decoded: int

    def __str__(self) -> str:
        whole = self.promised == self.in_masters == self.in_files == self.decoded
        if whole:
            return f"{self.stream} {self.data_key}: {self.promised} frames, all there"
        return (
            f"{self.stream} {self.data_key}: {self.promised} frames promised, {self.in_masters} in the "
            f"masters, {self.in_files} in the files, {self.decoded} decoded"
        )


@dataclass(frozen=True, slots=True)
class RunReport:
    """What the verification of a run found.

    Parameters
    ----------
    uid, scan_id
        Of the run.
    exit_status
        As the stop document has it; empty where there is none.
    frames
        Counts of each data key of images.
    findings
        In the order of the run.
    too_long
        By stream and data key, how many events an image node should have that has more in the catalog than
        were ever written; `repair` makes it so.
    """

    uid: str
    scan_id: Any
    exit_status: str
    frames: tuple[FrameCounts, ...]
    findings: tuple[Finding, ...]
    too_long: dict[tuple[str, str], int]

    @property
    def well(self) -> bool:
        """Whether there is no problem."""
        return not any(finding.severity == "problem" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        too_long = {"/".join(key): events for key, events in self.too_long.items()}
        return {
            "uid": self.uid,
            "scan_id": self.scan_id,
            "exit_status": self.exit_status,
            "well": self.well,
            "frames": [asdict(counts) for counts in self.frames],
            "findings": [asdict(finding) for finding in self.findings],
            "too_long": too_long,
        }
