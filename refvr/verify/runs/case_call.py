"""A golden case as a subject: its network, weights and inputs, for the families that are one call of a network."""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.nn import Module
from refvr.pipeline.pad import pad_to_multiple
from refvr.records import NETWORKS, resolved
from refvr.verify.cases.case import Case, load_case
from refvr.verify.cases.families import duf, edvr, fastdvdnet, given, remonet, safa, stfan
from refvr.verify.cases.layout import channels_last
from refvr.verify.runs.network_call import Subject, network_of, weight_digest

Call = tuple[Module, dict[str, np.ndarray], dict[str, Any]]
F32 = np.dtype(np.float32)


def subject_of_case(path: str, asked: dict[str, Any]) -> Subject:
    """The call that a case records. Raises InputError for a case of an operation, a sequence or training."""
    case = load_case(path)
    record = NETWORKS.get(case.family)
    if record is None or record.call.from_case is None:
        calls = [name for name, other in NETWORKS.items() if other.call.from_case]
        raise InputError(f"{path} is a case of {case.family}, expected one call of a network: {', '.join(calls)}")
    net, operands, options = resolved(record.call.from_case)(case)
    network = network_of(net)
    about = asked | {"model": case.family, "network": network, "digest": weight_digest(net)}
    return Subject(network, net, operands, options, NETWORKS[network].call.results, about)


def edvr_call(case: Case) -> Call:
    """The call of a case of edvr."""
    net, (x,) = edvr.build(case, F32), given(case, "x")
    return net, {"x": np.ascontiguousarray(pad_to_multiple(channels_last(x, F32), net.config.multiple))}, {}


def duf_call(case: Case) -> Call:
    """The call of a case of duf."""
    return duf.build(case, F32), {"x": np.ascontiguousarray(given(case, "lr")[0], F32)}, {}


def fastdvdnet_call(case: Case) -> Call:
    """The call of a case of fastdvdnet."""
    x, noise_map = fastdvdnet.operands(case, F32)
    return fastdvdnet.build(case, F32), {"x": x, "noise_map": noise_map}, {}


def remonet_call(case: Case) -> Call:
    """The call of a case of remonet."""
    (x,) = given(case, "x")
    x = x.reshape(len(x), -1, 3, *x.shape[2:]) if x.ndim == 4 else x
    return remonet.build(case, case.state, F32), {"x": channels_last(x, F32)}, {}


def safa_call(case: Case) -> Call:
    """The call of a case of safa."""
    images = [safa.other_colours(channels_last(image, F32)) for image in given(case, "img0", "img1")]
    options = {"times": safa.times_of(case), "routing": case.inputs.get("routing", "threshold")}
    return safa.build(case, F32), {"image0": images[0], "image1": images[1]}, options


def stfan_call(case: Case) -> Call:
    """The call of a case of stfan."""
    if "frames" in case.inputs:
        raise InputError(f"{case.path} is a sequence, expected one call of the network")
    frame = channels_last(given(case, "img_blur")[0], F32)
    names = {"previous": "last_img_blur", "restored": "output_last_img", "state": "output_last_fea"}
    others = {ours: channels_last(case.inputs[theirs], F32) for ours, theirs in names.items() if theirs in case.inputs}
    return stfan.build(case, "stfan", F32), {"frame": frame, "previous": frame, "restored": frame} | others, {}


def stfan_seed_call(case: Case) -> Call:
    """The call of a case of stfan_seed."""
    if "frames" in case.inputs:
        raise InputError(f"{case.path} is a sequence, expected one call of the network")
    names = {"frame": "cur", "previous": "pre", "restored": "dpre", "state": "fpre"}
    operands = {ours: channels_last(given(case, theirs)[0], F32) for ours, theirs in names.items()}
    return stfan.build(case, "stfan_seed", F32), operands, {}
