"""Training of every task: pairs that agree, recipes that run, runs that can be repeated, steps that are left out."""
import numpy as np
import pytest
from small_training import PLAIN, pattern
from subjects import TRAINED as NETWORKS

from refvr import ops, zoo
from refvr.checkpoints import h5
from refvr.degrade import duf, safa
from refvr.errors import InputError, WeightsError
from refvr.train import checkpoint
from refvr.train.clips import Clip
from refvr.train.fit import Habits, Report
from refvr.train.objective import objective_of
from refvr.train.recipes import recipe_of, recipes
from refvr.train.samplers import Between, Smaller
from refvr.train.start import train

FEW = {"batch": 1, "patch": 8, "pool": 1, "pairs": 1, "warmup": 1}
LEAST = {"remonet": {"patch": 16}, "stfan": {"patch": 16, "sequence": 2}, "safa": {"interval": 2}}


def network_of(recipe):
    return recipe.split("-")[0]


def tiny(recipe):
    network = network_of(recipe)
    return {**NETWORKS[network], **FEW, **LEAST.get(network, {})}


def placed(t=11, h=61, w=67):
    """A clip that shows where it was cut: 20 times the frame, the row, the column."""
    frames = np.zeros((t, h, w, 3), np.uint8)
    frames[..., 0] = 20 * np.arange(t)[:, None, None]
    frames[..., 1], frames[..., 2] = np.arange(h)[:, None], np.arange(w)
    return frames


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "stripes.npy", pattern())
    return folder


@pytest.mark.parametrize("scale, shrunk", [(2, lambda x: duf.downsample(x, 2)), (4, lambda x: duf.downsample(x, 4)),
                                           (4, safa.quarter)])
def test_small_windows_are_cut_from_small_frames(scale, shrunk):
    """As if the whole clip had been made small and then cut: no border of the crop is seen."""
    clip = placed(h=60, w=64)
    recipe = recipe_of("duf-s-x4", PLAIN)
    sampler = Smaller([Clip("placed", clip)], recipe, frames=7, scale=scale, seed=3, shrunk=shrunk)
    small, large = sampler.batch(0)
    assert small.shape == (2, 7, 8, 8, 3) and large.shape == (2, 8 * scale, 8 * scale, 3)
    whole = clip.astype(np.float32) / np.float32(255)
    for window, answer in zip(small, large):
        frame, top, left = np.rint(answer[0, 0] * 255).astype(int)
        frame //= 20
        np.testing.assert_array_equal(answer, whole[frame, top:top + 8 * scale, left:left + 8 * scale])
        by = top % scale, left % scale                        # crops begin anywhere, also between small pixels
        frames = whole[frame - 3:frame + 4, by[0]:, by[1]:]
        h, w = (side - side % scale for side in frames.shape[1:3])
        rows, columns = (slice(start // scale, start // scale + 8) for start in (top, left))
        np.testing.assert_allclose(window, shrunk(frames[:, :h, :w])[:, rows, columns], atol=1e-6)


def test_times_and_answers_belong_together():
    recipe = recipe_of("safa", {**PLAIN, "batch": 6})
    first, second, times, answers, seeds, motion = Between([Clip("placed", placed())], recipe, seed=1).batch(4)
    assert motion.shape == (6, 0)
    assert Between([Clip("placed", placed())], recipe, seed=1, motion=True).batch(4)[5].shape == (6, 32, 32, 4)
    assert first.shape == second.shape == (6, 32, 32, 3) and answers.shape == (6, 3, 32, 32, 3) and seeds.shape == (6,)
    frames = np.rint(answers[:, :, 0, 0, 0] * 255) / 20
    np.testing.assert_allclose((frames - frames[:, :1]) / 8, times)
    assert (times[:, 0] == 0).all() and (times[:, 2] == 1).all() and ((times[:, 1] > 0) & (times[:, 1] < 1)).all()
    place = answers[:, 0, 0, 0, 1:]                           # rows and columns survive the way down and up again
    np.testing.assert_allclose(first[:, 0, 0, 1:], place, atol=0.5 / 255)
    single = Between([Clip("placed", placed())], recipe_of("safa-s", {**PLAIN, "batch": 40}), seed=1).batch(0)[2]
    assert single.shape == (40, 1) and set(single.ravel().tolist()) == {0, 0.5, 1}


@pytest.mark.parametrize("recipe", ["duf-s-x4", "edvr-s-x4", "safa-s", "safa-s-moved"])
def test_a_batch_depends_on_seed_and_step_alone(recipe):
    chosen, config = recipe_of(recipe, {"batch": 2, "patch": 8}), zoo.config(recipe)
    objective, clips = objective_of(network_of(recipe), config), [Clip("stripes", pattern())]
    one, two, other = (objective.sampler(clips, chosen, config, seed, []) for seed in (3, 3, 4))
    one.batch(0)
    a, b = one.batch(7), two.batch(7)
    assert all(x.tobytes() == y.tobytes() for x, y in zip(a, b))
    assert a[0].tobytes() != two.batch(8)[0].tobytes() and a[0].tobytes() != other.batch(7)[0].tobytes()


@pytest.mark.parametrize("recipe", recipes())
def test_every_recipe_makes_a_step(data, tmp_path, recipe):
    name = recipe if recipe in zoo.MODELS else network_of(recipe) if network_of(recipe) in zoo.MODELS \
        else {"duf": "duf-16-x4", "edvr": "edvr-m-x4"}[recipe]
    path = train(name, data, tmp_path / "run", recipe=recipe, changes=tiny(recipe), steps=1)
    state, attributes = h5.load(path)
    assert all(np.isfinite(array).all() for array in state.values())
    loss = float((tmp_path / "run" / "log.csv").read_text().splitlines()[1].split(",")[1])
    assert -50 <= loss < 0 if recipe_of(recipe).loss == "psnr" else 0 < loss < 1e5  # minus a PSNR; 50 dB: FLAWLESS
    assert type(zoo.load(weights=path).config)(**{key: tuple(value) if isinstance(value, list) else value
                                                   for key, value in attributes["config"].items()})


@pytest.mark.parametrize("recipe", ["duf-s-x4", "edvr-s-x4", "stfan-s", "safa-s"])
def test_three_steps_equal_one_and_a_resume(data, tmp_path, recipe):
    train(recipe, data, tmp_path / "straight", changes=tiny(recipe), steps=3, seed=7)
    stop = Report()
    stop.step = lambda done, total, text: (_ for _ in ()).throw(KeyboardInterrupt) if done == 2 else None
    with pytest.raises(KeyboardInterrupt):
        train(recipe, data, tmp_path / "stopped", changes=tiny(recipe), steps=3, seed=7, report=stop,
              habits=Habits(save_every_s=0))
    assert checkpoint.load(tmp_path / "stopped" / "checkpoint.h5").progress["step"] == 1
    with ops.threads(2):
        train(None, None, tmp_path / "stopped", resume=True)
    one, two = (checkpoint.load(tmp_path / name / "checkpoint.h5") for name in ("straight", "stopped"))
    assert one.state.keys() == two.state.keys()
    assert all(one.state[name].tobytes() == two.state[name].tobytes() for name in one.state)


@pytest.mark.parametrize("model", ["duf-s-x4", "edvr-s-x4", "stfan-s", "safa-s"])
def test_small_networks_start_from_what_needs_no_network(model, data):
    """Bicubic, the frame itself, the mean of both; DUF's filters are positive, so that it starts from linear."""
    net = zoo.build(model).init(np.random.default_rng(0))
    x = np.stack([np.stack([frame[:32, :32] for frame in pattern()[:7]])]).astype(np.float32) / 255
    if model == "edvr-s-x4":
        np.testing.assert_array_equal(net(x[:, :3]), ops.imresize(x[:, 1], 4))
    elif model == "stfan-s":
        np.testing.assert_array_equal(net(x[:, 0], x[:, 1], x[:, 2])[0], x[:, 0])
    elif model == "safa-s":
        np.testing.assert_allclose(net(x[:, 0], x[:, 1], [0.5]).frames[:, 0], (x[:, 0] + x[:, 1]) / 2, atol=1e-6)
    else:
        ramp = np.broadcast_to(np.arange(32, dtype=np.float32)[:, None, None] / 32, (1, 7, 32, 32, 3))
        y = net(np.ascontiguousarray(ramp))[0, 40:80, 40:80, 0]
        want = np.broadcast_to(np.arange(40, 80)[:, None] / 4 / 32, y.shape)
        assert np.abs(y - want).max() < 0.02                   # softmax leaves a little everywhere; random last layer


def test_starting_from_other_weights(data, tmp_path):
    options = {"changes": tiny("duf-s-x4"), "steps": 1}
    path = train("duf-s-x4", data, tmp_path / "four", **options)
    told, report = [], Report()
    report.note = told.append
    train("duf-s-x2", data, tmp_path / "two", start=path, report=report, **options)
    assert any("arrays are taken from" in line for line in told)
    four, two = (h5.load(tmp_path / name / "weights.h5")[0]["conv1.weight"] for name in ("four", "two"))
    assert np.abs(four - two).max() < 0.01                                         # one step away
    with pytest.raises(WeightsError, match="holds weights of duf, expected edvr"):
        train("edvr-s-x4", data, tmp_path / "other", start=path, changes=tiny("edvr"), steps=1)


def test_validation_stands_beside_the_baseline(data, tmp_path):
    told, report = [], Report()
    report.note = told.append
    train("edvr-s-x4", data, tmp_path / "run", val=data, changes=tiny("edvr-s-x4"), steps=1, report=report)
    assert any("validation" in line and "dB on bicubic-x4" in line and "without)" in line for line in told)
    assert any("stripes.npy is trained on too" in line for line in told)
    kept = tmp_path / "run" / "validation"
    assert [path.name for path in sorted(kept.iterdir())] == ["0000001.csv", "0000001.png"]
    first, *clips = (line.split(",") for line in (kept / "0000001.csv").read_text().splitlines())
    assert first[:7] == ["kind", "clip", "psnr", "baseline", "gain", "free", "best"]
    assert len(clips) == len(list(data.iterdir())) and {clip[6] for clip in clips} <= {"bicubic", "Lanczos", "NNEDI3"}
    header, line = (text.split(",") for text in (tmp_path / "run" / "log.csv").read_text().splitlines())
    row = dict(zip(header, line))
    assert np.isfinite(float(row["psnr"])) and float(row["baseline"]) > 20
    assert np.mean([float(clip[2]) for clip in clips]) == pytest.approx(float(row["psnr"]), abs=0.01)
    assert min(float(clip[4]) for clip in clips) == pytest.approx(float(row["worst_gain"]), abs=0.01)
    over_free = [float(clip[2]) - float(clip[5]) for clip in clips]
    assert min(over_free) == pytest.approx(float(row["worst_over_free"]), abs=0.01)
    assert all(row[name] for name in ("over_free", "flicker", "chroma", "overshoot"))


def test_refusals(data, tmp_path):
    with pytest.raises(InputError, match="no recipe trains edvr with hr_in"):
        train("edvr-l-deblur", data, tmp_path / "run")
    with pytest.raises(InputError, match="none of the 1 clips"):
        train("duf-s-x4", data, tmp_path / "run", changes={**tiny("duf"), "patch": 64})
    with pytest.raises(InputError, match="periods add up to 1"):
        recipe_of("edvr", {"periods": [0.5], "factors": [1]})
