"""The map of each box of the graph, as pictures, and its rounding noise: float32 against float64, measured here."""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.explain.encode import png
from refvr.nn.trace import trace
from refvr.verify.runs.network_call import Subject

SIDE = 160         # pixels of a map's longer side, at most; larger ones are averaged down
SAMPLES = 4096     # values of a map whose noise is measured


def maps_and_noise(subject: Subject, values: dict[str, np.ndarray], levels: dict[str, Any]) -> dict[str, Any]:
    """Name of a value -> its maps and noise, for the values that boxes of `levels` have."""
    wanted = {box["value"] for level in levels.values() for box in level["boxes"]} & values.keys()
    noise = _noise(subject, {name: values[name] for name in wanted})
    return {name: _maps(values[name]) | {"noise": noise.get(name)} for name in sorted(wanted)}


def _noise(subject: Subject, values: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Largest and root-mean-square difference of float32 from float64, over some of the values of each map."""
    found: dict[str, dict[str, float]] = {}

    def heard(name: str, exact: np.ndarray) -> None:
        if name in values and name not in found and exact.shape == values[name].shape:
            every = max(exact.size // SAMPLES, 1)
            off = values[name].reshape(-1)[::every] - exact.reshape(-1)[::every]
            found[name] = {"largest": float(np.abs(off).max()), "rms": float(np.sqrt(np.square(off).mean()))}

    with trace(heard):
        subject.run(np.float64)
    subject.net.astype(np.float32)
    return found


def _maps(value: np.ndarray) -> dict[str, Any]:
    """Mean, norm and the liveliest channels of the first image, each with its range."""
    x = value.reshape(-1, *value.shape[-3:])[0] if value.ndim >= 3 else value.reshape(1, 1, -1)
    step = max(-(-max(x.shape[:2]) // SIDE), 1)
    h, w = (max(side // step, 1) for side in x.shape[:2])
    x = x[:h * step, :w * step].reshape(h, min(step, x.shape[0]), w, min(step, x.shape[1]), -1).mean((1, 3))
    lively = np.argsort(-x.reshape(-1, x.shape[-1]).std(0))[:2]
    shown = {"mean of channels": x.mean(-1), "norm of channels": np.linalg.norm(x, axis=-1),
             **{f"channel {c}": x[..., c] for c in lively}}
    return {"shape": list(value.shape), "averaged": step, "maps": [
        {"label": name, "low": float(m.min()), "high": float(m.max()),
         "src": png(np.repeat(((m - m.min()) / (np.ptp(m) or 1))[..., None], 3, -1))} for name, m in shown.items()]}
