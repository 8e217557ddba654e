"""The bytes of every network's answers, as SHA-256: what a change that says it changes no bit is held to.

    python tests/support/hashes.py             what has changed since tests/support/hashes.json
    python tests/support/hashes.py --write     write it anew; its diff shows what has changed

Every subject is a network with small drawn weights, or an embedded one. Its answers are those of a clip through its
driver at three odd sizes, in the precisions "winograd" and "direct", and of single calls: by the plan, which folds
norms, and by the page itself, which does not ("unfolded"), in both, and in float64. Weights and clips are raw bits of a
generator scaled by powers of two, so nothing here rounds: no libm and no distribution has a part in them. The answers
then depend on the order of sums alone, and that is written down in the operations: not on threads, not on the width of
a CPU's vectors.

What may change a hash, each in a commit that says so: the folding of norms (an answer "unfolded" stays), Winograd's
points or tiles ("direct" and "float64" stay), an operation's written order of sums, a driver's borders. Nothing else.
"""
from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from subjects import VECTORS

import refvr
from refvr import zoo
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.safa_pair import answered
from refvr.plan.memory import Planned

STORED = Path(__file__).with_suffix(".json")
SIZES = ((45, 17), (21, 39), (5, 7))  # rows, columns: two bands and a ragged one, wide, smaller than a tile of 8


@dataclass(frozen=True)
class Subject:
    """One network: a model of the zoo with its Config fields `change`, or with its own weights.

    frames   of the clip; sizes: of its frames, (h, w)
    told     what the driver is told
    """

    model: str
    change: dict[str, Any] = field(default_factory=dict)
    own: bool = False
    frames: int = 2
    sizes: tuple[tuple[int, int], ...] = SIZES
    told: dict[str, Any] = field(default_factory=dict)

    def network(self) -> Any:
        """With its weights."""
        return zoo.load(self.model) if self.own else drawn(zoo.build(self.model, **self.change))


_EDVR = VECTORS["edvr-m-x4"] | {"tail": 8}
_SAFA = VECTORS["safa"] | {"blocks": 2}
_TINY = ((9, 13), (11, 6), (5, 7))
_AUTHORS = {"official": True}  # as the network gives it, not moved
SUBJECTS = {
    "remonet": Subject("remonet", VECTORS["remonet"]),
    "remonet, plain": Subject("remonet-s", VECTORS["remonet-s"]),
    "fastdvdnet": Subject("fastdvdnet", VECTORS["fastdvdnet"], told={"sigma": 25.0}),
    "duf x2": Subject("duf-16-x2", VECTORS["duf-16-x2"], frames=3, told=_AUTHORS),
    "duf x3": Subject("duf-16-x3", VECTORS["duf-16-x2"] | {"width": 20}, sizes=((9, 13), (19, 6), (5, 7)),
                      told=_AUTHORS),
    "edvr": Subject("edvr-m-x4", _EDVR),
    "edvr, deblurring": Subject("edvr-l-deblur", _EDVR),
    "edvr, no attention": Subject("edvr-m-notsa-x4", {**_EDVR, "frames": 3, "base": "bicubic"}),
    "stfan": Subject("stfan", VECTORS["stfan"]),
    "stfan, skips": Subject("stfan-s", VECTORS["stfan"], frames=3),
    "stfan-seed": Subject("stfan-seed", VECTORS["stfan"]),
    "safa, full": Subject("safa", _SAFA, sizes=_TINY, told={"rate": 2, "routing": "full"}),
    "safa, half": Subject("safa", _SAFA, sizes=_TINY, told={"routing": "half"}),
    "safa, quarter": Subject("safa", _SAFA, sizes=_TINY, told={"rate": 2, "routing": "quarter"}),
    "safa, chosen": Subject("safa", _SAFA, sizes=_TINY, told={"rate": 2}),
    "remonet-s": Subject("remonet-s", own=True, frames=6),
    "duf-s-x2": Subject("duf-s-x2", own=True, told=_AUTHORS),
    "duf-s-x4": Subject("duf-s-x4", own=True, frames=3, told=_AUTHORS),
    "edvr-s-x4": Subject("edvr-s-x4", own=True, frames=3),
    "stfan-s": Subject("stfan-s", own=True, frames=3),
    "safa-s": Subject("safa-s", own=True, sizes=_TINY, told={"rate": 2}),
}


def raw(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """24 raw bits a value as float32 in [-1, 1), exactly."""
    bits = np.random.PCG64(seed).random_raw(int(np.prod(shape))) >> np.uint64(40)
    return (bits.astype(np.float32) * np.float32(2.0 ** -23) - np.float32(1)).reshape(shape)


def drawn(net: Any) -> Any:
    """`net` with weights of a size that keeps values near 1; all factors are powers of two."""
    state = net.state()
    for seed, (path, array) in enumerate(sorted(state.items())):
        if array.dtype.kind == "f":
            u = raw(array.shape, seed)
            fan_in = array.size // array.shape[-1] if array.ndim > 1 else 0
            around_one = path.endswith(("running_var", "norm.weight"))
            factor = np.float32(2.0 ** -(fan_in.bit_length() // 2)) if fan_in else np.float32(0.25)
            state[path] = u * factor + np.float32(1 if around_one else 0)
    return net.load(state)


def clip(frames: int, h: int, w: int) -> np.ndarray:
    """(frames, h, w, 3) in [0, 1)."""
    return raw((frames, h, w, 3), 1000) * np.float32(0.5) + np.float32(0.5)


def planned(net: Any) -> Callable[..., Any]:
    """One call of the network, as drivers make it."""
    if type(net).__name__ == "SAFA":
        return lambda *inputs: answered(net, *inputs)
    return Planned(net)


def single(net: Any, call: Callable[..., Any], dtype: Any) -> list[Any]:
    """What one call of the network answers, for a batch of two where it takes one."""
    m, kind, config = net.config.multiple, type(net).__name__, net.config
    h, w = {"SAFA": (24, 40), "DUF": (11, 7)}.get(kind, (m * (1 + 16 // m), m * (2 + 16 // m)))
    count = getattr(config, "frames", 3)
    x = clip(2 * count, h, w).reshape(2, count, h, w, 3).astype(dtype)
    if kind == "FastDVDnet":
        return [call(x, x[:, 0, :, :, :1] * dtype(0.25))]
    if kind == "SAFA":
        return list(call(x[:, 0], x[:, 1], (0.25, 1.0)))
    if kind.startswith("STFAN"):
        y, state = call(x[:, 0], x[:, 1], x[:, 2])
        return [y, state, *call(x[:, 1], x[:, 0], x[:, 2], state)]
    return [call(x)]


def answers(subject: Subject) -> Iterator[tuple[str, str]]:
    """(what, hash) of every answer of a subject."""
    net = subject.network()
    for precision in ("winograd", "direct"):
        with refvr.precision(precision):
            for h, w in subject.sizes:
                yield f"clip {h}x{w}, {precision}", digest(restore_frames(clip(subject.frames, h, w), net,
                                                                         **subject.told))
            yield f"call, {precision}", digest(single(net, planned(net), np.float32))
            yield f"call, unfolded, {precision}", digest(single(net, net, np.float32))
    net.astype(np.float64)
    yield "call, float64", digest(single(net, planned(net), np.float64))


def digest(arrays: Any) -> str:
    """SHA-256 over kind, shape and bytes of arrays. ValueError for one that says nothing: not finite, or constant."""
    sha = hashlib.sha256()
    for k, array in enumerate(arrays):
        if not np.isfinite(array).all() or (array.dtype.kind == "f" and array.std() == 0 and array.size > 8):
            raise ValueError(f"answer {k}, {array.shape}, is constant or not finite: its hash would prove nothing")
        sha.update(f"{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def main(write: bool) -> int:
    """Compare with, or write, `STORED`; says which answers differ."""
    now = {name: dict(answers(subject)) for name, subject in SUBJECTS.items()}
    before = json.loads(STORED.read_text()) if STORED.exists() else {}
    changed = [f"{name}: {what}" for name, found in now.items() for what, value in found.items()
               if before.get(name, {}).get(what) != value]
    print("\n".join(changed) or "every answer has the bytes that it had")
    if write:
        STORED.write_text(json.dumps(now, indent=1) + "\n")
    return int(bool(changed) and not write)


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
