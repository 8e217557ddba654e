"""Metrics against hand-made values, scikit-image, and the published codes' own answers where a data folder has them."""
from dataclasses import replace

import numpy as np
import pytest
from metric_pairs import pair
from places import SHARED

from refvr.errors import InputError, ShapeError
from refvr.metrics import PROTOCOLS, Protocol, psnr, score

GOLDEN = SHARED / "golden"


def test_rows_of_a_protocol_do_what_they_say():
    output, clean = pair((5, 23, 29, 3))
    assert score("denoise", output, clean).psnr == pytest.approx(
        np.mean([psnr(o, c) for o, c in zip(output, clean)]), abs=1e-5)
    middle = replace(PROTOCOLS["denoise"], border_frames=2, border_px=3)
    inner = psnr(output[2, 3:-3, 3:-3], clean[2, 3:-3, 3:-3])
    assert score(middle, output, clean).psnr == pytest.approx(inner, abs=1e-5)
    levels = [np.floor(x * np.float32(255)) for x in (output, clean)]
    assert score(Protocol("ours", quantise="truncate"), output, clean).psnr == pytest.approx(
        np.mean([psnr(o, c, peak=255) for o, c in zip(*levels)]), abs=1e-9)
    assert score("denoise", clean, clean).psnr == np.inf
    assert score("stfan", clean, clean).psnr == 100


def test_safa_exchanges_red_and_blue():
    output, clean = pair((3, 13, 17, 3))
    plain = replace(PROTOCOLS["edvr-y"], quantise="", single=False)
    assert score("safa", output, clean).psnr == score(plain, output[..., ::-1], clean[..., ::-1]).psnr
    assert score("safa", output, clean).psnr != score(plain, output, clean).psnr


def test_errors_name_the_reason():
    output, clean = pair((4, 13, 17, 3))
    with pytest.raises(InputError, match="no protocol 'vid4'.*denoise"):
        score("vid4", output, clean)
    with pytest.raises(ShapeError, match="nothing left"):
        score("duf", output, clean)
    with pytest.raises(ShapeError, match="two equal ones"):
        score("denoise", output, clean[1:])


def golden(name):
    h5py = pytest.importorskip("h5py")
    if not (GOLDEN / name).is_file():
        pytest.skip(f"{name}: no data folder beside the repository")
    with h5py.File(GOLDEN / name) as f:
        return {key: value[()] for group in ("inputs", "outputs") for key, value in f[group].items()}


def test_duf_answers():
    case = golden("op_duf_metrics.h5")
    assert score("duf", case["pred_f"], case["true_f"]).psnr == pytest.approx(float(case["avg_psnr_tb2_sb8"]), abs=1e-9)
    assert score("duf-printed", case["pred_f"], case["true_f"]).psnr == pytest.approx(
        float(case["avg_psnr_testpy_truncated"]), abs=1e-9)


@pytest.mark.parametrize("crop", [0, 4])
@pytest.mark.parametrize(("name", "key"), [("edvr-rgb", "y0"), ("edvr-y", "y1")])
def test_basicsr_answers(name, key, crop):
    case = golden("op_edvr_metrics.h5")
    output, clean = (case[k].transpose(1, 2, 0)[None] for k in ("net_out", "gt"))
    got = score(replace(PROTOCOLS[name], border_px=crop), output, clean, with_ssim=True)
    # BasicSR takes Y in float32: 2^-24 relative on values near 235 with errors of a few levels.
    assert got.psnr == pytest.approx(float(case[f"psnr_crop{crop}_{key}"]), abs=1e-6)
    assert got.ssim == pytest.approx(float(case[f"ssim_crop{crop}_{key}"]), abs=1e-7)
