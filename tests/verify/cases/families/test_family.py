"""What every family does alike."""
import json

import h5py
import numpy as np
import pytest
from places import GOLDEN

from refvr.verify import verify_case
from refvr.verify.cases.families import OPERATIONS, Answer, Family

SMALL = GOLDEN / "op_conv2d_k1s2.h5"


def test_gradients_at_a_kink(case, monkeypatch):
    """dy/dx of relu(x - threshold) where x is a rounding from it: 0 or 1, and either is right in float32."""
    def run(case, dtype, fault=0.0):
        x = case.inputs["x"].astype(np.float64)
        w = np.float64(1) + fault * (dtype == np.float32)
        at = x + (np.float64(1e-9) if dtype == np.float32 else 0)  # this engine's rounding; the original's has another
        return Answer({"grad": np.where(at > 0.1, 0.02 * w, 0.0).astype(dtype) + np.where(x > 2, w, 0).astype(dtype)})

    x = np.array([np.float32(0.1), 3.0, 0.05, 0.3], np.float32)
    with h5py.File(case, "w") as file:
        file.attrs["meta"] = json.dumps({"family": "test.kink"})
        file["inputs/x"] = x
        exact = np.where(x > np.float64(np.float32(0.1)), 0.02, 0.0) + (x > 2)
        file["outputs/grad"], file["outputs64/grad"] = exact.astype(np.float32), exact
    for kinks, fault, passes, measured in (((), 0.0, False, False), (("gr*",), 0.0, True, True),
                                           (("gr*",), 0.15, False, True), (("gr*",), 0.5, False, False)):
        monkeypatch.setitem(OPERATIONS, "test.kink", Family(lambda *a, f=fault: run(*a, fault=f), kinks=kinks))
        report = verify_case(case)
        assert report.passed == passes
        assert ("other side of zero" in report.outputs[0].origin) == measured


@pytest.mark.parametrize("stated, problem", [
    ({}, "keeps 2 of 12 elements along axis 3, at a stride of 6 or 8"),
    ({"dw*": "[..., ::8]"}, ""),
    ({"dweight": "[:, :, :, ::6]"}, "differs"),
    ({"dweight": "[..., ::4]"}, "of which [..., ::4] is (5, 5, 3, 3), expected (5, 5, 3, 2)"),
    ({"dweight": "every eighth"}, "sampling is 'every eighth', expected the like of"),
    ({"dweight": "[0, 0, 0, 0, ::2]"}, "sampling is '[0, 0, 0, 0, ::2]'"),
    ({"dweight": "[:, :, :, :, ::2]"}, "which has no [:, :, :, :, ::2]"),
])
def test_strides_that_do_not_follow_from_the_sizes(case, monkeypatch, stated, problem):
    whole = np.random.default_rng(0).standard_normal((5, 5, 3, 12))
    with h5py.File(case, "w") as file:
        file.attrs["meta"] = json.dumps({"family": "test.thin", "sampling": stated})
        file["inputs/x"], file["outputs/dweight"] = np.zeros(1, np.float32), whole[..., ::8]
    monkeypatch.setitem(OPERATIONS, "test.thin", Family(lambda case, dtype: Answer({"dweight": whole})))
    (row,) = verify_case(case).outputs
    assert row.passed == (not problem)
    assert problem in (row.problem or "differs")
