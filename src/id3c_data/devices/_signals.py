"""What the IOC of an Eiger2 serves: signals only, no behaviour.

Each class was held against the PV table of a running ADEiger 3.6 with ADCore 3.14.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from ophyd import Device, EpicsSignal, EpicsSignalRO
from ophyd.areadetector import ADComponent, EpicsSignalWithRBV
from ophyd.areadetector.cam import EigerDetectorCam
from ophyd.areadetector.plugins import (
    HDF5Plugin_V34,
    ImagePlugin_V34,
    PvaPlugin_V34,
    ROIPlugin_V34,
    StatsPlugin_V34,
)

from ._optional import OptionalSignals, instantiate, instantiate_all

__all__ = [
    "Eiger2CamIO",
    "Eiger2HDF5PluginIO",
    "Eiger2ImagePlugin",
    "Eiger2PvaPlugin",
    "Eiger2ROIPlugin",
    "Eiger2StatsPlugin",
    "PluginIO",
]


class Eiger2CamIO(OptionalSignals, EigerDetectorCam):
    """The PVs of ``cam1:`` of an Eiger2's IOC.

    `ophyd.EigerDetectorCam` without the PVs that the driver does not have (Eiger1, or long gone), and with
    those that it has and ophyd's class lacks.
    """

    # Not in the driver: FileNumber_Sync and FileNumber_write of old ADCore, TriggerExposure up to R3-5,
    # the rest of an Eiger1.
    file_number_sync = None
    file_number_write = None
    pool_max_buffers = None
    trigger_exposure = None
    fw_clear = None
    link_0 = None
    link_1 = None
    link_2 = None
    link_3 = None
    dcu_buff_free = None

    acquire_busy = ADComponent(EpicsSignalRO, "AcquireBusy")
    bit_depth_image = ADComponent(EpicsSignalRO, "BitDepthImage_RBV")
    sequence_id = ADComponent(EpicsSignalRO, "SequenceId")
    auto_summation = ADComponent(EpicsSignalWithRBV, "AutoSummation")
    counting_mode = ADComponent(EpicsSignalWithRBV, "CountingMode")
    countrate_corr_applied = ADComponent(EpicsSignalWithRBV, "CountrateCorrApplied")
    create_directory = ADComponent(EpicsSignalWithRBV, "CreateDirectory")
    driver_version = ADComponent(EpicsSignalRO, "DriverVersion_RBV", string=True)
    ad_core_version = ADComponent(EpicsSignalRO, "ADCoreVersion_RBV", string=True)
    energy_eps = ADComponent(EpicsSignalWithRBV, "EnergyEps")
    error = ADComponent(EpicsSignalRO, "Error_RBV", string=True)
    firmware_version = ADComponent(EpicsSignalRO, "FirmwareVersion_RBV", string=True)
    fw_hdf5_format = ADComponent(EpicsSignalWithRBV, "FWHDF5Format")
    hv_state = ADComponent(EpicsSignalRO, "HVState_RBV", string=True)
    initialize = ADComponent(EpicsSignal, "Initialize")
    num_queued_arrays = ADComponent(EpicsSignalRO, "NumQueuedArrays")
    pixel_mask_applied = ADComponent(EpicsSignalWithRBV, "PixelMaskApplied")
    restart = ADComponent(EpicsSignal, "Restart")
    sdk_version = ADComponent(EpicsSignalRO, "SDKVersion_RBV", string=True)
    serial_number = ADComponent(EpicsSignalRO, "SerialNumber_RBV", string=True)
    signed_data = ADComponent(EpicsSignalWithRBV, "SignedData")
    state = ADComponent(EpicsSignalRO, "State_RBV", string=True)
    stream_as_ts_source = ADComponent(EpicsSignalWithRBV, "StreamAsTSSource")
    stream_version = ADComponent(EpicsSignalWithRBV, "StreamVersion")
    threshold1_enable = ADComponent(EpicsSignalWithRBV, "Threshold1Enable")
    threshold2_enable = ADComponent(EpicsSignalWithRBV, "Threshold2Enable")
    threshold2_energy = ADComponent(EpicsSignalWithRBV, "Threshold2Energy")
    threshold_diff_enable = ADComponent(EpicsSignalWithRBV, "ThresholdDiffEnable")
    trigger_start_delay = ADComponent(EpicsSignalWithRBV, "TriggerStartDelay")
    unique_id = ADComponent(EpicsSignalRO, "UniqueId_RBV")
    wait_for_plugins = ADComponent(EpicsSignal, "WaitForPlugins")
    wavelength_eps = ADComponent(EpicsSignalWithRBV, "WavelengthEps")

    _eager_signals = (
        "acquire",
        "acquire_busy",
        "armed",
        "array_callbacks",
        "array_counter",
        "create_directory",
        "detector_state",
        "error",
        "file_path",
        "file_path_exists",
        "full_file_name",
        "fw_enable",
        "fw_name_pattern",
        "fw_num_images_per_file",
        "num_images_counter",
        "port_name",
        "save_files",
        "sequence_id",
        "special_trigger_button",
        "status_message",
        "stream_dropped",
        "stream_enable",
    )
    _optional_signals = ("fw_hdf5_format", "restart", "signed_data", "stream_as_ts_source", "stream_version")

    _default_configuration_attrs = (
        "acquire_time",
        "acquire_period",
        "num_images",
        "num_triggers",
        "trigger_mode",
        "manual_trigger",
        "bit_depth_image",
        "photon_energy",
        "wavelength",
        "threshold_energy",
        "threshold1_enable",
        "threshold2_energy",
        "threshold2_enable",
        "threshold_diff_enable",
        "count_cutoff",
        "countrate_corr_applied",
        "flatfield_applied",
        "pixel_mask_applied",
        "beam_center_x",
        "beam_center_y",
        "det_distance",
        "x_pixel_size",
        "y_pixel_size",
        "sensor_material",
        "sensor_thickness",
        "roi_mode",
        "compression_algo",
        "data_source",
        "signed_data",
        "fw_hdf5_format",
        "manufacturer",
        "model",
        "serial_number",
        "firmware_version",
        "driver_version",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        always = set(self._default_configuration_attrs).difference(self._optional_signals)
        instantiate(self, (*self._eager_signals, *always))


class PluginIO:
    """A plugin without ophyd's habits at staging.

    ophyd enables each plugin at staging, lets it block the driver, looks through the chain of ports, and
    repeats the configuration of the plugin before it in its own. Here a run sets what it needs, and leaves
    all other plugins as the user has them.
    """

    asyn_pipeline_config = None
    _eager_signals: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stage_sigs.clear()  # pyright: ignore[reportAttributeAccessIssue]
        instantiate(self, self._eager_signals)  # pyright: ignore[reportArgumentType]

    def walk_signals(self, *, include_lazy: bool = False) -> Iterator[Any]:
        """Walk all signals; see `ophyd.Device.walk_signals`."""
        if include_lazy:
            instantiate_all(self)  # pyright: ignore[reportArgumentType]
        yield from super().walk_signals(include_lazy=include_lazy)  # pyright: ignore[reportAttributeAccessIssue]

    stage = Device.stage
    read_configuration = Device.read_configuration
    describe_configuration = Device.describe_configuration


class Eiger2ImagePlugin(PluginIO, ImagePlugin_V34):
    """The PVs of ``image1:``: the newest image over Channel Access."""

    shaped_image = None  # would let the IOC send each image here, whether anybody looks at it or not


class Eiger2PvaPlugin(PluginIO, PvaPlugin_V34):
    """The PVs of ``Pva1:``: the newest image over PV Access."""


class Eiger2ROIPlugin(PluginIO, ROIPlugin_V34):
    """The PVs of ``ROI1:``: a region of interest."""


class Eiger2StatsPlugin(PluginIO, StatsPlugin_V34):
    """The PVs of ``Stats1:``: statistics of each image."""

    _eager_signals = (
        "array_counter",
        "blocking_callbacks",
        "compute_statistics",
        "dropped_arrays",
        "enable",
        "max_value",
        "nd_array_port",
        "port_name",
        "total",
        "unique_id",
    )


class Eiger2HDF5PluginIO(PluginIO, HDF5Plugin_V34):
    """The PVs of ``HDF1:``: the IOC's HDF5 writer."""

    flush_now = ADComponent(EpicsSignal, "FlushNow")

    _eager_signals = (
        "blocking_callbacks",
        "capture",
        "create_directory",
        "data_type",
        "dropped_arrays",
        "enable",
        "file_name",
        "file_path",
        "file_path_exists",
        "file_template",
        "file_write_mode",
        "full_file_name",
        "lazy_open",
        "nd_array_port",
        "num_capture",
        "num_captured",
        "num_frames_flush",
        "port_name",
        "swmr_mode",
        "write_message",
        "write_status",
    )
