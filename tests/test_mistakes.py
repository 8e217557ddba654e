"""Every case must be able to fail: the mistakes of tests/mistakes, each rejected, and the way of planting is none."""
from functools import partial
from pathlib import Path

import pytest
from mistakes import MISTAKES, duf, edvr, networks, operations, safa, stfan, training

from refvr import ops
from refvr.verify import verify_case

GOLDEN = Path(__file__).parent / "golden"
ROOMS = (duf, edvr, networks, operations, safa, stfan, training)  # importing them has filled MISTAKES


def test_every_room_has_mistakes():
    assert {row.values[0].__module__ for row in MISTAKES} == {room.__name__ for room in ROOMS}


@pytest.mark.parametrize("plant, case, dtype", MISTAKES)
def test_mistake_is_rejected(plant, case, dtype, monkeypatch):
    plant(partial(monkeypatch.setattr, raising=False))
    report = verify_case(GOLDEN / f"{case}.h5", dtype=dtype, precision="exact")  # the way in which all parts are called
    assert not report.error and report.outputs
    assert not report.passed


@pytest.mark.parametrize("case, dtype", sorted({tuple(row.values[1:]) for row in MISTAKES}))
def test_without_a_mistake_it_passes(case, dtype):
    assert verify_case(GOLDEN / f"{case}.h5", dtype=dtype, precision="exact").passed


@pytest.mark.parametrize("case", ["op_conv2d_k3s1", "op_conv2d_k3s2d2", "remonet_t7_a", "fastdvdnet_b"])
def test_the_way_of_planting_is_no_mistake(case, monkeypatch):
    """The same detour with the right border passes: it is the mistake that is rejected."""
    monkeypatch.setattr(ops, "conv2d", operations.through_pad("zero"))
    assert verify_case(GOLDEN / f"{case}.h5").passed
