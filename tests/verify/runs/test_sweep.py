"""What each layer costs in lower precision, and the few that must stay: searches over made results."""
import numpy as np
import pytest

from refvr.verify.runs.sweep import decibels, swept

NOISE = {"a": 1e-2, "b": 1e-6, "c": 1e-4, "d": 1e-8}   # mean square error that a layer brings, added up


def psnr(chosen):
    error = sum(NOISE[name] for name in chosen)
    return -10 * np.log10(error) if error else np.inf


def test_decibels():
    assert decibels(np.array([0.1, -0.1]), np.zeros(2)) == pytest.approx(20)
    assert decibels(np.zeros(2), np.zeros(2)) == np.inf and decibels(np.array([np.nan]), np.zeros(1)) == -np.inf


def test_without_a_sweep_there_is_one_run():
    found = swept("s", "fp16", list(NOISE), psnr, sweep=False, quality=30, budget=0.1)
    assert found.runs == 1 and found.psnr == psnr(NOISE) and found.each == found.keep == ()


@pytest.mark.parametrize("quality, kept", [(10, ""), (30, "a"), (50, "ac"), (70, "acb"), (90, "acbd")])
def test_the_costliest_stay_as_many_as_needed(quality, kept):
    found = swept("s", "fp16", list(NOISE), psnr, sweep=True, quality=quality, budget=3.0103)   # noise as large again
    assert found.wanted == pytest.approx(quality, abs=1e-3)
    assert [name for name, _ in found.each] == ["a", "c", "b", "d"] and dict(found.each)["c"] == psnr("c")
    assert "".join(found.keep) == kept and found.kept_psnr == psnr(set(NOISE) - set(kept))
    assert found.gains == tuple((k, psnr("acbd"[k:])) for k in (1, 2, 3))


def test_the_budget_is_that_of_the_result():
    """A result 40 dB from the truth that is rounded 40 - 10 log10(10^0.01 - 1) dB from that is 39.9 dB from it."""
    wanted = swept("s", "fp16", list(NOISE), psnr, sweep=True, quality=40, budget=0.1).wanted
    assert -10 * np.log10(10 ** -4 + 10 ** (-wanted / 10)) == pytest.approx(39.9)


def test_layers_that_share_a_value_are_searched_together():
    """A value is rounded as long as one of its layers needs it: keeping p brings little without q."""
    def shared(chosen):
        error = 1e-2 * bool({"p", "q"} & set(chosen)) + 1e-3 * ("p" in chosen) + 1e-4 * ("r" in chosen) + 1e-9
        return -10 * np.log10(error)

    near = {"p": "q", "q": "p", "r": ""}
    found = swept("s", "int8", ["r", "p", "q"], shared, sweep=True, quality=35, budget=3.0103, beside=near.__getitem__)
    assert set(found.keep) == {"p", "q"}
