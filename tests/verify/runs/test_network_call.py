"""One call of a network, and networks with drawn weights."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.network_call import Subject, make_net, network_of, weight_digest

TINY = {"widths": [3, 5, 7], "k": 3}


def test_drawn_weights_repeat_by_seed():
    one, again, other = (make_net("stfan", init=seed, settings=TINY) for seed in (1, 1, 2))
    assert weight_digest(one) == weight_digest(again) != weight_digest(other) and network_of(one) == "stfan"
    for wrong in ({"init": 1, "weights": "a.h5"}, {"settings": TINY}):
        with pytest.raises(InputError):
            make_net("stfan", **wrong)


def test_a_subject_runs_as_often_as_wanted():
    net = make_net("stfan", init=1, settings=TINY)
    x = np.random.default_rng(0).random((1, 8, 12, 3), np.float32)
    subject = Subject("stfan", net, {"frame": x, "previous": x, "restored": x}, results=("output", "output_state"))
    y = subject.run()
    assert y.shape == x.shape and np.array_equal(y, subject.run())
    assert subject.run(np.float64).dtype == np.float64 and subject.record.title == "STFAN"


def test_the_frame_of_a_clip_is_said_where_it_is_not_the_first():
    titles = [subject_of("edvr-s-x4", "scene:16x12", frame=frame).title for frame in (0, 2, None)]
    assert titles == [f"edvr-s-x4 on scene:16x12{said}: x 1x3x12x16x3" for said in ("", ", frame 2", ", frame 1")]
