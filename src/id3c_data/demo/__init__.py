"""The whole chain on one machine: simulated detector, scan, catalog, frames."""

from ._demo import Settings, run_demo

__all__ = ["Settings", "run_demo"]
