"""The JSON Schema of a devices.yml: what editors complete and explain while one is written."""

from __future__ import annotations

from typing import Any

__all__ = ["schema"]


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a devices.yml.

    The sections of this package and of `apstools.devices.ad_creator` are known with their arguments; of any
    other section, what every device has.
    """
    from pydantic.json_schema import models_json_schema

    from ._models import MODELS, Device

    models = {**MODELS, "": Device}
    references, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template="#/$defs/{model}"
    )
    lists = {
        path: {
            "type": "array",
            "description": (model.__doc__ or "").strip(),
            "items": references[(model, "validation")],
        }
        for path, model in models.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "devices.yml",
        "description": "Devices of a Bluesky session, in sections named by their class or creator.",
        "type": "object",
        "additionalProperties": lists.pop(""),
        "properties": lists,
        "$defs": {name: _tidy(model) for name, model in definitions["$defs"].items()},
    }


def _tidy(model: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only says that an argument can be left out, and titles that repeat its name."""
    properties = {
        name: {
            key: value for key, value in field.items() if key != "title" and (key, value) != ("default", None)
        }
        for name, field in model["properties"].items()
    }
    return {**model, "properties": properties}
