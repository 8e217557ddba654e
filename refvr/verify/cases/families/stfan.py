"""STFAN, the release and the re-implementation: single calls and sequences with state."""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.checkpoints import names_stfan
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.networks import stfan, stfan_seed
from refvr.nn import Trace
from refvr.nn.module import Module
from refvr.pipeline.stfan import pad_to_4, restore_states
from refvr.plan.memory import Planned
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, heard
from refvr.verify.cases.layout import channels_first, channels_last

# Name in the cases -> name in our trace.
_OFFICIAL = {
    **{f"{theirs}{scale}_3": f"{ours}.{name}" for theirs, ours in (("kconv", "motion"), ("conv", "encode"))
       for scale, name in enumerate(("full", "half", "quarter"), 1)},
    **{f"{theirs}.{number}": f"{ours}.{part}" for theirs, ours in (("fac_warp", "align"), ("fac_deblur", "deblur"))
       for number, part in ((0, "enter"), (2, "block2"), (3, "filters"))},
    "kconv4": "summary", "kconv_deblur": "sharp", "kconv_warp": "aligned", "fea": "carry", "img_prd": "image",
    "upconv2_u": "decode.half.enter", "upconv2_1": "decode.half",
    "upconv1_u": "decode.full.enter", "upconv1_1": "decode.full",
}
_SEED = {
    "feat": "encode.quarter", "stfan.ext": "motion.quarter", "stfan.ext.2": "motion.full", "stfan.ext.5": "motion.half",
    **{f"{theirs}.{number}": f"{ours}.{part}" for theirs, ours in (("stfan.align", "align"),
       ("stfan.deblur2", "deblur")) for number, part in ((0, "enter"), (2, "block2"), (3, "filters"))},
    "stfan.deblur1": "summary", "falign": "aligned", "fdeblur": "sharp", "recon.conv7": "image",
    "recon.up1": "decode.half.enter", "recon.res3": "decode.half",
    "recon.up4": "decode.full.enter", "recon.res6": "decode.full",
}
_NETWORKS = {"stfan": (stfan.STFAN, _OFFICIAL), "stfan_seed": (stfan_seed.STFANSeed, _SEED)}


def build(case: Case, network: str, dtype: DType) -> Any:
    """The network of a case."""
    return _NETWORKS[network][0]().load(release(network).forth(case.state)).astype(dtype)


def run_official(case: Case, dtype: DType, watched: bool) -> Answer:
    """One call with the images of the case, where it has no others the frame itself; or a sequence of frames."""
    net = build(case, "stfan", dtype)
    if "frames" in case.inputs:
        return _sequence(case, net, "stfan", dtype, watched, "output_img_{}", "output_fea_{}")
    frame = _image(case, "img_blur", dtype)
    previous, restored = (_image(case, name, dtype) if name in case.inputs else frame
                          for name in ("last_img_blur", "output_last_img"))
    state = _image(case, "output_last_fea", dtype) if "output_last_fea" in case.inputs else None
    with heard(watched) as collected:
        y, state = Planned(net)(frame, previous, restored, state)
    return Answer({"output_img": channels_first(y), "output_fea": channels_first(state)},
                  _traced(case, "stfan", collected) if watched else {})


def run_seed(case: Case, dtype: DType, watched: bool) -> Answer:
    """One call, or a sequence that starts with a state of zeros; states are counted from that one."""
    net = build(case, "stfan_seed", dtype)
    if "frames" in case.inputs:
        if given(case, "fpre_0")[0].any():
            raise InputError(f"{case.path}: got a first state that is not zero, expected zeros")
        return _sequence(case, net, "stfan_seed", dtype, watched, "out_{}", "fpre_{}", first_state=1)
    images = [_image(case, name, dtype) for name in ("cur", "pre", "dpre", "fpre")]
    with heard(watched) as collected:
        y, state = Planned(net)(*images)
    return Answer({"out": channels_first(y), "fpre_next": channels_first(state)},
                  _traced(case, "stfan_seed", collected) if watched else {})


def _image(case: Case, name: str, dtype: DType) -> np.ndarray:
    (image,) = given(case, name)
    return channels_last(image, dtype)


def _sequence(case: Case, net: Module, network: str, dtype: DType, watched: bool, image: str, state_name: str,
              first_state: int = 0) -> Answer:
    """The driver over the frames (t, n, c, h, w) of the case; its trace is that of the last frame."""
    (frames,), outputs = given(case, "frames"), {}
    if frames.dtype == np.uint8:
        frames = frames.astype(np.float32) / np.float32(255)   # the float64 run of the original was given these too
    frames = channels_last(frames, dtype)
    last = Trace()
    results, (h, w) = restore_states(net, pad_to_4(frames)), frames.shape[2:4]
    for k in range(len(frames)):
        with heard(watched) as collected:
            y, state = next(results)
        last = collected
        outputs[image.format(k)] = channels_first(y[:, :h, :w])
        for name, step in ((state_name.format(k + first_state), 1), (state_name.format(k + first_state) + "_ch8", 8)):
            if name in case.outputs:
                outputs[name] = channels_first(state[..., ::step])
    return Answer(outputs, _traced(case, network, last) if watched else {})


def _traced(case: Case, network: str, collected: Trace) -> dict[str, np.ndarray]:
    """Every entry of the case's trace, in its layout, thinned out as its "trace_sampling" says: "[:, ::8]" or "all"."""
    found, rules = {}, case.meta.get("trace_sampling", {})
    for name in case.trace:
        ours = _NETWORKS[network][1].get(name)
        if ours is None or ours not in collected:
            raise InputError(f"{case.path}: unknown trace entry {name!r}, expected one of "
                             f"{', '.join(_NETWORKS[network][1])}")
        value = _whole(collected, ours)
        if ours.endswith(".filters"):
            value = names_stfan.channel_by_channel(value)
        found[name] = channels_first(value)[:, ::_step(case, name, rules.get(name, "all"))]
    return found


def _whole(collected: Trace, name: str) -> np.ndarray:
    """A value that came in bands of rows, "name", "name#1" ..., put together."""
    bands = [collected[name]]
    while f"{name}#{len(bands)}" in collected:
        bands.append(collected[f"{name}#{len(bands)}"])
    return np.concatenate(bands, axis=1)


def _step(case: Case, name: str, rule: str) -> int:
    try:
        return 1 if rule == "all" else int(rule.removeprefix("[:, ::").removesuffix("]"))
    except ValueError:
        raise InputError(f"{case.path}: got the sampling {rule!r} of {name}, expected '[:, ::8]' or 'all'") from None


NETWORK = Family(run_official, network=True, floor=7e-7, stated="specification of STFAN, float32 against float64")
SEED = Family(run_seed, network=True, floor=2.1e-6,
              stated="specification of STFAN, float32 against float64, re-implementation")

SEED_FAMILIES = {"stfan_seed": SEED}
