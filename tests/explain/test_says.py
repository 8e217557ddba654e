"""What a network says of one pixel: exhibits whose values are those of the run, and that explain its result."""
import base64
from types import SimpleNamespace

import numpy as np
import pytest

from refvr import ops
from refvr.explain import says

RNG = np.random.default_rng(0)


def subject(about=(), blocks=(), **config):
    return SimpleNamespace(net=SimpleNamespace(config=SimpleNamespace(**config), blocks=blocks), about=dict(about))


def test_filters_and_residual_of_duf_make_the_pixel():
    """The 25 weights over the middle frame, and the residual added: the result itself, from what the page shows."""
    middle = RNG.random((1, 8, 10, 3))
    logits, residual = RNG.standard_normal((1, 8, 10, 25 * 16)), RNG.standard_normal((1, 8, 10, 3 * 16))
    values = {"filters2": logits[:, None], "residual2": residual[:, None]}
    with ops.backend("plain"):
        result = ops.dynamic_upsample(middle, logits, residual, s=4)[0]
        for y, x in ((13, 22), (14, 25), (18, 17)):
            filters, bars = says.duf(subject(scale=4), values, y, x)
            items, i, j = filters["items"], y // 4, x // 4
            assert len(items) == 16 and items[filters["marked"]]["label"] == f"phase {y % 4},{x % 4}"
            w = np.array(items[filters["marked"]]["w"]).reshape(5, 5)
            assert w.sum() == pytest.approx(1, abs=1e-5)
            made = np.einsum("ij,ijc->c", w, middle[0, i - 2:i + 3, j - 2:j + 3])
            assert [item["label"] for item in bars["items"]] == ["red", "green", "blue"]
            np.testing.assert_allclose(made + [item["value"] for item in bars["items"]], result[y, x], atol=1e-5)


def edvr_values(frames=3, groups=2, side=8):
    values = {"fusion.alike": RNG.random((1, side, side, frames))}
    for k in range(frames):
        for level, unit in (("l3.dcn", 4), ("l2.dcn", 2), ("l1.dcn", 1), ("cas_dcnpack", 1)):
            at = f"frame{k}.pcd_align.{level}"
            values[f"{at}.offset_px"] = RNG.standard_normal((1, side // unit, side // unit, groups * 18))
            values[f"{at}.mask"] = RNG.random((1, side // unit, side // unit, groups * 9))
    return values


@pytest.mark.parametrize("scale, step", [(4, 1), (1, 4)])
def test_attention_and_taps_of_edvr(scale, step):
    """A map has a quarter of the result's resolution; a tap's step is so many input pixels."""
    config = {"tsa": True, "frames": 3, "reference": 1, "offset_groups": 2, "scale": scale}
    values = edvr_values()
    bars, *taps = says.edvr(subject(**config), values, 22, 29)
    assert [(item["label"], item["value"]) for item in bars["items"]] == [
        (f"frame {k - 1:+d}", values["fusion.alike"][0, 5, 7, k]) for k in range(3)]
    assert len(taps) == 3 * 4
    for k in range(3):
        for tap, (level, unit, frame) in zip(taps[4 * k:4 * k + 4], (
                ("l3.dcn", 4, k), ("l2.dcn", 2, k), ("l1.dcn", 1, k), ("cas_dcnpack", 1, 1))):
            at = [5 // unit, 7 // unit]
            assert (tap["frame"], tap["unit_px"], tap["at"]) == (frame, unit * step, at)
            assert tap["title"].startswith(f"frame {k - 1:+d}, ")
            name = f"frame{k}.pcd_align.{level}"
            for g, group in enumerate(tap["groups"]):
                offset = values[f"{name}.offset_px"][0, at[0], at[1], 18 * g:18 * g + 18]
                np.testing.assert_allclose(group["offset"], offset, rtol=1e-3)
                np.testing.assert_allclose(group["mask"], values[f"{name}.mask"][0, at[0], at[1], 9 * g:9 * g + 9],
                                           rtol=1e-3)
            assert len(tap["groups"]) == 2
    assert all(one["kind"] == "taps" for one in says.edvr(subject(**config | {"tsa": False}), values, 0, 0))


def test_filters_of_stfan_are_the_mean_and_the_channels_furthest_from_it():
    channels = 15
    values = {}
    for name in ("align", "deblur"):
        w = RNG.standard_normal((1, 4, 4, 25, channels)).astype(np.float32)
        w[..., 3] += 9      # one that stands out
        values[f"{name}.filters"] = w.reshape(1, 4, 4, -1)
    found = says.stfan(subject(), values, 9, 12)
    for k, name in enumerate(("align", "deblur")):
        filters, every = found[2 * k:2 * k + 2]
        w = values[f"{name}.filters"][0, 2, 3].reshape(25, channels)
        labels = [item["label"] for item in filters["items"]]
        assert labels[:2] == ["mean", "channel 3"] and len(labels) == 13 and filters["marked"] == 0
        np.testing.assert_allclose(filters["items"][0]["w"], w.mean(1), rtol=1e-3, atol=1e-6)
        far = np.abs(w - w.mean(1)[:, None]).sum(0)
        chosen = [int(label.split()[1]) for label in labels[1:]]
        assert sorted(far[chosen], reverse=True) == list(far[chosen]) and min(far[chosen]) >= np.sort(far)[3]
        for item, c in zip(filters["items"][1:], chosen):
            np.testing.assert_allclose(item["w"], w[:, c], rtol=1e-3)
        assert (every["k"], every["count"]) == (5, channels)
        assert every["title"] == f"{('alignment', 'deblurring')[k]} filters, any channel"
        all_of_them = np.frombuffer(base64.b64decode(every["f4"]), "<f4").reshape(channels, 25)
        assert np.array_equal(all_of_them, w.T)
    assert "past" in found[0]["title"] and "this frame" in found[2]["title"]


def test_flow_of_safa_step_by_step_and_the_blend():
    values = {f"t0.step{k}.flow": RNG.standard_normal((1, 3, 4, 5)) for k in range(2)}
    values["t0.mask"] = np.full((1, 3, 4, 1), 0.25)
    table, bars = says.safa(subject(blocks=[1, 2]), values, 1, 2)
    assert table["head"][1:] == ["right, first", "down, first", "right, second", "down, second"]
    assert table["rows"] == [[f"step {k + 1}", *(f"{v:.3f}" for v in values[f"t0.step{k}.flow"][0, 1, 2, :4])]
                             for k in range(2)]
    assert [(item["label"], item["value"]) for item in bars["items"]] == [("first frame", 0.25), ("second frame", 0.75)]


@pytest.mark.parametrize("frame, steps", [
    (0, [(0, 0, "before"), (0, 1, "in the middle"), (1, 0, "before")]),
    (4, [(0, 1, "in the middle"), (1, 0, "before"), (0, 0, "before")]),
    (1, [(0, 2, "after"), (1, 1, "in the middle"), (2, 0, "before")]),
    (2, [(1, 2, "after"), (2, 1, "in the middle"), (3, 0, "before")]),
    (3, [(2, 2, "after"), (3, 1, "in the middle"), (3, 2, "after")])])
def test_guesses_of_remonet(frame, steps):
    """Step t guesses frames t - 1, t, t + 1; at an end the frame beyond is the last one. Of frame 4 of a clip: number 0
    of the second window. A guess is folded: pixel (y, x) of colour c is channel 4 c + 2 (y % 2) + x % 2.
    """
    guesses = {f"step{t}.guess": RNG.standard_normal((1, 2, 3, 36)) for t in range(4)}
    table, = says.remonet(subject({"frame": frame}, fold=2, frames=4), guesses, 3, 4)
    want = sorted((f"step {t}", f"frame {('before', 'in the middle', 'after')[place]}",
                   *(f"{guesses[f'step{t}.guess'][0, 1, 2, 12 * place + 4 * c + 2]:.4f}" for c in range(3)))
                  for t, place, _ in steps)
    assert sorted(map(tuple, table["rows"])) == want and table["head"][2:] == ["red", "green", "blue"]


def test_a_network_whose_record_has_none_says_nothing():
    silent = SimpleNamespace(record=SimpleNamespace(explained=SimpleNamespace(says=None)))
    assert says.says(silent, {}, 0, 0) == []
    said = SimpleNamespace(record=SimpleNamespace(explained=SimpleNamespace(says=lambda *given: [given])))
    assert says.says(said, {}, 1, 2) == [(said, {}, 1, 2)]
