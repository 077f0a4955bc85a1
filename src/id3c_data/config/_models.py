"""What a devices.yml may say of this package's devices: pydantic's models, one for each class or creator.

Their descriptions are the one source of the JSON Schema and of the reference. A field whose rules have codes
of their own takes anything here, so that no fault is said twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from ._plugins import AD_CREATOR_PLUGINS, EIGER2_PLUGINS, HDF5_PLUGIN

__all__ = [
    "MODELS",
    "PLUGIN_MODELS",
    "AdCreator",
    "AnyOfOphyd",
    "ComponentSettings",
    "Device",
    "Eiger2Creator",
    "Eiger2Detector",
    "Eiger2HDF5Plugin",
    "PluginOfOphyd",
    "Words",
]


@dataclass(frozen=True, slots=True)
class Words:
    """How a field says that its value is wrong, and what to write instead."""

    what: str
    next_step: str


Text = Annotated[str, Words("is no text", "put it in quotes")]
Count = Annotated[int, Field(ge=1), Words("is no count", "use a whole number from 1 on")]
Seconds = Annotated[
    float, Field(gt=0, allow_inf_nan=False), Words("is no time", "use a number of seconds above 0")
]
Flag = Annotated[bool, Words("is neither true nor false", "use true or false")]
Names = Annotated[list[str], Words("is no list of names", 'use a list of signals, such as ["stats1.total"]')]
Mapping = Annotated[dict[str, Any], Words("is no mapping", "write `name: value`, one a line")]

_Name = Annotated[Any, WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z_]\w*$"})]
_Prefix = Annotated[Any, WithJsonSchema({"type": "string"})]
_Labels = Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "string"}})]
_Template = Annotated[Any, WithJsonSchema({"type": "string"})]
_Semantics = Annotated[Any, WithJsonSchema({"enum": ["posix", "windows"]})]


_NAME = "Its name in Bluesky and in the session; the beginning of its data keys."


class Device(BaseModel):
    """Any device."""

    model_config = ConfigDict(extra="allow", strict=True)

    name: _Name = Field(None, description=_NAME)
    prefix: _Prefix = Field("", description="Start of all its PV names.")
    labels: _Labels = Field([], description="Labels that sessions find it by, such as `detectors`.")


class AnyOfOphyd(BaseModel):
    """What each device of ophyd takes, of whatever class it is."""

    model_config = ConfigDict(strict=True)

    kind: Literal["omitted", "normal", "config", "hinted"] = Field(
        "normal", description="Kind of the whole device in ophyd."
    )
    read_attrs: Names = Field([], description="Components that are read with each event, by ophyd's names.")
    configuration_attrs: Names = Field(
        [], description="Components that are read once a run, by ophyd's names."
    )


class _OfOphyd(AnyOfOphyd, Device):
    """A device of which all arguments are known."""

    model_config = ConfigDict(extra="forbid", strict=True)

    connection_timeout: Seconds = Field(1.0, description="Seconds that one PV may take to connect, in ophyd.")
    child_name_separator: Text = Field("_", description="What stands between the parts of signals' names.")


class _Eiger2(_OfOphyd):
    """An Eiger2, whichever way it is made."""

    name: _Name = Field(description=_NAME)
    prefix: _Prefix = Field(description="Start of all PV names, such as `dp_eiger_sn:`.")
    write_root: _Template = Field(
        None, description="The folder that a relative `write_path_template` starts from."
    )
    path_semantics: _Semantics = Field("posix", description="Flavour of the write side: the IOC's system.")
    writer: Literal["dcu", "hdf5"] = Field(
        "dcu", description="Who writes the files: the detector's control unit, or the IOC's HDF5 plugin."
    )
    series: Literal["point", "run"] = Field(
        "point", description="Whether the detector is armed for each point, or once for the run."
    )
    num_images: Count = Field(1, description="Images of an event.")
    images_per_file: Count = Field(1000, description="Images in a data file of the control unit.")
    data_source: Literal["Stream", "FileWriter", "None"] = Field(
        "Stream", description="Where the IOC's NDArrays come from, and so its statistics."
    )
    swmr: Flag = Field(
        False, description="Whether the HDF5 plugin writes so that readers on the same host can follow."
    )
    file_prefix: Text = Field("", description="Start of file names; the device's name where it is empty.")
    hinted: Names = Field(
        ["stats1.total"], description="Signals that are read with each event and shown by tables and plots."
    )
    timeout: Seconds = Field(
        30.0, description="Seconds that the driver may stay silent beyond the exposure itself."
    )
    file_timeout: Seconds = Field(30.0, description="Seconds to wait for a file to be seen on the read side.")


class Eiger2Detector(_Eiger2):
    """An Eiger2 with the plugins that 3-ID-C uses."""

    write_path_template: _Template = Field(description="Folder of a run's files as the IOC sees it.")
    read_path_template: _Template = Field(description="The same folder as readers see it.")


_PLUGIN = {
    "type": ["object", "null"],
    "properties": {
        "class": {"type": "string", "description": "Import path of the plugin's class."},
        "suffix": {"type": "string", "description": "What follows the detector's prefix in its PV names."},
        "write_path_template": {"type": "string", "description": "Folder of files as the IOC sees it."},
        "read_path_template": {"type": "string", "description": "The same folder as readers see it."},
    },
}


def _plugins_schema(names: frozenset[str]) -> WithJsonSchema:
    known = {"type": "object", "maxProperties": 1, "properties": dict.fromkeys(sorted(names), _PLUGIN)}
    return WithJsonSchema(
        {
            "type": "array",
            "items": {"anyOf": [{"enum": sorted(names)}, {**known, "additionalProperties": _PLUGIN}]},
        }
    )


class Eiger2Creator(_Eiger2):
    """An Eiger2 described as for `apstools.devices.ad_creator`."""

    write_path_template: _Template = Field(None, description="Folder of a run's files as the IOC sees it.")
    read_path_template: _Template = Field(None, description="The same folder as readers see it.")
    plugins: Annotated[Any, _plugins_schema(frozenset(EIGER2_PLUGINS))] = Field(
        [], description="Names of plugins, or mappings of one name to its settings."
    )
    plugin_defaults: Mapping = Field({}, description="Settings of plugins by name, under those of `plugins`.")
    class_name: Text = Field("", description="Name of the class that is made.")
    validate_ports: Flag = Field(
        False, description="Whether to check that all plugins' sources are known, which waits for the IOC."
    )


class PluginOfOphyd(BaseModel):
    """A plugin, or the camera, that takes what each device of ophyd takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    labels: _Labels = Field([], description="Labels that sessions find it by.")
    connection_timeout: Seconds = Field(1.0, description="Seconds that one PV may take to connect, in ophyd.")
    child_name_separator: Text = Field("_", description="What stands between the parts of signals' names.")
    read_attrs: Names = Field([], description="Components that are read with each event, by ophyd's names.")
    configuration_attrs: Names = Field(
        [], description="Components that are read once a run, by ophyd's names."
    )


class Eiger2HDF5Plugin(PluginOfOphyd):
    """The HDF5 plugin of this package in a detector that `apstools.devices.ad_creator` makes."""

    write_path_template: _Template = Field(description="Folder of a run's files as the IOC sees it.")
    read_path_template: _Template = Field(description="The same folder as readers see it.")
    write_root: _Template = Field(
        None, description="The folder that a relative `write_path_template` starts from."
    )
    path_semantics: _Semantics = Field("posix", description="Flavour of the write side: the IOC's system.")
    swmr: Flag = Field(False, description="Whether readers on the same host can follow the file.")
    file_prefix: Text = Field("", description="Start of file names; the detector's name where it is empty.")
    timeout: Seconds = Field(30.0, description="Seconds that the plugin may stay silent.")


class ComponentSettings(BaseModel):
    """What a creator takes from a plugin's settings itself, for ophyd's `Component`."""

    model_config = ConfigDict(strict=True)

    suffix: Text = Field("", description="What follows the detector's prefix in its PV names.")
    kind: Literal["omitted", "normal", "config", "hinted"] = Field("normal", description="Kind in ophyd.")
    lazy: Flag = Field(True, description="Whether its PVs connect when they are first used.")
    doc: Text = Field("", description="What it is for, in words.")


class AdCreator(_OfOphyd):
    """An area detector that `apstools.devices.ad_creator` makes."""

    name: _Name = Field(description=_NAME)
    prefix: _Prefix = Field(description="Start of all PV names, with its colon.")
    plugins: Annotated[Any, _plugins_schema(frozenset(AD_CREATOR_PLUGINS))] = Field(
        ["cam"], description="Names of plugins, or mappings of one name to its settings."
    )
    plugin_defaults: Mapping = Field({}, description="Settings of plugins by name, instead of apstools' own.")
    class_name: Text = Field("", description="Name of the class that is made.")
    validate_ports: Flag = Field(
        True, description="Whether to check that all plugins' sources are known, which waits for the IOC."
    )
    image_name: Text = Field(
        "", description="What images are called in events; made of the name if left out."
    )


MODELS: dict[str, type[Device]] = {
    "id3c_data.devices.Eiger2Detector": Eiger2Detector,
    "id3c_data.devices.eiger2_creator": Eiger2Creator,
    "apstools.devices.ad_creator": AdCreator,
}
"""The model of each class or creator that has one."""

_AD_CREATOR_PLAIN = [
    path
    for name, path in AD_CREATOR_PLUGINS.items()
    if path.startswith("ophyd.") and name != "gather1"  # that one has an index too
]

PLUGIN_MODELS: dict[str, type[BaseModel]] = {
    **dict.fromkeys(EIGER2_PLUGINS.values(), PluginOfOphyd),
    **dict.fromkeys(_AD_CREATOR_PLAIN, PluginOfOphyd),
    HDF5_PLUGIN: Eiger2HDF5Plugin,
}
"""The same for plugins."""
