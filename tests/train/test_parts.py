"""The parts of a training run: clips, batches, plans, recipes, logs."""
import numpy as np
import pytest
from places import ROOT

from refvr.errors import InputError
from refvr.train.clips import Clip, load_clips
from refvr.train.data import shrink
from refvr.train.log import Log, smoothed
from refvr.train.memory import keep_memory
from refvr.train.plan import Plan
from refvr.train.plot import draw_log, log_ticks, ticks
from refvr.train.recipes import RECIPES, Recipe, changed, recipe_of
from refvr.train.samplers import Noisy

PLAIN = {"batch": 3, "patch": 8, "sigma": (0, 0), "strides": (1,), "reverse": False, "shrink": 0, "jitter": 0,
         "augment": "sample"}


def coordinates(t=11, h=17, w=23):
    """A clip whose values are its coordinates: 20 times the frame, row, column."""
    frames = np.zeros((t, h, w, 3), np.uint8)
    frames[..., 0] = 20 * np.arange(t)[:, None, None]
    frames[..., 1], frames[..., 2] = np.arange(h)[:, None], np.arange(w)
    return Clip("coordinates", frames)


def test_a_batch_depends_on_seed_and_step_alone():
    recipe = recipe_of("remonet-s", {"batch": 2, "patch": 8})
    one, two = (Noisy([coordinates()], recipe, frames=5, seed=seed) for seed in (3, 3))
    for step in (0, 1, 2):
        one.batch(step)
    a, b = one.batch(7), two.batch(7)
    assert all(x.tobytes() == y.tobytes() for x, y in zip(a, b))
    assert a[0].shape == (2, 5, 8, 8, 3) and a[0].dtype == np.float32
    assert not np.array_equal(a[0], two.batch(8)[0])
    assert not np.array_equal(a[0], Noisy([coordinates()], recipe, frames=5, seed=4).batch(7)[0])


def test_windows_are_consecutive_frames_of_one_square():
    noisy, clean = Noisy([coordinates()], recipe_of("remonet-s", PLAIN), frames=5, seed=1).batch(0)
    np.testing.assert_array_equal(noisy, clean)
    for window in np.rint(clean * 255).astype(int):
        assert (window[..., 1:] == window[0, ..., 1:]).all()                 # the same place in all frames
        assert (np.diff(window[:, 0, 0, 0]) == 20).all()                     # one frame after the other
        rows, columns = np.unique(window[0, ..., 1]), np.unique(window[0, ..., 2])
        assert len(rows) == len(columns) == 8 and rows[-1] - rows[0] == 7    # a square, not scaled


def test_strides_and_direction():
    recipe = recipe_of("remonet-s", {**PLAIN, "strides": (0.5, 0.5, 0.5), "reverse": True, "batch": 40})
    clean = Noisy([coordinates()], recipe, frames=5, seed=2).batch(0)[1]
    steps = {int(d) for d in np.rint(np.diff(clean[:, :, 0, 0, 0], axis=1) * 255).ravel()}
    assert steps == {20, -20, 40, -40}                                       # stride 3 needs 13 frames: not drawn


def test_noise_has_the_drawn_level_and_is_not_clipped():
    recipe = recipe_of("remonet", {"batch": 4, "patch": 16, "sigma": (50, 50), "augment": "sample"})
    dark = Clip("dark", np.zeros((5, 16, 16, 3), np.uint8))
    noisy, clean = Noisy([dark], recipe, frames=5, seed=2).batch(0)
    assert not clean.any()
    assert noisy.min() < 0
    count = noisy.size
    assert noisy.std() == pytest.approx(50 / 255, rel=5 / np.sqrt(2 * count))   # five standard errors


def test_jitter_stays_in_range_and_changes_brightness():
    recipe = recipe_of("remonet-s", {**PLAIN, "jitter": 0.5, "batch": 16})
    bright = Clip("bright", np.full((5, 8, 8, 3), 200, np.uint8))
    clean = Noisy([bright], recipe, frames=5, seed=2).batch(0)[1]
    assert clean.max() <= 1 and len(np.unique(clean)) > 16
    assert (clean == clean[:, :1, :1, :1]).all()                             # one gain for a whole window


def test_shrink_is_the_mean_over_areas():
    x = np.random.default_rng(0).integers(0, 256, (3, 14, 14, 3)).astype(np.uint8)
    halves = x.reshape(3, 7, 2, 7, 2, 3).mean((2, 4))
    rounding = 2 * 14 * 255 * np.finfo(np.float32).eps                       # of a running sum of 14 values, twice
    np.testing.assert_allclose(shrink(x, 7), halves, atol=rounding)
    np.testing.assert_allclose(shrink(x, 11).mean((1, 2)), x.mean((1, 2)), atol=14 * rounding)
    np.testing.assert_array_equal(shrink(x, 14), x)
    ramp = np.broadcast_to(np.arange(9, dtype=np.uint8)[:, None, None], (1, 9, 9, 1))
    centres = (np.arange(6) + 0.5) * 1.5 - 0.5
    np.testing.assert_allclose(shrink(ramp, 6)[0, 1:-1, 0, 0], [1.0 + 2 / 3, 3 + 1 / 3, 4 + 2 / 3, 6 + 1 / 3],
                               atol=1e-5)                                    # by hand: box from 1.5 k to 1.5 (k + 1)
    assert np.abs(shrink(ramp, 6)[0, :, 0, 0] - centres).max() < 0.5


def test_clips_are_found_in_files_and_folders(tmp_path):
    import imageio.v3 as imageio

    clip = coordinates()
    (tmp_path / "pictures").mkdir()
    for k, frame in enumerate(clip.frames):
        imageio.imwrite(tmp_path / "pictures" / f"{k:03d}.png", frame)
    np.save(tmp_path / "array.npy", clip.frames)
    (tmp_path / "notes.txt").write_text("no clip")
    found = load_clips(tmp_path, frames=5, side=17)
    assert [c.name for c in found] == ["array.npy", "pictures"]
    for c in found:
        np.testing.assert_array_equal(c.frames, clip.frames)
    assert found[0].facts()[1:] == found[1].facts()[1:]
    assert load_clips(tmp_path / "array.npy")[0].name == "array.npy"


def test_clips_beyond_the_memory_limit_are_mapped(tmp_path):
    np.save(tmp_path / "a.npy", coordinates().frames)
    mapped = load_clips(tmp_path, memory_gib=3000 / 2 ** 30)[0]              # two and a half frames fit
    assert isinstance(mapped.frames, np.memmap)
    np.testing.assert_array_equal(mapped.frames, coordinates().frames)


def test_unusable_data(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_clips(tmp_path / "missing")
    with pytest.raises(InputError, match="no clips in"):
        load_clips(tmp_path)
    np.save(tmp_path / "short.npy", coordinates(t=4).frames)
    np.save(tmp_path / "good.npy", coordinates().frames)
    (tmp_path / "broken.mp4").write_bytes(b"")
    lines = []
    assert [c.name for c in load_clips(tmp_path, frames=5, side=17, warn=lines.append)] == ["good.npy"]
    assert any("short.npy: 4 frames" in line for line in lines) and any("broken.mp4" in line for line in lines)
    with pytest.raises(InputError, match="at least 5 frames of 19x19"):
        load_clips(tmp_path, frames=5, side=19)


def test_plan_progress():
    plan = Plan([(0, 100)])
    assert [plan.progress(s) for s in (0, 25, 100)] == [0, 0.25, 1]
    plan.revise(50, 150)
    assert str(plan) == "0:100,50:150" and plan.total == 150
    assert [plan.progress(s) for s in (50, 100, 150)] == [0.5, 0.75, 1]
    plan.revise(149, 10)                                                     # too late to be shorter than this
    assert plan.total == 150
    progress = [Plan.parse(str(plan)).progress(s) for s in range(151)]
    assert progress == sorted(progress) and progress[-1] == 1
    assert str(Plan.parse("9000")) == "9000"
    for text in ("many", "0", "5:10", "0:10,0:20", "0:10,30:20"):
        with pytest.raises(InputError, match="steps"):
            Plan.parse(text)


def test_recipes():
    official = RECIPES["remonet"]
    assert (official.networks, official.batch, official.patch, official.lr) == (2, 12, 96, 8e-4)
    assert official.rate(0, 0.0) == pytest.approx(7.9945e-4, rel=1e-5)
    assert official.rate(0, 3 / 60) == pytest.approx(8e-4 / 2 * (1 + np.cos(np.pi * 4 / 60)))
    assert official.rate(0, 59.5 / 60) == 0
    assert changed(official, {"batch": 7.0, "strides": [1, 2]}).strides == (1, 2)
    for changes, words in (({"batch": 0}, "at least 1"), ({"colour": 1}, "no 'colour'"), ({"loss": "x"}, "loss is one"),
                           ({"batch": "many"}, "batch: got"), ({"strides": []}, "strides"), ({"lr": 0}, "lr is")):
        with pytest.raises(InputError, match=words):
            recipe_of("remonet", changes)
    with pytest.raises(InputError, match="no recipe 'x'"):
        recipe_of("x")


def test_log_is_cut_where_a_run_resumes(tmp_path):
    log = Log(tmp_path / "log.csv")
    for step in range(1, 6):
        log.add(step=step, loss=1 / step, psnr=30.0) if step == 2 else log.add(step=step, loss=1 / step)
    log.save()
    again = Log(tmp_path / "log.csv", step=3)
    again.add(step=4, loss=0.5)
    again.save()
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0].startswith("step,loss,") and [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert lines[2].endswith(",30,,") and lines[4].startswith("4,0.5,")


def test_curve(tmp_path):
    import imageio.v3 as imageio

    rows = [{"step": k + 1, "loss": 1 / (k + 1)} for k in range(50)]
    draw_log(rows, tmp_path / "loss.png", title="curve")
    plain = imageio.imread(tmp_path / "loss.png").astype(int)
    rows[20]["psnr"], rows[40]["psnr"] = 25.0, 27.0
    draw_log(rows, tmp_path / "loss.png", title="curve")
    both = imageio.imread(tmp_path / "loss.png").astype(int)
    assert plain.shape == both.shape == (480, 800, 3)
    red = (both[..., 0] > both[..., 2] + 60).sum()
    assert red > 100 and not (plain[..., 0] > plain[..., 2] + 60).any()      # the second panel has the red curve
    draw_log([*rows[:20], {**rows[20], "psnr": 25.0}], tmp_path / "loss.png", title="one measurement")
    one = imageio.imread(tmp_path / "loss.png").astype(int)[315:]   # below the label
    assert (one[..., 0] > one[..., 2] + 60).sum() > 10
    draw_log(rows[:1], tmp_path / "loss.png", title="one point")


def test_ticks_and_smoothing():
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(0.013, 0.047) == [0.02, 0.03, 0.04]
    np.testing.assert_allclose([10 ** v for v in log_ticks(-1, 1)], [0.1, 0.2, 0.5, 1, 2, 5])
    position, mean = smoothed([1.0, 3.0, 5.0, 7.0], points=2)
    np.testing.assert_array_equal(position, [1.5, 3.5])
    np.testing.assert_array_equal(mean, [2.0, 6.0])


def test_keep_memory_can_be_called_anywhere():
    keep_memory()


def test_the_documented_recipes_are_the_real_ones():
    import json
    from dataclasses import asdict

    def text(value):
        return json.dumps(value).replace('"', "")

    page = (ROOT / "docs" / "train.md").read_text()
    rows = [[cell.strip(" ") for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]
    defaults = asdict(Recipe())
    told = {row[0].strip("`"): row[1] for row in rows if row[0].strip("`") in defaults}
    assert told == {key: text(value) for key, value in defaults.items()}
    named = {row[0].strip("`"): row[1] for row in rows if row[0].strip("`") in RECIPES}
    assert named == {name: ", ".join(f"{key} {text(value)}" for key, value in asdict(recipe).items()
                                     if value != defaults[key]) for name, recipe in RECIPES.items()}
