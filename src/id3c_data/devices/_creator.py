"""A creator that takes the same description of a detector as `apstools.devices.ad_creator`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ophyd.areadetector import ADComponent
from ophyd.areadetector import plugins as ophyd_plugins

from ..config import (
    OF_EIGER2,
    agreement_faults,
    check_eiger2_options,
    check_settings,
    import_by_path,
    no_list_of_plugins,
    plugin_faults,
)
from ..errors import ConfigError
from ._base import Eiger2Base
from ._cam import Eiger2Cam
from ._hdf5_plugin import Eiger2HDF5Plugin
from ._signals import (
    Eiger2HDF5PluginIO,
    Eiger2ImagePlugin,
    Eiger2PvaPlugin,
    Eiger2ROIPlugin,
    Eiger2StatsPlugin,
)

__all__ = ["eiger2_creator"]

logger = logging.getLogger(__name__)

_OURS: Mapping[str, tuple[str, type]] = {
    "cam": ("cam1:", Eiger2Cam),
    "image": ("image1:", Eiger2ImagePlugin),
    "pva": ("Pva1:", Eiger2PvaPlugin),
    "hdf1": ("HDF1:", Eiger2HDF5PluginIO),
    **{f"roi{i}": (f"ROI{i}:", Eiger2ROIPlugin) for i in range(1, 5)},
    **{f"stats{i}": (f"Stats{i}:", Eiger2StatsPlugin) for i in range(1, 6)},
}
_OPHYDS: Mapping[str, tuple[str, type]] = {
    "codec1": ("Codec1:", ophyd_plugins.CodecPlugin_V34),
    "overlay1": ("Over1:", ophyd_plugins.OverlayPlugin_V34),
    "process1": ("Proc1:", ophyd_plugins.ProcessPlugin_V34),
    "roistat1": ("ROIStat1:", ophyd_plugins.ROIStatPlugin_V34),
    "transform1": ("Trans1:", ophyd_plugins.TransformPlugin_V34),
}
_DEFAULT_PLUGINS = ("cam", "image", "pva", "roi1", "stats1", "hdf1")
_REPLACED: Mapping[str, type] = {"hdf1": ophyd_plugins.HDF5Plugin}


def eiger2_creator(
    prefix: str,
    *,
    name: str,
    plugins: Sequence[str | Mapping[str, Mapping[str, Any]]] | None = None,
    plugin_defaults: Mapping[str, Mapping[str, Any]] | None = None,
    class_name: str = "",
    bases: type | tuple[type, ...] = Eiger2Base,
    ad_setup: Callable[[Eiger2Base], object] | None = None,
    validate_ports: bool = False,
    **kwargs: Any,
) -> Eiger2Base:
    """Return an Eiger2 with the plugins described, and all that `Eiger2Detector` promises.

    It takes what stands under ``apstools.devices.ad_creator`` in a ``devices.yml``: only the section's name
    changes.

    Parameters
    ----------
    prefix
        Start of all PV names.
    name
        Name in Bluesky.
    plugins
        Names of plugins, or one-item mappings of a name to its settings: ``class`` (a class or its dotted
        name), ``suffix``, and arguments of the class. Classes of ophyd and apstools for the camera,
        statistics and HDF5 plugins are replaced by this package's, which have the same signals. Templates
        given for ``hdf1`` are the detector's, and make the HDF5 plugin its writer. Those of
        `Eiger2Detector` where nothing is given.
    plugin_defaults
        Settings for plugins by name, under those of ``plugins``.
    class_name
        Name of the class that is made.
    bases
        Its bases, `Eiger2Base` among them.
    ad_setup
        Called with the detector when it is made.
    validate_ports
        Whether to check that all plugins' sources are known, which waits for the IOC.
    **kwargs
        Further arguments of `Eiger2Detector`.

    Raises
    ------
    ConfigError
        Something in the description is wrong.
    """
    bases = bases if isinstance(bases, tuple) else (bases,)
    if not any(issubclass(base, Eiger2Base) for base in bases):
        raise ConfigError("bases: Eiger2Base is not among them", name, "leave `bases` out, or add it")
    defaults = {} if plugin_defaults is None else plugin_defaults
    check_eiger2_options(name, plugin_defaults=defaults, class_name=class_name, validate_ports=validate_ports)
    settings = _settings_by_name(_DEFAULT_PLUGINS if plugins is None else plugins, defaults, name)
    hdf1 = settings.get("hdf1", {})
    for fault in agreement_faults(kwargs, hdf1):
        raise fault.as_error(name)
    of_detector = {key: hdf1.pop(key) for key in OF_EIGER2 if key in hdf1}
    if "write_path_template" in of_detector:
        of_detector.setdefault("writer", "hdf5")
    components = {key: _component(key, plugin, name) for key, plugin in settings.items()}
    if "cam" not in components:
        raise ConfigError("plugins: there is no cam", name, "add `- cam` to the plugins", "E213")
    if "stats1" not in components:
        kwargs.setdefault("hinted", ())
    cls = type(class_name or f"{name.title().replace('_', '')}Detector", bases, components)
    detector = cls(prefix, name=name, **{**of_detector, **kwargs})
    if validate_ports:
        detector.validate_asyn_ports()
    if ad_setup is not None:
        ad_setup(detector)
    return detector


def _settings_by_name(
    plugins: object, defaults: Mapping[str, Mapping[str, Any]], where: str
) -> dict[str, dict[str, Any]]:
    """Return the settings of each plugin."""
    if not isinstance(plugins, list | tuple):
        raise no_list_of_plugins(plugins).as_error(where)
    settings: dict[str, dict[str, Any]] = {}
    for plugin in plugins:
        key, given = _plugin_settings(plugin, defaults, where)
        if key in settings:
            raise ConfigError(f"plugins: {key} stands there twice", where, "remove one of the two", "E212")
        settings[key] = given
    return settings


def _plugin_settings(
    plugin: str | Mapping[str, Mapping[str, Any]], defaults: Mapping[str, Mapping[str, Any]], where: str
) -> tuple[str, dict[str, Any]]:
    """Return name and settings of an entry of ``plugins``."""
    if isinstance(plugin, str):
        return plugin, dict(defaults.get(plugin, {}))
    if isinstance(plugin, Mapping) and len(plugin) == 1:
        ((key, settings),) = plugin.items()
        if settings is None or isinstance(settings, Mapping):
            return key, {**defaults.get(key, {}), **(settings or {})}
    raise ConfigError(
        f"plugins: {plugin!r} describes no plugin",
        where=where,
        next_step="write a name such as `- image`, or `- hdf1: {...}` with the plugin's settings",
        code="E212",
    )


def _component(key: str, settings: Mapping[str, Any], where: str) -> ADComponent:
    """Return the component of one plugin."""
    suffix, ours = _OURS.get(key) or _OPHYDS.get(key) or (None, None)
    rest = {name: value for name, value in settings.items() if name not in ("class", "suffix")}
    suffix = settings.get("suffix", suffix)
    given = settings.get("class", ours)
    for fault in plugin_faults(key, {*_OURS, *_OPHYDS}, settings):
        raise fault.as_error(where)
    cls = import_by_path(given) if isinstance(given, str) else given
    if not isinstance(cls, type):
        next_step = "name a class by its import path, or leave it out"
        raise ConfigError(f"plugins: {key} has no class in {given!r}", where, next_step, "E201")
    if key in _OURS:
        cls = _our_class(key, cls, where)
    check_settings(key, settings, cls, where)
    return ADComponent(cls, suffix, **{"lazy": False, **rest})


def _our_class(key: str, given: type, where: str) -> type:
    """Return the class for a plugin that a run depends on: the one given only where it derives from ours."""
    _, ours = _OURS[key]
    for_others = issubclass(given, Eiger2HDF5Plugin)
    if issubclass(given, ours) and not for_others:
        return given
    if for_others or issubclass(ours, given) or issubclass(given, _REPLACED.get(key, ())):
        logger.info("%s: %s is a %s, which replaces %s", where, key, ours.__name__, given.__name__)
        return ours
    raise ConfigError(
        f"plugins: {key} cannot be a {given.__name__}",
        where=where,
        next_step=f"leave its class out, or derive it from id3c_data.devices.{ours.__name__}",
    )
