"""Mistakes, a part of the way."""
import numpy as np

from refvr.explain.whatif import in_part, what_ifs
from refvr.records import NETWORKS
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.planted import planted


def test_a_part_of_a_mistake_lies_between(seen):
    mistake = MISTAKES["pixel_shuffle.order_of_the_other_framework"]
    net, x = seen.subject.net, seen.subject.operands["x"]
    right, answers = net(x), []
    for share in (0.0, 0.5, 1.0):
        with planted(in_part(mistake, share)):
            answers.append(float(np.abs(net(x) - right).max()))
    assert answers[0] < 1e-5 < answers[1] < answers[2]


def test_every_mistake_that_a_page_names_is_in_the_catalogue():
    assert all(name in MISTAKES for record in NETWORKS.values() for name in record.explained.mistakes)
    assert [w.name for w in what_ifs("stfan_seed", lambda: None)] == []
