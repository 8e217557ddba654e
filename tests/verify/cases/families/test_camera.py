"""The simulated camera as cases have it: every stage by itself, of several realisations."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import answered, failed, made, spoilt
from places import GOLDEN
from wrong_calls import drawn

from refvr.errors import InputError
from refvr.verify import load_case

RGB = np.random.default_rng(1).integers(0, 256, (3, 12, 14), np.uint8)
Z_POISSON, Z_GAUSS = drawn(1, 1, 12, 14, seed=2), drawn(2, 1, 12, 14, seed=3)      # one draw of photons, two readings
CONFIG = {"poisson_k": 0.02, "read_noise_sigma": 0.05, "nstops": 1.0}


def case(**config):
    return made("isp_pipeline", {"rgb": RGB, "z_poisson": Z_POISSON, "z_gauss": Z_GAUSS}, config=CONFIG | config)


def test_stages_of_the_sensor():
    found = answered(case()).trace
    share = RGB / 255
    light = np.where(share > 0.04045, (share + 0.055) ** 2.4 / 1.055, share / 12.92)
    plane = light[1].copy()                                            # G R over B G, one stop brighter
    plane[::2, 1::2], plane[1::2, ::2] = light[0, ::2, 1::2], light[2, 1::2, ::2]
    plane *= 2
    shot = plane + 0.02 * np.sqrt(plane) * Z_POISSON[0, 0]
    noisy = shot + 0.05 * Z_GAUSS[:, 0]
    assert np.allclose(found["linear"], light) and np.allclose(found["bayer"], plane[None, None])
    assert np.allclose(found["bayer_poisson"], [[shot], [shot]]) and np.allclose(found["bayer_noisy"], noisy[:, None])
    assert np.allclose(found["bayer_clipped"], np.clip(noisy, 0, 1)[:, None] / 2)


def test_what_comes_of_it():
    answer = answered(case())
    out, found = answer.outputs, answer.trace
    assert out["noisy"].shape == (2, 3, 12, 14) and out["gt"].shape == (1, 3, 12, 14)
    for name in ("noisy", "gt"):
        assert np.array_equal(out[f"{name}_u8"], np.clip(np.floor(out[name] * 255), 0, 255))
    for name, count in (("noisy", 2), ("clean", 1)):
        assert found[f"ahd_{name}"].shape == found[f"demosaicked_{name}"].shape == (count, 3, 12, 14)
    assert set(np.unique(found["choose_x"])) == {0, 1}
    assert found["homog_x"].shape == found["homog_y"].shape == found["choose_x"].shape == (12, 14)
    assert not np.array_equal(found["homog_x"], found["homog_y"])


def test_without_noise_both_are_the_same_picture():
    out = answered(case(poisson_k=0, read_noise_sigma=0)).outputs
    assert np.array_equal(out["noisy"], np.concatenate([out["gt"]] * 2))


def test_a_golden_case_and_what_it_notices():
    golden = load_case(GOLDEN / "isp_pipeline_b.h5")
    assert failed(golden) == set()
    for group, name in (("outputs", "noisy"), ("trace", "bayer_poisson"), ("trace", "demosaicked_clean")):
        assert failed(spoilt(golden, group, name, 1e-3)) == {name}
    brighter = replace(golden, meta=golden.meta | {"config": golden.config | {"poisson_k": 0.03}})
    assert "bayer_poisson" in failed(brighter) and "bayer" not in failed(brighter)


def test_a_setting_that_is_no_number():
    with pytest.raises(InputError, match="made.h5: got nstops = 'one' in meta, expected float"):
        answered(case(nstops="one"))
