"""What is added up from some bands is what all of them hold."""
from __future__ import annotations

import hashes
import pytest
from network_pages import inputs_of

from refvr.plan import Like, capture
from refvr.plan.front import Front
from refvr.plan.held import most_held
from refvr.plan.rules import simplified
from refvr.plan.stream import Stream


@pytest.mark.parametrize("name", ["fastdvdnet", "duf x2", "edvr", "stfan, skips", "safa, half"])
def test_bands_that_are_like_others_need_not_be_added_up(name, monkeypatch):
    monkeypatch.setattr("refvr.plan.schedule.LITTLE", 1 << 14)
    net, passed, pass_over = hashes.SUBJECTS[name].network(), [], Front.pass_over
    monkeypatch.setattr(Front, "pass_over", lambda front, *more: passed.append(more) or pass_over(front, *more))
    arrays, rest, options = inputs_of(net, 16, 16)
    for h, rows, stored in ((512, 8, False), (768, 24, True), (80, 5, False)):   # the last: no bands are alike
        shapes = [(*x.shape[:-3], x.shape[-3] * h // 16, *x.shape[-2:]) for x in arrays]
        graph = simplified(capture(net, *(Like(shape, stored=stored) for shape in shapes), *rest, **options))
        stream = Stream(graph, rows, files=stored, results=stored)
        found = most_held(stream)
        assert found == most_held(stream, every_band=True) and found.peak > 0
    assert 1 <= len(passed) < 3 * len(stream.groups)
