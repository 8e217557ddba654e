"""The demo scene: it repeats to the byte, scales, blurs as light does, and knows its own motion."""
import numpy as np
import pytest

from refvr.drawing import font
from refvr.drawing.canvas import Canvas, bars, decode, encode, stroke
from refvr.errors import InputError
from refvr.scene import Scene, flow, frames, layers, paper, render, shuffle, things
from refvr.scene.compose import composition
from refvr.scene.layers import Ball
from refvr.scene.view import Loop, Similarity, Swing, Turn

W, H = 97, 53


def sample_at(image, y, x):
    """Bilinear samples of `image` (h, w, c) where the first pixel's centre is (0.5, 0.5)."""
    return np.moveaxis(layers.bilinear(np.moveaxis(image, 2, 0), y - 0.5, x - 0.5), 0, 2)


def box_mean(image, factor):
    h, w, c = image.shape
    return image.reshape(h // factor, factor, w // factor, factor, c).mean((1, 3))


@pytest.mark.parametrize("seed", [0, 5])
def test_same_bytes_again_also_without_the_kept_textures(seed):
    first = render(Scene(seed), W, H, 1.37)
    layers._texture.cache_clear()
    layers._shadow.cache_clear()
    assert render(Scene(seed), W, H, 1.37).tobytes() == first.tobytes()
    *_, last = frames(Scene(seed), W, H, 10, 3, start_s=1.17)
    assert np.allclose(last, first, atol=1e-4)  # 1.17 + 2/10 is 1.37 but for the rounding of the time


@pytest.mark.parametrize("width, height", [(1, 1), (1, 7), (13, 1), (37, 23), (11, 31)])
@pytest.mark.parametrize("time_s", [0.0, -3.7, 1e5])
def test_any_size_and_time(width, height, time_s):
    frame = render(Scene(), width, height, time_s)
    assert frame.shape == (height, width, 3) and frame.dtype == np.float32 and frame.flags.c_contiguous
    assert np.isfinite(frame).all() and frame.min() >= 0 and frame.max() <= 1
    flow_px, visible = flow(Scene(), width, height, time_s, time_s + 0.04)
    assert flow_px.shape == (height, width, 2) and flow_px.dtype == np.float32 and visible.shape == (height, width)
    assert np.isfinite(flow_px).all() and visible.dtype == bool
    blurred = render(Scene(), width, height, time_s, exposure_s=0.1)
    assert blurred.shape == frame.shape and np.abs(blurred - frame).mean() < 0.1


def test_a_large_picture_made_small_is_the_small_picture():
    small, large = render(Scene(), W, H, 0.6), render(Scene(), 4 * W, 4 * H, 0.6)
    shrunk = encode(box_mean(decode(large), 4))
    gap = np.abs(shrunk - small).mean()
    assert gap < 0.01  # the picture's own contrast is about 0.2; what remains is the filter of the textures
    assert np.abs(np.roll(shrunk, 1, 1) - small).mean() > 2.5 * gap  # shifted by a single pixel it fits far worse


def test_time_is_continuous():
    scene = Scene()
    at = [render(scene, W, H, 2.0 + dt) for dt in (0.0, 1e-4, 1e-2)]
    near, far = (np.abs(later - at[0]).mean() for later in at[1:])
    assert 0 < near < far / 30  # a hundredth of the time gives about a hundredth of the change


def test_exposure_is_the_mean_of_instants_in_linear_light():
    scene, exposure_s, count = Scene(), 0.4, 48
    blurred = render(scene, W, H, 0.3, exposure_s=exposure_s)
    times = 0.3 + ((np.arange(count) + 0.5) / count - 0.5) * exposure_s
    mean = encode(np.mean([decode(render(scene, W, H, t)) for t in times], 0))
    gap = np.abs(blurred - mean).mean()
    sharp_gap = np.abs(render(scene, W, H, 0.3) - mean).mean()
    assert gap < 0.004  # one level of 8 bits
    assert sharp_gap > 3 * gap


@pytest.mark.parametrize("seed", [0, 2])
def test_the_flow_brings_the_second_frame_onto_the_first(seed):
    width, height, t0, t1 = 4 * W, 4 * H, 1.0, 1.4
    first, second = (render(Scene(seed), width, height, t) for t in (t0, t1))
    flow_px, visible = flow(Scene(seed), width, height, t0, t1)
    y, x = np.mgrid[:height, :width] + 0.5
    warped = sample_at(second, y + flow_px[..., 0], x + flow_px[..., 1])
    gap = np.abs(warped - first).mean(2)[visible].mean()
    still = np.abs(second - first).mean(2)[visible].mean()
    swapped = np.abs(sample_at(second, y + flow_px[..., 1], x + flow_px[..., 0]) - first).mean(2)[visible].mean()
    assert gap < 0.025  # bilinear samples half a pixel off change this picture by 0.03; shadows and highlights move
    assert still > 3 * gap and swapped > 3 * gap


@pytest.mark.parametrize("seed", [0, 3])
def test_visible_means_that_the_way_back_leads_back(seed):
    width, height, t0, t1 = 3 * W, 3 * H, 0.4, 0.9
    there, visible = flow(Scene(seed), width, height, t0, t1)
    back, _ = flow(Scene(seed), width, height, t1, t0)
    y, x = np.mgrid[:height, :width] + 0.5
    y1, x1 = y + there[..., 0], x + there[..., 1]
    inside = (y1 >= 0) & (y1 < height) & (x1 >= 0) & (x1 < width)
    assert not visible[~inside].any()
    row, col = (np.clip(p, 0, n - 1).astype(int) for p, n in ((y1, height), (x1, width)))
    miss = np.abs(there + back[row, col]).max(2)
    assert (miss[visible] < 1.5).mean() > 0.97  # the rest: the nearest pixel lies beyond an outline
    hidden = inside & ~visible
    assert hidden.sum() > 50
    assert (miss[hidden] > 1.5).mean() > 0.8


def test_no_time_no_flow():
    flow_px, visible = flow(Scene(), W, H, 2.5, 2.5)
    assert np.abs(flow_px).max() < 1e-4
    assert visible.mean() > 0.999


def test_the_top_of_a_rolling_ball_is_twice_as_fast_as_the_ball():
    ball = Ball(0.05, Swing(0j, 0.3 + 0.4j, 2.0), ((1, 1, 1),) * 3)
    t0, t1 = 0.1, 0.1001
    v, u, facing = ball.move(np.zeros(1), np.zeros(1), t0, t1)
    centre = ball.motion.at(t1).b - ball.motion.at(t0).b
    assert facing.all()
    assert complex(u[0], v[0]) == pytest.approx(centre, rel=1e-3)  # on the ball as far as the ball itself


def test_rolling_half_a_turn_hides_the_top():
    ball = Ball(0.05, Swing(0j, 0.3 + 0j, 4.0), ((1, 1, 1),) * 3)
    t1 = np.arcsin(np.pi * 0.05 / 0.3) * 4 / (2 * np.pi)  # when it has rolled pi radii
    v, u, facing = ball.move(np.zeros(1), np.zeros(1), 0.0, t1)
    assert not facing.any() and abs(complex(u[0], v[0])) < 1e-9


def test_a_car_drives_nose_ahead():
    for way in (5.0, -5.0):
        loop = Loop(0.1 + 0.2j, 0.4, 0.2, 0.3, way, 0.15)
        step = loop.at(1.0001).b - loop.at(0.9999).b
        assert loop.at(1.0).a == pytest.approx(step / abs(step), abs=1e-6)


def test_similarities_compose_and_invert():
    one, two = Turn(0.3 - 0.1j, 0.7, per_s=0.4).at(0.9), Similarity(2 - 1j, 0.5j)
    v, u = np.array([0.3, -0.2]), np.array([0.1, 0.7])
    direct = (two @ one).points(v, u)
    assert np.allclose(direct, two.points(*one.points(v, u)))
    assert np.allclose((two @ one).inverse().points(*direct), (v, u))
    assert np.allclose([p[1, 0] for p in two.grid(v, u)], [p[0] for p in two.points(v[1:], u[:1])])


def test_seeds_differ_and_repeat():
    pictures = [render(Scene(seed), W, H, 0.5) for seed in (0, 1, 2, 3)]
    for k, one in enumerate(pictures):
        for other in pictures[:k]:
            assert np.abs(one - other).mean() > 0.05
    assert [type(it).__name__ for it in shuffle.layers(shuffle.Dice(4))] == [
        type(it).__name__ for it in shuffle.layers(shuffle.Dice(4))]


def test_no_camera_sees_past_its_ground():
    for seed in range(60):
        camera = composition(seed).camera
        for time_s in np.linspace(0, 60, 97):
            for width, height in ((160, 90), (31, 97), (97, 11)):
                corners = np.array([0, 0, height, height]), np.array([0, width, 0, width])
                v, u = camera.screen(time_s, width, height).inverse().points(*corners)
                assert np.abs(v).max() < layers.GROUND[0] and np.abs(u).max() < layers.GROUND[1]


def test_the_gears_of_the_demo_mesh():
    flat = [it for it in composition(0).layers if isinstance(it, layers.Flat)]
    big, small = (it for it in flat if it.paint.func is things.gear)
    v, u = (c.ravel() for c in np.mgrid[-0.5:0.1:0.001, -0.9:-0.2:0.001])
    for time_s in (0.0, 0.31, 0.77, 5.3):
        both = [it.alpha(*it.motion.at(time_s).inverse().points(v, u), 500.0) for it in (big, small)]
        overlap = (both[0] * both[1]).sum()
        tooth = 0.02 * 0.01 * 1e6  # a tooth's area in these points
        assert overlap < 0.25 * tooth


def test_bars_and_strokes_are_averages_over_the_texel():
    fine = np.linspace(-0.5, 0.5, 4001)
    for x, px in ((0.1, 0.3), (0.47, 0.9), (0.8, 2.7)):
        assert bars(np.array(x), px) == pytest.approx((((x + px * fine) % 1) < 0.5).mean(), abs=1e-3)
    distance = np.abs(np.arange(-5, 6) - 0.3)
    for half in (0.02, 0.2, 1.7):
        assert stroke(distance, half, 1.0).sum() == pytest.approx(2 * half, rel=1e-6)  # ink is conserved


def test_text_is_drawn_with_glyphs_that_exist():
    for text in (*paper.TEXT, *shuffle.TITLES):
        assert not {c for c in text if c != " " and c not in font.GLYPHS}
    canvas = Canvas(0.05, 0.2, 400)
    canvas.paint(1.0, (1, 1, 1))
    font.write(canvas, "Hello", -0.15, 0.02, 0.05, (0, 0, 0))
    ink = 1 - canvas.rgb[0]
    assert 0.02 < ink.mean() < 0.3 and ink.max() == pytest.approx(1)
    assert all(font.text_width(line, 0.02) <= 0.5 for line in font.wrap(paper.TEXT[0], 0.5, 0.02))


def test_display_values_round_trip():
    grey = np.linspace(0, 1, 257)
    assert np.allclose(encode(decode(grey)), grey, atol=2e-7)


@pytest.mark.parametrize("bad", [
    {"width": 0}, {"height": -3}, {"time_s": np.nan}, {"exposure_s": -0.1}, {"exposure_s": np.inf}, {"samples": 0}])
def test_bad_values_are_named(bad):
    with pytest.raises(InputError):
        render(Scene(), **{"width": 5, "height": 3, "time_s": 0.0, **bad})


def test_bad_frame_rate_and_seed():
    with pytest.raises(InputError, match="seed"):
        Scene(-1)
    with pytest.raises(InputError, match="fps"):
        next(frames(Scene(), 5, 3, 0, 1))
