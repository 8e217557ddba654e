"""Orthogonalised weights."""
import numpy as np
import pytest
from case_arrays import golden

from refvr.verify.cases.steps.orthogonalise import orthogonalise


@pytest.mark.parametrize("name", ["w_a", "w_b", "w_c", "w_d"])
@pytest.mark.parametrize("dtype, outputs, floor", [(np.float32, "outputs", 1e-6), (np.float64, "outputs64", 1e-13)])
def test_orthogonalisation(name, dtype, outputs, floor):
    """float32: the stored answer itself is up to 9.3e-7 of its peak away from float64."""
    case = golden("op_svd_orthogonalization.h5")
    got = orthogonalise(case["inputs"][name].astype(dtype).transpose(2, 3, 1, 0))
    want = case[outputs][name].transpose(2, 3, 1, 0)
    assert np.abs(got - want).max() <= 2 * floor * np.abs(want).max()
    flat = got.reshape(-1, got.shape[-1])
    gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=64 * np.finfo(dtype).eps)
