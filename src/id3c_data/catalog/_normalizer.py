"""Documents as the writer takes them: also those of Eigers that write no documents of ours.

ophyd's Eiger file plugin, and those of other facilities, name a whole run's files by one resource of the spec
``AD_EIGER2`` (or an older name of it), with the series of each event in its datum. `bluesky_tiled_plugins`
does not know the spec and would make a file to download of it.

Areadetector's own spec ``AD_HDF5`` means a file with all frames in ``/entry/data/data``. A master of the
detector has none there, so one that stands under that spec is read as what it is.
"""

from __future__ import annotations

from typing import Any, cast

from bluesky_tiled_plugins.writing.tiled_writer import RunNormalizer

from ..documents import MIMETYPE, SPEC

__all__ = ["FOREIGN_SPECS", "Normalizer"]

FOREIGN_SPECS = frozenset({"AD_EIGER", "AD_EIGER2", "AD_EIGER_SLICE"})

_PLUGIN_SPECS = frozenset({"AD_HDF5", "AD_HDF5_SINGLE", "AD_HDF5_SWMR"})
_MASTER_ENDING = "_master.h5"  # of every master that the detector writes (SIMPLON API, file writer)


class Normalizer(RunNormalizer):
    """A `RunNormalizer` that gives each series of a resource of other Eigers a resource of ours."""

    def __init__(self, **_: Any) -> None:
        super().__init__(spec_to_mimetype={SPEC: MIMETYPE})
        self._foreign: dict[str, Any] = {}
        self._series: set[str] = set()

    def resource(self, doc: Any) -> None:
        """Take in a resource; one of other Eigers waits for the datums that say its series."""
        spec = doc.get("spec", "").upper()
        if spec in FOREIGN_SPECS:
            self._foreign[doc["uid"]] = doc
        elif spec in _PLUGIN_SPECS and doc["resource_path"].endswith(_MASTER_ENDING):
            super().resource(_as_ours(doc))
        else:
            super().resource(doc)

    def datum(self, doc: Any) -> None:
        """Take in a datum; one of other Eigers becomes one of ours."""
        foreign = self._foreign.get(doc["resource"])
        if foreign is not None:
            kwargs = doc["datum_kwargs"]
            image = kwargs.get("frame_num")
            resource = self._resource_of(foreign, kwargs["seq_id"], image is not None)
            doc = {**doc, "resource": resource, "datum_kwargs": {"point_number": image or 0}}
        super().datum(doc)

    def _resource_of(self, foreign: Any, series: int, single_images: bool) -> str:
        """Return the uid of our resource of a series, which is emitted when it is first asked for."""
        uid = f"{foreign['uid']}/{series}"
        if uid not in self._series:
            self._series.add(uid)
            kwargs: dict[str, Any] = {"writer": "dcu", "sequence_id": series}
            if single_images:
                kwargs["frames_per_event"] = 1
            else:  # the whole series is one event, with as many frames as the data key's shape says
                kwargs["series"] = "point"
            if per_file := foreign["resource_kwargs"].get("images_per_file"):
                kwargs["images_per_file"] = per_file
            path = f"{foreign['resource_path']}_{series}_master.h5"
            ours: Any = {"uid": uid, "spec": SPEC, "resource_path": path, "resource_kwargs": kwargs}
            super().resource(cast("Any", {**foreign, **ours}))
        return uid


def _as_ours(doc: Any) -> Any:
    """Return the resource of a master under a spec of areaDetector's as one of ours."""
    kwargs: dict[str, Any] = {"writer": "dcu"}
    if frames := doc["resource_kwargs"].get("frame_per_point"):
        kwargs["frames_per_event"] = frames
    return {**doc, "spec": SPEC, "resource_kwargs": kwargs}
