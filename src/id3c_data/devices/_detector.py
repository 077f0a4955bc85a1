"""The Eiger2 with the plugins that 3-ID-C uses."""

from __future__ import annotations

from ophyd.areadetector import ADComponent

from ._base import Eiger2Base
from ._cam import Eiger2Cam
from ._signals import (
    Eiger2HDF5PluginIO,
    Eiger2ImagePlugin,
    Eiger2PvaPlugin,
    Eiger2ROIPlugin,
    Eiger2StatsPlugin,
)

__all__ = ["Eiger2Detector"]


class Eiger2Detector(Eiger2Base):
    """An Eiger2 with the plugins that 3-ID-C uses.

    It tells no false success: an event is there only when its frames are, and every failure is an error of
    `id3c_data.errors` with the PV, what the IOC says, and what to do, after which the detector is idle.

    Parameters
    ----------
    prefix
        Start of all PV names, such as ``dp_eiger_sn:``.
    name
        Name in Bluesky; images are called ``<name>_image``.
    write_path_template, read_path_template, write_root, path_semantics
        The folder of a run's files, as the IOC and as readers see it; see `id3c_data.paths.PathTemplates`.
    writer
        Who writes the files: the detector's control unit (``"dcu"``) or the IOC's HDF5 plugin (``"hdf5"``).
        The signal of that name changes it between runs, as do those of the next three.
    series
        Whether the detector is armed for each point (``"point"``) or once for the run (``"run"``).
    num_images
        Images of an event.
    images_per_file
        Images in a data file of the DCU.
    data_source
        Where the IOC's NDArrays come from: ``"Stream"``, ``"FileWriter"``, or ``"None"``.
    swmr
        Whether the HDF5 plugin writes so that readers on the same host can follow.
    file_prefix
        Start of file names; the device's name where it is empty. A short unique id follows it.
    hinted
        Statistics that are read with each event and shown by live tables and plots.
    timeout
        Seconds that the driver may stay silent beyond the exposure itself.
    file_timeout
        Seconds to wait for a file to be seen on the read side.
    **kwargs
        Of `ophyd.Device`, such as ``labels``.

    Raises
    ------
    ConfigError
        An argument is wrong; `TemplateError` where it is a template.
    """

    cam = ADComponent(Eiger2Cam, "cam1:", lazy=False)
    image = ADComponent(Eiger2ImagePlugin, "image1:", lazy=False)
    pva = ADComponent(Eiger2PvaPlugin, "Pva1:", lazy=False)
    roi1 = ADComponent(Eiger2ROIPlugin, "ROI1:", lazy=False)
    stats1 = ADComponent(Eiger2StatsPlugin, "Stats1:", lazy=False)
    hdf1 = ADComponent(Eiger2HDF5PluginIO, "HDF1:", lazy=False)
