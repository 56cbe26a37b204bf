"""Where parcels lie: blocks on a grid inside each district's outline, parcels as quadrilaterals inside a block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from ingestion.synthetic.codes import Integers, allot, generator
from ingestion.synthetic.districts import Region
from ingestion.synthetic.parameters import LayoutParameters
from landgauge.errors import ConfigurationError

Floats = npt.NDArray[np.float64]
_SMALLEST_PITCH_M = 25.0
_MARGIN = 1.4  # candidate cells per block needed, so that blocks can gather round the centres of zones


@dataclass(frozen=True)
class Layout:
    """One entry a plot: area, block (city-wide number), town (place in the area's list), zone, and corners.

    zone is -1 outside zones, else area x zones_per_area + place; `place` is the plot's number in its block;
    corners (n, 4, 2) are metres, counter-clockwise.
    """

    area: Integers
    block: Integers
    block_in_area: Integers
    place: Integers
    town: Integers
    zone: Integers
    corners: Floats

    def __len__(self) -> int:
        """Return the number of plots."""
        return len(self.area)

    def areas_m2(self) -> Floats:
        """Return each plot's area."""
        return quadrilateral_areas(self.corners)


def lay_out(count: int, regions: list[Region], parameters: LayoutParameters, seed: int) -> Layout:
    """Place `count` plots, divided among the regions by their share of parcels; no two overlap."""
    counts = allot(count, [r.area.parcels for r in regions])
    pieces, blocks = [], 0
    for number, (region, plots) in enumerate(zip(regions, counts, strict=True)):
        if plots:
            piece, used = _one_region(number, region, int(plots), parameters, generator(seed, "layout", number))
            pieces.append([*piece[:1], piece[1] + blocks, *piece[1:]])
            blocks += used
    columns = [np.concatenate(c) for c in zip(*pieces, strict=True)]
    return Layout(*columns)


def quadrilateral_areas(corners: Floats) -> Floats:
    """Return the area of each (4, 2) quadrilateral of an (n, 4, 2) array."""
    x, y = corners[..., 0], corners[..., 1]
    return np.abs((x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)) / 2


def _one_region(
    number: int, region: Region, plots: int, p: LayoutParameters, rng: np.random.Generator
) -> tuple[list[npt.NDArray], int]:
    per_block = p.grid * p.grid
    needed = -(-plots // per_block)
    centres, pitch = _cells(region, needed, p.pitch_m)
    zone_of, order = _gather(centres, p.zones_per_area, rng)
    chosen = order[:needed]
    centres, zone = centres[chosen], zone_of[chosen] + number * p.zones_per_area
    zone = np.where(rng.random(needed) < p.in_zone_share, zone, -1)
    town = rng.integers(len(region.towns), size=order.size)[zone_of[chosen]]
    block, place = np.divmod(np.arange(plots), per_block)
    corners = _corners(centres, pitch, p, rng).reshape(-1, 4, 2)[:plots]
    area = np.full(plots, number)
    return [area, block, place, town[block], zone[block], corners], needed


def _cells(region: Region, needed: int, largest: float) -> tuple[Floats, float]:
    """Return centres of grid cells that lie wholly inside the outline, at least as many as needed, and the pitch."""
    shapely.prepare(region.outline)
    pitch = largest
    while pitch >= _SMALLEST_PITCH_M:
        centres = _grid(region.outline.bounds, pitch)
        half = pitch / 2
        boxes = shapely.box(*(centres - half).T, *(centres + half).T)
        inside = centres[shapely.contains_properly(region.outline, boxes)]
        if len(inside) >= needed * _MARGIN:
            return inside, pitch
        pitch *= 0.8
    raise ConfigurationError(
        f"the outline of {region.area.name} has no room for {needed} blocks", "Ask for fewer parcels (--parcels)."
    )


def _grid(bounds: tuple[float, ...], pitch: float) -> Floats:
    x = np.arange(bounds[0] + pitch / 2, bounds[2], pitch)
    y = np.arange(bounds[1] + pitch / 2, bounds[3], pitch)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _gather(centres: Floats, zones: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Return the zone whose centre is nearest to each cell, and the cells from near to far."""
    hubs = centres[rng.choice(len(centres), size=zones, replace=len(centres) < zones)]
    distance = np.hypot(*(centres[:, None, :] - hubs[None, :, :]).transpose(2, 0, 1))
    nearest = distance.argmin(axis=1)
    near = distance.min(axis=1) * rng.uniform(0.6, 1.4, size=len(centres))
    return nearest, np.argsort(near, kind="stable")


def _corners(centres: Floats, pitch: float, p: LayoutParameters, rng: np.random.Generator) -> Floats:
    """Return corners (blocks, grid x grid, 4, 2): rows of uneven height, plots of uneven width, turned as a whole."""
    blocks = len(centres)
    spread = p.block_side_m
    side = np.clip(rng.lognormal(np.log(spread.median), spread.sigma, blocks), spread.smallest, None)
    side = np.minimum(side, pitch * p.side_of_pitch)
    rows = _cuts(rng.lognormal(0, p.split_sigma, (blocks, p.grid)))[:, :, None]
    columns = _cuts(rng.lognormal(0, p.split_sigma, (blocks, p.grid, p.grid)))
    bottom, top = (np.broadcast_to(rows[:, i : p.grid + i], columns[:, :, 1:].shape) for i in (0, 1))
    left, right = columns[:, :, :-1], columns[:, :, 1:]
    unit = np.stack(
        [np.stack(c, axis=-1) for c in ((left, bottom), (right, bottom), (right, top), (left, top))], axis=-2
    )
    local = (unit - 0.5) * side[:, None, None, None, None]
    return _turned(_inset(local, p, rng), centres, p, rng).reshape(blocks, -1, 4, 2)


def _cuts(weights: Floats) -> Floats:
    """Return borders 0..1 along the last axis in proportion to the weights."""
    shares = np.cumsum(weights, axis=-1)
    return np.concatenate([np.zeros((*shares.shape[:-1], 1)), shares / shares[..., -1:]], axis=-1)


def _inset(local: Floats, p: LayoutParameters, rng: np.random.Generator) -> Floats:
    """Move each corner inwards by the gap and a little more, so that neighbours never touch."""
    size = local[..., 2, :] - local[..., 0, :]
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=np.float64)
    gap = np.minimum(p.gap_m, size * 0.1)[..., None, :]
    uneven = rng.uniform(0, p.jitter, local.shape) * size[..., None, :]
    return local + inward * (gap + uneven)


def _turned(local: Floats, centres: Floats, p: LayoutParameters, rng: np.random.Generator) -> Floats:
    angle = np.deg2rad(rng.uniform(-p.rotation_degrees, p.rotation_degrees, len(centres)))[:, None, None, None]
    x, y = local[..., 0], local[..., 1]
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
    return turned + centres[:, None, None, None, :]
