"""Documents as the writer takes them: also those of Eigers that write no documents of ours.

ophyd's Eiger file plugin, and those of other facilities, name a whole run's files by one resource of the spec
``AD_EIGER2`` (or an older name of it), with the series of each event in its datum. `bluesky_tiled_plugins`
does not know the spec and would make a file to download of it.
"""

from __future__ import annotations

from typing import Any, cast

from bluesky_tiled_plugins.writing.tiled_writer import RunNormalizer

from ..documents import MIMETYPE, SPEC

__all__ = ["FOREIGN_SPECS", "Normalizer"]

FOREIGN_SPECS = frozenset({"AD_EIGER", "AD_EIGER2", "AD_EIGER_SLICE"})


class Normalizer(RunNormalizer):
    """A `RunNormalizer` that gives each series of a resource of other Eigers a resource of ours."""

    def __init__(self, **_: Any) -> None:
        super().__init__(spec_to_mimetype={SPEC: MIMETYPE})
        self._foreign: dict[str, Any] = {}
        self._series: set[str] = set()

    def resource(self, doc: Any) -> None:
        """Take in a resource; one of other Eigers waits for the datums that say its series."""
        if doc.get("spec", "").upper() in FOREIGN_SPECS:
            self._foreign[doc["uid"]] = doc
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
