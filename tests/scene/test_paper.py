"""Printed things: what is measured on a page and a chart is what their code says, at any density of texels."""
import numpy as np
import pytest

from refvr.drawing import font
from refvr.drawing.canvas import Canvas, colour
from refvr.scene.paper import PAPER, TEXT, chart, engraving, hatching, page, sheet, swatch

HALF, DENSITY = 0.2, 500


def drawn(thing, *given, half_h=HALF, half_w=HALF, density=DENSITY, **options):
    canvas = Canvas(half_h, half_w, density)
    thing(canvas, *given, **options)
    return canvas


def at(canvas, u, v):
    """The colour at a place, of the texel whose centre is nearest."""
    row, column = (int(np.abs(axis - place).argmin()) for axis, place in ((canvas.v[:, 0], v), (canvas.u[0], u)))
    return canvas.rgb[:, row, column]


def darkness(canvas):
    """How much of the paper's light is missing, (h, w)."""
    return 1 - canvas.rgb.sum(0) / np.maximum(canvas.alpha * sum(PAPER), 1e-6)


def test_hatching_is_half_ink_and_half_paper():
    x = np.arange(0, 0.06, 1e-4)
    lines = hatching(x, 0.006, 1e-4)
    assert lines.mean() == pytest.approx(0.5, abs=0.01) and (np.diff(lines > 0.5) != 0).sum() in (19, 20)
    assert np.abs(hatching(x, 0.006, 0.006) - 0.5).max() < 1e-6, "too fine to be seen: grey"


def test_a_sheet_is_paper_but_for_a_margin():
    canvas = drawn(sheet, 3, PAPER)
    inside = (np.abs(canvas.u) < HALF - 0.016) & (np.abs(canvas.v) < HALF - 0.016)
    outside = (np.abs(canvas.u) > HALF - 0.008) | (np.abs(canvas.v) > HALF - 0.008)
    assert (canvas.alpha[inside] == 1).all() and (canvas.alpha[outside] == 0).all()
    shares = canvas.rgb[:, inside] / np.float32(PAPER)[:, None]
    assert 0.97 < shares.min() < shares.max() < 1.03, "a faint tooth"
    np.testing.assert_allclose(shares[0], shares[2], rtol=1e-3)   # which has no colour of its own
    assert canvas.height.shape == canvas.alpha.shape and 0.001 < np.abs(canvas.height).max() < 0.01
    assert np.array_equal(canvas.rgb, drawn(sheet, 3, PAPER).rgb)
    assert not np.array_equal(canvas.rgb, drawn(sheet, 4, PAPER).rgb)


def test_an_engraving_stays_in_its_frame_and_darkens_from_the_sky_down():
    canvas = Canvas(HALF, HALF, DENSITY)
    sheet(canvas, 1, PAPER)
    before = canvas.rgb.copy()
    engraving(canvas, 1, 0.05, 0.08, 0.12)
    changed = np.abs(canvas.rgb - before).max(0) > 1e-6
    rows, columns = np.nonzero(changed)
    texel = 2 / DENSITY
    for found, want in ((canvas.v[rows, 0], (0.05 - 0.08, 0.05 + 0.08)), (canvas.u[0, columns], (-0.12, 0.12))):
        assert abs(found.min() - want[0]) < texel and abs(found.max() - want[1]) < texel
    light = canvas.rgb.mean(0)
    middle = light[:, np.abs(canvas.u[0]) < 0.1].mean(1)
    sky, ground = (middle[np.abs(canvas.v[:, 0] - v) < 0.01].mean() for v in (-0.02, 0.12))
    assert sky > 2 * ground
    np.testing.assert_allclose(at(canvas, 0.42 * 0.12, 0.05 - 0.35 * 0.08), colour("e0a060"), atol=0.02)   # the sun
    frame = at(canvas, 0.0, 0.05 - 0.08)
    assert frame.mean() < 0.8 * at(canvas, 0.0, 0.05 - 0.07).mean(), "a hairline"


def test_a_page_has_a_title_two_columns_and_its_number():
    tall = {"half_h": 0.45, "half_w": 0.32}
    canvas = drawn(page, 7, **tall)
    ink = (darkness(canvas) > 0.3) & (np.abs(canvas.u) < 0.29)
    u, v = canvas.u[0], canvas.v[:, 0]
    half_h, half_w = 0.44, 0.31
    cap = min(1.5 * half_w / font.text_width("ON SEEING CLEARLY", 1.0), 0.075 * half_h)
    top = -0.86 * half_h
    title = ink[(v > top - 1.1 * cap) & (v < top + 0.1 * cap)].any(0)
    width = font.text_width("ON SEEING CLEARLY", cap)
    assert abs(np.ptp(u[title]) - width) < 0.1 * width and abs(u[title].min() + u[title].max()) < 0.03
    body = ink[(v > top + 0.08 + 0.6 * half_h + 0.035) & (v < half_h - 0.06)]
    columns = body[:, np.abs(u) < 0.8 * half_w].any(0)
    gutter = body[:, np.abs(u) < 0.010].any()
    assert not gutter and columns[u[np.abs(u) < 0.8 * half_w] < -0.02].any() and columns.any()
    assert not body[:, np.abs(u) > 0.83 * half_w].any(), "text keeps its margins"
    lowest = body[-60:]   # five lines
    assert lowest[:, u < -0.02].any() and lowest[:, u > 0.02].any(), "both columns reach the end"
    number = ink[(v > half_h - 0.04) & (v < half_h - 0.01)].any(0)
    assert number.any() and np.abs(u[number]).max() < 0.03
    lower = (v > top + 0.08 + 0.6 * half_h) & (v < half_h - 0.06)
    other = drawn(page, 7, first=1, **tall)
    assert np.array_equal(canvas.rgb[:, ~lower], other.rgb[:, ~lower])   # another text, the same page
    assert not np.array_equal(canvas.rgb[:, lower], other.rgb[:, lower])


def test_all_text_can_be_set():
    assert not {sign for text in TEXT for sign in text if sign != " "} - font.GLYPHS.keys()


@pytest.mark.parametrize("cycles", [12, 36])
def test_the_star_of_a_chart_has_as_many_spokes_as_it_says(cycles):
    canvas = drawn(chart, 1, cycles=cycles)
    half = HALF - 0.01
    turn = (np.arange(3600) + 0.5) / 3600 * 2 * np.pi
    light = np.array([at(canvas, 0.4 * half * np.cos(t), 0.4 * half * np.sin(t)).mean() for t in turn])
    dark = light < (light.min() + light.max()) / 2
    assert (dark != np.roll(dark, 1)).sum() == 2 * cycles and dark.mean() == pytest.approx(0.5, abs=0.05)
    assert at(canvas, 0, 0.56 * half).mean() > 0.8 * light.max(), "it ends"
    ring = np.array([at(canvas, 0.52 * half * np.cos(t), 0.52 * half * np.sin(t)).mean() for t in turn])
    assert ring.max() < 0.75 * light.max(), "with a line all around"


def test_lines_of_a_chart_have_their_periods_across_and_down():
    """Four pairs of fields, finer from above; to the left the lines stand, to the right they lie."""
    canvas, half = drawn(chart, 1, half_h=0.4, half_w=0.4, density=1500), 0.39
    size = 0.105 * half
    for k, period in enumerate((0.016, 0.011, 0.008, 0.0055)):
        along = np.linspace(-0.9 * size, 0.9 * size, 800)
        v = (-0.42 + 0.28 * k) * half
        for stands, u in ((True, -0.73 * half), (False, 0.73 * half)):
            across, still = (np.array([at(canvas, *((u + d, v) if first else (u, v + d))).mean() for d in along])
                             for first in (stands, not stands))
            dark = across < (across.min() + across.max()) / 2
            assert abs((np.diff(dark) != 0).sum() - 2 * 1.8 * size / period) <= 2, (k, stands)
            assert np.ptp(still) < 0.3 * np.ptp(across)


def test_grey_steps_and_colours_of_a_chart_are_the_known_ones():
    """Each step has 0.62 of the light of the one before; eight colours stand above."""
    canvas, half = drawn(chart, 1), HALF - 0.01
    codes = ("8e5a4a", "c2a27e", "6d84a0", "6b7d4f", "a3628a", "d9b14a", "4f8f92", "b5533c")
    for k, code in enumerate(codes):
        u = (-0.735 + 0.21 * k) * half
        np.testing.assert_allclose(at(canvas, u, 0.74 * half), (0.9 * 0.62 ** k,) * 3, rtol=1e-5)
        np.testing.assert_allclose(at(canvas, u, -0.74 * half), colour(code), rtol=1e-5)
    label = darkness(canvas)[(canvas.v[:, 0] > 0.88 * half) & (canvas.v[:, 0] < 0.94 * half)].max(0)
    written = canvas.u[0, label > 0.3]
    width = font.text_width("REFVR TEST TARGET", 0.055 * half)
    inner = written[np.abs(written) < 0.9 * half]
    assert abs(np.ptp(inner) - width) < 0.15 * width
    assert at(canvas, 0.97 * half, 0.3 * half).mean() < 0.4 * at(canvas, 0.95 * half, 0.3 * half).mean(), "a frame"


def test_swatches_are_mixtures_of_two_colours_on_a_card_or_a_disc():
    one, other = (0.8, 0.1, 0.2), (0.1, 0.6, 0.9)
    shapes, looks = set(), []
    for seed in range(12):
        canvas = drawn(swatch, seed, one, other, density=250)
        solid = canvas.alpha > 0.999
        share = (canvas.rgb[0, solid] - one[0]) / (other[0] - one[0])
        np.testing.assert_allclose(canvas.rgb[1, solid], one[1] + share * (other[1] - one[1]), atol=1e-4)
        assert share.min() >= -1e-4 and share.max() <= 1 + 1e-4
        shapes.add(round(float(solid.mean()), 1))
        looks.append(canvas.rgb)
        assert canvas.alpha[1, 1] == 0 and canvas.height.dtype == np.float32
        centre = canvas.alpha[canvas.alpha.shape[0] // 2, canvas.alpha.shape[1] // 2]
        assert centre == 1
    assert len(shapes) > 1, "cards and discs"
    assert all(not np.array_equal(a, b) for k, a in enumerate(looks) for b in looks[:k])
    assert np.array_equal(drawn(swatch, 3, one, other, density=250).rgb, looks[3])


def pattern_of(seed):
    """What a swatch draws first: period, direction and kind of its pattern."""
    rng = np.random.default_rng([seed, 61])
    period = np.exp(rng.uniform(np.log(0.008), np.log(0.09)))
    turn, _ = rng.uniform(0, np.pi), rng.uniform()   # how much lines are bent
    return period, turn, int(rng.integers(6))


def test_patterns_repeat_along_their_direction():
    """Stripes, checks, dots and waves: after a period along, and after four across, where bends begin again."""
    found = {}
    for seed in range(60):
        period, turn, kind = pattern_of(seed)
        if period > 0.03 and kind < 4:
            found.setdefault(kind, (seed, period, turn))
    assert found.keys() == {0, 1, 2, 3}
    for kind, (seed, period, turn) in found.items():
        canvas = drawn(swatch, seed, (0.0,) * 3, (1.0,) * 3, half_h=0.4, half_w=0.4, density=500)
        places = [(0.013 * k - 0.05, 0.009 * (k % 7) - 0.03) for k in range(12)]
        along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        here = np.array([at(canvas, u, v)[0] for u, v in places])
        for step in (period * along, 4 * period * across):
            there = np.array([at(canvas, u + step[0], v + step[1])[0] for u, v in places])
            assert np.median(np.abs(here - there)) < 0.1, (kind, seed)
        half = np.array([at(canvas, u + period / 2 * along[0], v + period / 2 * along[1])[0] for u, v in places])
        assert np.abs(here - half).max() > 0.5, (kind, "it is no plain surface")
