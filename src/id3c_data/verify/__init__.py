"""Verification: whether all that the documents of a run promise is there, and can be read."""

from ._choice import chosen_runs
from ._repair import repair
from ._report import Finding, FrameCounts, RunReport
from ._verify import Progress, verify_run

__all__ = ["Finding", "FrameCounts", "Progress", "RunReport", "chosen_runs", "repair", "verify_run"]
