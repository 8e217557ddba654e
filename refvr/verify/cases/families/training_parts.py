"""What the training families share: parameters and gradients under the names and in the layout of a case."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import suffixes


def listed(case: Case, network: str, prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of `arrays` (our names) that the case has under prefix + official name, in its layout."""
    found = {}
    for name in suffixes(case.outputs, prefix):
        array = _lookup(case, network, name, arrays)
        found[prefix + name] = release(network).to_official(release(network).our_name(name), array).copy()
    return found


def norms(case: Case, network: str, gradients: Mapping[str, np.ndarray]) -> np.ndarray:
    """The Euclidean norm of every gradient, in the order of parameters that the case states."""
    ordered = [_lookup(case, network, name, gradients) for name in case.meta.get("param_order", ())]
    return np.array([np.linalg.norm(gradient.astype(np.float64).ravel()) for gradient in ordered])


def _lookup(case: Case, network: str, name: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    ours = release(network).our_name(name)
    if ours not in arrays:
        raise InputError(f"{case.path}: {network} has no tensor {name!r}, expected an official name")
    return arrays[ours]
