"""A golden case as a call of its network: what it answers is what the original did."""
import shutil

import h5py
import numpy as np
import pytest
from places import GOLDEN

from refvr import ops
from refvr.errors import InputError
from refvr.verify.cases.case import load_case
from refvr.verify.cases.families import families
from refvr.verify.cases.layout import channels_first, sample
from refvr.verify.cases.tolerance import tolerance
from refvr.verify.runs.case_call import subject_of_case
from refvr.verify.runs.network_call import weight_digest

CALLS = {"duf_16L_x2_a": "sr", "edvr_tiny_a": "out", "fastdvdnet_b": "y", "remonet_t7_a": "y", "safa_c": "out",
         "stfan_seed_a": "out"}   # case -> what the original called its answer


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def off(case, name, y):
    """Largest difference of an answer from the original's over what is allowed."""
    want = case.outputs[name]
    got = sample(y, want.shape, case.sampling(name))
    allowed = tolerance(case, families()[case.family], "outputs", name, np.float32, {})
    return np.max(np.abs(got - case.outputs64.get(name, want)) / np.maximum(allowed.value, 1e-30))


@pytest.mark.parametrize("name", CALLS)
def test_the_call_answers_what_the_original_answered(name):
    case, subject = load_case(GOLDEN / f"{name}.h5"), subject_of_case(str(GOLDEN / f"{name}.h5"), {"input": "it"})
    y = subject.run()
    y = y[:, None] if case.family == "duf" else channels_first(y)
    if case.family == "safa":   # n times h w 3 with us, times n 3 h w and blue first in the case
        y = y.swapaxes(0, 1)[:, :, ::-1]
    assert off(case, CALLS[name], y) <= 1
    assert subject.results[0] == "output" and all(x.dtype == np.float32 for x in subject.operands.values())
    assert subject.about == {"input": "it", "model": case.family, "network": subject.network,
                             "digest": weight_digest(subject.net)}
    assert subject.network == case.family


@pytest.fixture
def single(tmp_path):
    """The first frame of a sequence of STFAN as a case of its own, and what else a call may be given, by its name."""
    path = tmp_path / "one.h5"

    def made(k=0, **inputs):
        shutil.copy(GOLDEN / "stfan_official_d.h5", path)
        path.chmod(0o644)
        with h5py.File(path, "a") as file:
            frame = file["inputs/frames_padded"][k]
            del file["inputs"]
            for name, x in {"img_blur": frame, **inputs}.items():
                file[f"inputs/{name}"] = x
        return subject_of_case(str(path), {})
    return made


def test_a_first_frame_stands_for_those_before_it_and_the_next_one_is_given_what_it_left(single):
    """The sequence that the original made, call by call."""
    case = load_case(GOLDEN / "stfan_official_d.h5")
    h, w = case.inputs["frames"].shape[-2:]
    first = single()
    assert list(first.operands) == ["frame", "previous", "restored"]
    y, state = first.call(*first.operands.values())[:2]
    assert off(case, "output_img_0", channels_first(y)[..., :h, :w]) <= 1
    given = {"last_img_blur": first.operands["frame"], "output_last_img": np.clip(y, 0, 1), "output_last_fea": state}
    second = single(1, **{name: channels_first(x) for name, x in given.items()})
    assert list(second.operands) == ["frame", "previous", "restored", "state"]
    y, state = second.call(*second.operands.values())[:2]
    assert off(case, "output_img_1", channels_first(y)[..., :h, :w]) <= 1


@pytest.mark.parametrize("name, words", [
    ("op_conv2d_k1s2", "a case of op.conv2d, expected one call of a network: .*edvr.*stfan"),
    ("fastdvdnet_train_a", "a case of fastdvdnet.train, expected one call"),
    ("stfan_official_d", "stfan_official_d.h5 is a sequence, expected one call of the network")])
def test_what_is_no_single_call_is_said(name, words):
    with pytest.raises(InputError, match=words):
        subject_of_case(str(GOLDEN / f"{name}.h5"), {})


def test_a_sequence_of_the_re_implementation_is_none_either(tmp_path):
    shutil.copy(GOLDEN / "stfan_seed_a.h5", tmp_path / "case.h5")
    (tmp_path / "case.h5").chmod(0o644)
    with h5py.File(tmp_path / "case.h5", "a") as file:
        file["inputs/frames"] = np.zeros((2, 1, 3, 8, 8), np.float32)
    with pytest.raises(InputError, match="is a sequence"):
        subject_of_case(str(tmp_path / "case.h5"), {})
