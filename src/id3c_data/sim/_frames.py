"""What the simulated detector sees: frames as a pure function of series and image number.

Whoever knows the model, the series and the image can compute any pixel again, so a test compares what came
out of the far end of the chain with what went in, without keeping a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np

__all__ = ["CHANNELS", "DEAD", "GAP", "BitDepth", "Channel", "FrameModel"]

Channel = Literal["threshold_1", "threshold_2", "difference"]
BitDepth = Literal[8, 16, 32]

CHANNELS: Final[tuple[Channel, ...]] = ("threshold_1", "threshold_2", "difference")
"""The channels that an Eiger2 can write, in the order of the files' channel axis."""

GAP: Final = 1
"""Bit of the pixel mask: no sensor here."""
DEAD: Final = 2
"""Bit of the pixel mask: the pixel does not count."""

_GAP_WIDTH = 2  # pixels between two readout chips
_CHIP_ROWS, _CHIP_COLUMNS = 2, 4  # 2 x 4 chips of 256 x 256 pixels make 514 x 1030
_SPOTS = 24
_SPOT_STEP = 0.05  # radians that the crystal's spots move on from image to image
_SEED = 0x1D3C


@dataclass(frozen=True, slots=True)
class FrameModel:
    """Frames of a powder with a few crystals in it, on a detector of one module.

    Diffuse background, powder rings, spots that move with the image number, a beam stop, the gaps between
    the chips and some dead pixels, the last two at the largest value of the pixel type. Bitshuffle-LZ4 makes
    32-bit frames about ten times smaller, as it does with real ones.

    Parameters
    ----------
    height, width
        Size of a frame in pixels.
    bit_depth
        Bits of a pixel: 8, 16 or 32.
    """

    height: int = 514
    width: int = 1030
    bit_depth: BitDepth = 32

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise ValueError(f"a frame of {self.height} x {self.width} pixels holds nothing")
        if self.bit_depth not in (8, 16, 32):
            raise ValueError(f"bit_depth is {self.bit_depth}; the detector has 8, 16 and 32")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a frame."""
        return self.height, self.width

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """Pixel type."""
        return np.dtype(f"<u{self.bit_depth // 8}")

    @property
    def saturated(self) -> int:
        """The largest value of the pixel type, which masked pixels hold."""
        return int(np.iinfo(self.dtype).max)

    @property
    def beam_center(self) -> tuple[float, float]:
        """Beam centre ``(x, y)`` in pixels."""
        return round(0.47 * self.width, 2), round(0.58 * self.height, 2)

    def frame(self, series: int, image: int, channel: Channel = "threshold_1") -> np.ndarray:
        """Return one frame as an array of the caller's own.

        Parameters
        ----------
        series
            The detector's sequence id.
        image
            Number of the image in its series, from 1.
        channel
            Which threshold; ``difference`` is the first threshold's counts less the second's.
        """
        if image < 1:
            raise ValueError(f"image {image}: images are counted from 1")
        counts = self._counts(series, image)
        if channel != "threshold_1":
            counts = counts // 2 if channel == "threshold_2" else counts - counts // 2
        np.copyto(counts, self.saturated, where=_scene(self.height, self.width).masked)
        return counts

    def mask(self) -> np.ndarray:
        """Return the pixel mask: uint32, 0 where a pixel is good, otherwise the bits `GAP` or `DEAD`."""
        return _scene(self.height, self.width).mask.copy()

    def _counts(self, series: int, image: int) -> np.ndarray:
        """Return the counts of the first threshold before gaps and dead pixels are laid over them."""
        scene = _scene(self.height, self.width)
        noise = np.random.SFC64(_entropy(series, image)).random_raw(-(-scene.flicker.size // 8))
        flicker = noise.view(np.uint8)[: scene.flicker.size].reshape(scene.flicker.shape) < scene.flicker
        counts = np.add(scene.background, flicker, dtype=np.uint32, casting="unsafe")
        _add_spots(counts, scene, series, image)
        if self.bit_depth == 32:
            return counts
        return np.minimum(counts, self.saturated - 1).astype(self.dtype)


@dataclass(frozen=True, slots=True)
class _Scene:
    """The part of a frame that is the same in every image."""

    background: np.ndarray
    """Counts that every image has (uint16)."""
    flicker: np.ndarray
    """Chance, in 1/256, that an image has one count more (uint8)."""
    mask: np.ndarray
    masked: np.ndarray
    spots: np.ndarray
    """Radius (pixels), angle (radians) and brightness (counts) of each spot."""
    stamp: np.ndarray
    """The shape of a spot, 1 at its middle."""
    center: tuple[float, float]


@lru_cache(maxsize=8)
def _scene(height: int, width: int) -> _Scene:
    """Return the unchanging part of frames of one size; drawn once, as Poisson noise is dear."""
    random = np.random.Generator(np.random.PCG64([_SEED, height, width]))
    center_x, center_y = FrameModel(height, width).beam_center
    y, x = np.ogrid[:height, :width]
    expected = _expected_counts(np.hypot(x - center_x, y - center_y), max(height, width))
    mask = _mask(height, width, random)
    return _Scene(
        background=random.poisson(0.8 * expected).astype(np.uint16),
        flicker=np.minimum(255 * 0.2 * expected, 230).astype(np.uint8),
        mask=mask,
        masked=mask != 0,
        spots=_spots(height, width, random),
        stamp=_stamp(max(1, min(height, width) // 100)),
        center=(center_x, center_y),
    )


def _expected_counts(radius: np.ndarray, size: int) -> np.ndarray:
    """Return the counts to expect at a distance from the beam centre: diffuse, rings, beam stop."""
    scaled = radius / size
    counts = 0.4 + 6.0 * np.exp(-scaled / 0.12)
    for ring, height in ((0.13, 18.0), (0.19, 9.0), (0.26, 12.0), (0.33, 5.0), (0.41, 6.0), (0.49, 3.0)):
        counts += height * np.exp(-(((scaled - ring) / 0.0035) ** 2))
    counts[scaled < 0.03] = 0.05
    return counts


def _mask(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Return the pixel mask: gaps between the chips, and some dead pixels."""
    mask = np.zeros((height, width), np.uint32)
    if height > 2 * _GAP_WIDTH and width > 4 * _GAP_WIDTH:
        for start in _gap_starts(height, _CHIP_ROWS):
            mask[start : start + _GAP_WIDTH, :] = GAP
        for start in _gap_starts(width, _CHIP_COLUMNS):
            mask[:, start : start + _GAP_WIDTH] = GAP
    live = np.flatnonzero(mask == 0)
    dead = random.choice(live, size=min(live.size // 4, 3 + height * width // 50_000), replace=False)
    mask.flat[dead] = DEAD
    return mask


def _gap_starts(length: int, chips: int) -> list[int]:
    """Return where the gaps between chips begin along one axis."""
    chip = (length - _GAP_WIDTH * (chips - 1)) // chips
    return [chip + n * (chip + _GAP_WIDTH) for n in range(chips - 1)]


def _spots(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Return radius, angle and brightness of the spots."""
    return np.column_stack(
        [
            random.uniform(0.08, 0.5, _SPOTS) * max(height, width),
            random.uniform(0, 2 * np.pi, _SPOTS),
            10 ** random.uniform(1.5, 4.0, _SPOTS),
        ]
    )


def _stamp(radius: int) -> np.ndarray:
    """Return the shape of a spot: a Gaussian over a few pixels."""
    offsets = np.arange(-radius, radius + 1)
    profile = np.exp(-((offsets / max(0.4 * radius, 0.5)) ** 2))
    return np.outer(profile, profile)


def _add_spots(counts: np.ndarray, scene: _Scene, series: int, image: int) -> None:
    """Add the spots where they stand in this image; they flare up and fade as the crystals turn."""
    reach = scene.stamp.shape[0] // 2
    angle = scene.spots[:, 1] + _SPOT_STEP * image
    xs = np.rint(scene.center[0] + scene.spots[:, 0] * np.cos(angle)).astype(int)
    ys = np.rint(scene.center[1] + scene.spots[:, 0] * np.sin(angle)).astype(int)
    brightness = scene.spots[:, 2] * (1.2 + np.sin(3 * angle + series))
    for x, y, height in zip(xs, ys, brightness, strict=True):
        if reach <= x < counts.shape[1] - reach and reach <= y < counts.shape[0] - reach:
            window = counts[y - reach : y + reach + 1, x - reach : x + reach + 1]
            window += (height * scene.stamp).astype(np.uint32)


def _entropy(series: int, image: int) -> np.random.SeedSequence:
    """Return the seed of one image's noise."""
    return np.random.SeedSequence([_SEED, series, image])
