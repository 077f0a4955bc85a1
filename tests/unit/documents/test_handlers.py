from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import event_model
import h5py
import numpy as np
import pytest

from id3c_data.documents import SPEC, AdEiger2Handler, EigerHandler, RunState, register_handlers
from id3c_data.errors import FileMissing, FrameNotWritten, RetryTimeoutException
from id3c_data.sim import Channel, FrameModel, LegacyWriter, NexusWriter, PluginWriter, Series
from id3c_data.testing.documents import Documents, image_run
from id3c_data.testing.h5api import SteppedState

MODEL = FrameModel(height=16, width=20, bit_depth=32)
REAL = Path(__file__).parents[3].parent / "shared" / "data"


def frames(*numbers: int, channel: Channel = "threshold_1") -> np.ndarray:
    """Return images of series 7 as the simulated detector makes them, numbered from 1."""
    return np.stack([MODEL.frame(7, number, channel) for number in numbers])


def legacy(folder: Path, images: int = 6, per_file: int = 2, taken: int | None = None) -> Path:
    series = Series(name="x_7", number=7, images=images, images_per_file=per_file)
    return LegacyWriter(folder, series, MODEL).write_series(taken).master


class TestEigerHandler:
    def test_one_image_an_event_has_no_frame_axis(self, tmp_path: Path) -> None:
        handler = EigerHandler(legacy(tmp_path), frames_per_event=1)
        np.testing.assert_array_equal(handler(point_number=4), MODEL.frame(7, 5))

    def test_several_images_an_event_come_in_order(self, tmp_path: Path) -> None:
        handler = EigerHandler(legacy(tmp_path), frames_per_event=3)
        np.testing.assert_array_equal(handler(point_number=1), frames(4, 5, 6))

    def test_the_array_is_the_caller_s_own(self, tmp_path: Path) -> None:
        handler = EigerHandler(legacy(tmp_path), frames_per_event=2)
        handler(point_number=0)[...] = 0
        np.testing.assert_array_equal(handler(point_number=0), frames(1, 2))

    def test_what_else_the_resource_says_is_no_hindrance(self, tmp_path: Path) -> None:
        handler = EigerHandler(
            str(legacy(tmp_path)), frames_per_event=1, writer="dcu", sequence_id=7, images_per_file=2
        )
        np.testing.assert_array_equal(handler(point_number=0), MODEL.frame(7, 1))

    @pytest.mark.parametrize("channel", ["threshold_1", "threshold_2", "difference"])
    def test_each_channel_is_read_by_its_name(self, tmp_path: Path, channel: Channel) -> None:
        series = Series(name="x_7", number=7, images=3, images_per_file=2)
        channels: tuple[Channel, ...] = ("threshold_1", "threshold_2", "difference")
        master = NexusWriter(tmp_path, series, MODEL, channels=channels).write_series().master
        handler = EigerHandler(master, frames_per_event=1)
        np.testing.assert_array_equal(handler(point_number=2, channel=channel), MODEL.frame(7, 3, channel))

    def test_the_file_of_the_plugin_is_read_too(self, tmp_path: Path) -> None:
        with PluginWriter(tmp_path / "x.h5", MODEL.shape, MODEL.dtype) as writer:
            for number in (1, 2, 3):
                writer.append(MODEL.frame(7, number), unique_id=number, timestamp=1.8e9 + number)
        handler = EigerHandler(tmp_path / "x.h5", frames_per_event=1, writer="hdf5")
        np.testing.assert_array_equal(handler(point_number=2), MODEL.frame(7, 3))

    def test_a_path_map_leads_to_this_host_s_mount(self, tmp_path: Path) -> None:
        master = legacy(tmp_path)
        handler = EigerHandler(
            f"/mnt/eiger/{master.name}", frames_per_event=1, path_map={"/mnt/eiger": str(tmp_path)}
        )
        np.testing.assert_array_equal(handler(point_number=0), MODEL.frame(7, 1))

    def test_it_opens_nothing_before_it_is_asked(self, tmp_path: Path) -> None:
        handler = EigerHandler(tmp_path / "later_7_master.h5", frames_per_event=1)
        with pytest.raises(FileMissing):
            handler(point_number=0)

    def test_a_file_that_came_later_is_found(self, tmp_path: Path) -> None:
        handler = EigerHandler(tmp_path / "x_7_master.h5", frames_per_event=1)
        with pytest.raises(FileMissing):
            handler(point_number=0)
        legacy(tmp_path)
        np.testing.assert_array_equal(handler(point_number=0), MODEL.frame(7, 1))

    def test_frames_that_came_later_are_found(self, tmp_path: Path) -> None:
        with PluginWriter(tmp_path / "x.h5", MODEL.shape, MODEL.dtype, swmr=True) as writer:
            handler = EigerHandler(tmp_path / "x.h5", frames_per_event=1)
            for number in (1, 2):
                writer.append(MODEL.frame(7, number), unique_id=number, timestamp=1.8e9 + number)
                writer.flush()
                np.testing.assert_array_equal(handler(point_number=number - 1), MODEL.frame(7, number))
            handler.close()

    def test_a_frame_beyond_the_end_is_not_written(self, tmp_path: Path) -> None:
        handler = EigerHandler(legacy(tmp_path), frames_per_event=4)
        with pytest.raises(FrameNotWritten, match="frame 6 is not there, the first 6 are") as caught:
            handler(point_number=1)
        assert caught.value.master == tmp_path / "x_7_master.h5"

    def test_its_files_are_the_master_and_all_data_files(self, tmp_path: Path) -> None:
        handler = EigerHandler(legacy(tmp_path), frames_per_event=1)
        names = [Path(file).name for file in handler.get_file_list([{"point_number": 0}])]
        assert names == ["x_7_master.h5", *(f"x_7_data_{k:06d}.h5" for k in (1, 2, 3))]

    def test_no_datum_needs_no_file(self, tmp_path: Path) -> None:
        assert EigerHandler(legacy(tmp_path), frames_per_event=1).get_file_list([]) == []


class TestPromisedButNotThere:
    def handler(self, master: Path, documents: Documents) -> EigerHandler:
        return EigerHandler(master, frames_per_event=1, scan_state=RunState.of(documents), settle_timeout=0)

    def test_a_frame_of_an_aborted_run_is_told_with_the_reason(self, tmp_path: Path) -> None:
        master = legacy(tmp_path, taken=3)
        handler = self.handler(master, image_run(master, exit_status="abort", reason="no beam"))
        with pytest.raises(FrameNotWritten, match="the run ended as 'abort': no beam"):
            handler(point_number=4)

    def test_what_came_before_the_abort_is_read(self, tmp_path: Path) -> None:
        master = legacy(tmp_path, taken=3)
        handler = self.handler(master, image_run(master, exit_status="abort"))
        np.testing.assert_array_equal(handler(point_number=2), MODEL.frame(7, 3))

    @pytest.mark.parametrize("layout", [LegacyWriter, NexusWriter])
    def test_a_data_file_that_never_came_is_no_array_of_zeros(
        self, tmp_path: Path, layout: type[LegacyWriter | NexusWriter]
    ) -> None:
        series = Series(name="x_7", number=7, images=6, images_per_file=2)
        files = layout(tmp_path, series, MODEL).write_series()
        files.data[1].unlink()
        handler = self.handler(files.master, image_run(files.master, exit_status="fail", reason="DCU gone"))
        with pytest.raises(FrameNotWritten, match="the run ended as 'fail': DCU gone"):
            handler(point_number=2)

    def test_a_master_that_never_came_is_told_with_the_reason(self, tmp_path: Path) -> None:
        master = tmp_path / "x_7_master.h5"
        handler = self.handler(master, image_run(master, exit_status="abort", reason="stopped"))
        with pytest.raises(FrameNotWritten, match="the run ended as 'abort': stopped"):
            handler(point_number=0)

    def test_after_a_success_the_missing_file_alone_is_the_news(self, tmp_path: Path) -> None:
        master = legacy(tmp_path)
        (tmp_path / "x_7_data_000002.h5").unlink()
        with pytest.raises(FrameNotWritten, match=r"x_7_data_000002.h5: the file is missing") as caught:
            self.handler(master, image_run(master))(point_number=2)
        assert "the run ended" not in str(caught.value)


class TestWhileTheRunIsOpen:
    def test_an_event_is_waited_for_until_all_its_images_are_there(self, tmp_path: Path) -> None:
        state = SteppedState()
        with (
            PluginWriter(tmp_path / "x.h5", MODEL.shape, MODEL.dtype, swmr=True) as writer,
            ThreadPoolExecutor(1) as pool,
        ):
            handler = EigerHandler(tmp_path / "x.h5", frames_per_event=2, scan_state=state)
            writer.append(MODEL.frame(7, 1), unique_id=1, timestamp=1.8e9)
            writer.flush()
            reading = pool.submit(handler, point_number=0)
            assert not wait([reading], 0.15).done
            writer.append(MODEL.frame(7, 2), unique_id=2, timestamp=1.8e9)
            writer.flush()
            np.testing.assert_array_equal(reading.result(30), frames(1, 2))
            handler.close()

    def test_the_wait_has_an_end_also_where_the_run_has_none(self, tmp_path: Path) -> None:
        handler = EigerHandler(
            legacy(tmp_path, taken=3), frames_per_event=1, scan_state=SteppedState(), retry_timeout=0.1
        )
        with pytest.raises(RetryTimeoutException):
            handler(point_number=3)
        np.testing.assert_array_equal(handler(point_number=2), MODEL.frame(7, 3))
        handler.close()

    def test_the_end_of_the_run_ends_the_wait(self, tmp_path: Path) -> None:
        state = SteppedState({"/entry/data/data": 4})
        handler = EigerHandler(
            legacy(tmp_path, taken=3), frames_per_event=1, scan_state=state, settle_timeout=0.1
        )
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(handler, point_number=3)
            assert not wait([reading], 0.15).done
            state.finish()
            with pytest.raises(FrameNotWritten, match="frame 3 is not there, the first 3 are"):
                reading.result(30)
        handler.close()

    def test_a_series_is_never_read_shorter_than_it_may_get(self, tmp_path: Path) -> None:
        state = SteppedState()
        legacy(tmp_path)
        handler = AdEiger2Handler(tmp_path / "x", scan_state=state)
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(handler, 7)
            assert not wait([reading], 0.15).done
            state.finish()
            assert len(reading.result(30)) == 6
        handler.close()


class TestAdEiger2Handler:
    def test_three_files_of_two_images_come_in_order(self, tmp_path: Path) -> None:
        legacy(tmp_path)
        handler = AdEiger2Handler(tmp_path / "x", images_per_file=2)
        np.testing.assert_array_equal(handler(seq_id=7), frames(1, 2, 3, 4, 5, 6))

    @pytest.mark.parametrize("number", range(6))
    def test_one_image_of_the_series_is_read_by_its_number(self, tmp_path: Path, number: int) -> None:
        legacy(tmp_path)
        image = AdEiger2Handler(tmp_path / "x", images_per_file=2)(seq_id=7, frame_num=number)
        np.testing.assert_array_equal(image, MODEL.frame(7, number + 1))

    @pytest.mark.parametrize("kwargs", [{}, {"frame_per_point": 1}, {"images_per_file": 1000}])
    def test_the_links_count_and_not_what_the_resource_says(
        self, tmp_path: Path, kwargs: dict[str, int]
    ) -> None:
        legacy(tmp_path)
        np.testing.assert_array_equal(
            AdEiger2Handler(tmp_path / "x", **kwargs)(seq_id=7), frames(1, 2, 3, 4, 5, 6)
        )

    def test_a_master_without_pixel_mask_is_read(self, tmp_path: Path) -> None:
        with h5py.File(legacy(tmp_path), "r+") as master:
            del master["/entry/instrument/detector/detectorSpecific/pixel_mask"]
        assert AdEiger2Handler(tmp_path / "x")(seq_id=7).shape == (6, 16, 20)

    def test_very_old_firmware_s_links_are_found(self, tmp_path: Path) -> None:
        with h5py.File(legacy(tmp_path), "r+") as master:
            for name in list(master["/entry/data"]):
                master["/entry"].move(f"data/{name}", name)
            del master["/entry/data"]
        np.testing.assert_array_equal(
            AdEiger2Handler(tmp_path / "x")(seq_id=7, frame_num=5), MODEL.frame(7, 6)
        )

    def test_an_image_beyond_the_end_is_not_written(self, tmp_path: Path) -> None:
        legacy(tmp_path)
        with pytest.raises(FrameNotWritten, match="frame 6 is not there, the first 6 are"):
            AdEiger2Handler(tmp_path / "x")(seq_id=7, frame_num=6)

    def test_its_files_are_those_of_each_series_once(self, tmp_path: Path) -> None:
        legacy(tmp_path, images=1)
        files = AdEiger2Handler(tmp_path / "x").get_file_list([{"seq_id": 7}, {"seq_id": 7}])
        assert [Path(file).name for file in files] == ["x_7_master.h5", "x_7_data_000001.h5"]

    def test_real_files_of_the_detector_are_read(self, tmp_path: Path) -> None:
        folder = REAL / "dectris_eiger2"
        if not folder.is_dir():
            pytest.skip(f"the real detector files are not here: {folder}")
        data = sorted(folder.glob("*_data_*.h5"))
        with h5py.File(tmp_path / "real_1_master.h5", "w") as master:
            group = master.create_group("entry/data")
            for k, file in enumerate(data, 1):
                (tmp_path / file.name).symlink_to(file)
                group[f"data_{k:06d}"] = h5py.ExternalLink(file.name, "/entry/data/data")
        handler = AdEiger2Handler(tmp_path / "real", images_per_file=2, allowed_roots=[tmp_path, folder])
        images = handler(seq_id=1)
        assert (images.shape, images.dtype) == ((4, 512, 1028), np.uint16)
        import hdf5plugin  # noqa: F401 - only here HDF5 itself decodes, as the reference

        with h5py.File(data[1]) as file:
            np.testing.assert_array_equal(images[2:], file["/entry/data/data"][...])


class Existing:
    """A handler that another package brought."""


class TestRegistration:
    SPECS = (SPEC, "AD_EIGER", "AD_EIGER2", "AD_EIGER_SLICE")

    def test_a_mapping_gets_every_spec(self) -> None:
        registry: dict[str, Any] = {"AD_TIFF": Existing}
        register_handlers(registry)
        assert registry.pop("AD_TIFF") is Existing
        assert registry == {SPEC: EigerHandler} | dict.fromkeys(self.SPECS[1:], AdEiger2Handler)

    def test_ours_wins_over_another_package_s(self) -> None:
        filler = event_model.Filler({"AD_EIGER2": Existing}, inplace=False)
        register_handlers(filler)
        assert filler.handler_registry["AD_EIGER2"] is AdEiger2Handler

    def test_another_package_s_stays_where_that_is_asked_for(self) -> None:
        registry: dict[str, Any] = {"AD_EIGER2": Existing}
        register_handlers(registry, overwrite=False)
        assert registry["AD_EIGER2"] is Existing
        assert registry[SPEC] is EigerHandler
