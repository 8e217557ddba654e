"""What things stand on: oak planks, linen, glazed tiles, brick. Each paints a whole canvas and its relief."""
from __future__ import annotations

import numpy as np

from refvr.drawing.canvas import Canvas, Colour, box, colour, cover, mix, smooth

OAK = colour("c99f6c")
LATE_WOOD = colour("7d5430")
GLAZE = colour("b9c4bd")
OTHER_GLAZE = colour("8fa6a3")
JOINT = colour("77716a")


def _ring_profile(seed: int) -> np.ndarray:
    """A periodic table of how dark the wood is across its year rings: slow into late wood, quick out of it."""
    rng = np.random.default_rng([seed, 77])
    rings, steps = 48, 64
    rise = np.linspace(0, 1, steps, dtype=np.float32)
    one = np.minimum(rise ** 2.2, (1 - rise) * 9)
    table = (one[None] * (0.45 + 0.55 * rng.random((rings, 1), dtype=np.float32))).ravel()
    return np.append(table, table[0])


def _filtered(table: np.ndarray, width: float) -> np.ndarray:
    """`table` averaged over `width` of its entries, so that rings thinner than a texel fade into their mean."""
    width = int(min(max(1, round(width)), len(table) - 1))
    if width == 1:
        return table
    total = np.concatenate([[0.0], np.cumsum(np.concatenate([table[:-1], table[:-1]], dtype=np.float64))])
    start = np.arange(len(table) - 1)
    means = (total[start + width] - total[start]) / width
    return np.append(np.roll(means, width // 2), np.roll(means, width // 2)[0]).astype(np.float32)


def planks(canvas: Canvas, seed: int, plank: float = 0.29, light: Colour = OAK,
           dark: Colour = LATE_WOOD) -> None:
    """Oak planks of height `plank` along u, with year rings, pores and bevelled seams."""
    v, u, px = canvas.v, canvas.u, canvas.px
    row = np.floor(v[:, 0] / plank + 0.37).astype(int)
    warp = canvas.noise(seed + 1, 5, 1.1, 3) * 0.022
    fibre = canvas.noise(seed + 2, 330, 7, 2)
    pores = smooth(canvas.noise(seed + 3, 420, 19, 1), 0.55, 0.95) * min(1.0, max(0.0, 2 - 800 * px))
    rings = np.empty(canvas.alpha.shape, np.float32)
    tone = np.empty((len(row), 1), np.float32)
    steps = 64
    for k in np.unique(row):
        rng = np.random.default_rng([seed, 500 + int(k)])
        pith_v, pith_u, lean, ring = rng.uniform(-0.16, 0.16), rng.uniform(-1.5, 1.5), rng.uniform(0.04, 0.1), 38.0
        at = row == k
        across = v[at] - (k + 0.13) * plank - pith_v + warp[at]
        depth = 0.10 + lean * (u - pith_u)
        phase = ring * np.sqrt(across ** 2 + depth ** 2) + 5 * rng.random()
        table = _filtered(_ring_profile(seed + int(k)), ring * px * steps)
        rings[at] = table[(phase * steps).astype(np.intp) % (len(table) - 1)]
        tone[at] = rng.uniform(0.82, 1.12)
    mottle = canvas.noise(seed + 4, 6, 1.5, 2)
    darkness = np.clip(0.10 + 0.62 * rings + 0.09 * fibre + 0.12 * mottle + 0.4 * pores, 0, 1.15)
    canvas.paint(1.0, mix(light, dark, darkness) * tone)
    edge = np.abs((v / plank + 0.37) % 1.0 - 0.5)
    gap = (0.5 - edge) * plank
    canvas.dye(cover(gap - 0.0022, px) * 0.85, (0.03, 0.018, 0.01))
    canvas.height = 0.003 * smooth(gap + 0 * u, 0.0, 0.010) + 0.00012 * fibre - 0.0004 * pores - 0.0002 * rings


def weave(canvas: Canvas, seed: int, thread: float, base: Colour, stripe: Colour, stripes: tuple[float, ...],
          stripe_width: float) -> None:
    """Plain weave of period 2 `thread`; `stripes` are the u of coloured bands along v, `stripe_width` wide."""
    u, v, px = canvas.u, canvas.v, canvas.px
    visible = min(1.0, max(0.0, 2.0 - 2.5 * px / thread))
    over = np.where((np.floor(u / thread) + np.floor(v / thread)) % 2 == 0, 1.0, 0.0).astype(np.float32)
    across = np.abs((u / thread) % 1.0 - 0.5) * 2 + 0 * v
    along = np.abs((v / thread) % 1.0 - 0.5) * 2 + 0 * u
    round_u, round_v = 1 - across ** 2, 1 - along ** 2
    yarn = over * round_u * (0.6 + 0.4 * round_v) + (1 - over) * round_v * (0.6 + 0.4 * round_u)
    slub = canvas.noise(seed + 5, 9, 210, 1) + canvas.noise(seed + 6, 210, 9, 1)
    band = np.zeros_like(u)
    for centre in stripes:
        band = np.maximum(band, cover(np.abs(u - centre) - stripe_width / 2, px))
    dyed = mix(base, stripe, band * np.ones_like(v))
    shade = 1 + visible * (0.95 * (yarn - 0.55)) + 0.07 * slub
    canvas.paint(1.0, dyed * shade.astype(np.float32))
    folds = canvas.noise(seed + 7, 3.5, 2.2, 2)
    canvas.height = (0.010 * folds + visible * 0.25 * thread * yarn).astype(np.float32)


def tiles(canvas: Canvas, seed: int, side: float = 0.16, shift: float = 0.0, aspect: float = 1.0,
          body: Colour = GLAZE, other: Colour = OTHER_GLAZE, joint: Colour = JOINT,
          rough: float = 0.15) -> None:
    """Tiles `side` high and `side * aspect` wide; `shift` moves every other row (0.5: brick bond).

    Smooth tiles (`rough` below 0.5) carry a small printed star; rough ones are brick.
    """
    u, v, px = canvas.u, canvas.v, canvas.px
    wide = side * aspect
    row = np.floor(v / side)
    column = np.floor(u / wide + shift * (row % 2))
    x = (u / wide + shift * (row % 2) - column - 0.5) * wide
    y = (v / side - row - 0.5) * side + 0 * u
    x = x + 0 * v
    table = np.random.default_rng([seed, 9]).random((61, 53), dtype=np.float32)
    chance = table[row.astype(int) % 61, column.astype(int) % 53]
    grain = canvas.noise(seed + 1, 60, 60, 4)
    face = mix(body, other, chance) * (1 + rough * grain + 0.05 * canvas.noise(seed + 2, 9, 9, 2))
    gap = box(x, y, wide / 2 - 0.006, side / 2 - 0.006, 0.008) + rough * 0.006 * canvas.noise(seed + 3, 40, 40, 2)
    canvas.paint(1.0, mix(joint, joint, 0 * gap) * (1 + 0.2 * grain))
    canvas.paint(cover(gap, px), face.astype(np.float32))
    if rough < 0.5:
        star = np.abs(x) ** 0.7 + np.abs(y) ** 0.7 - (0.36 * side) ** 0.7
        canvas.dye(cover(star * side ** 0.3, px) * (0.25 + 0.5 * chance), colour("3d5f78"))
    canvas.height = (0.006 * smooth(-gap, 0.0, 0.012) + rough * 0.0022 * grain).astype(np.float32)
