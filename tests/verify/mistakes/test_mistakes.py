"""Every case must be able to fail: mistakes of catalogue and support/mistakes are rejected, no healthy run is."""
from functools import partial

import pytest
from mistakes import MISTAKES, catalogue, duf, edvr, networks, operations, safa, stfan, training
from places import GOLDEN

from refvr import ops
from refvr.plan.memory import Planned
from refvr.verify import verify_case

ROOMS = (duf, edvr, networks, operations, safa, stfan, training)  # importing them has filled MISTAKES


def test_every_room_has_mistakes():
    assert {row.values[0].__module__ for row in MISTAKES} == {room.__name__ for room in ROOMS}


@pytest.fixture
def pages_alone(monkeypatch):
    """Mistakes are written in NumPy, which no graph can hold: the page itself runs, not its schedule (tests/plan)."""
    monkeypatch.setattr(Planned, "schedule", lambda self, *inputs, **options: None)


@pytest.mark.usefixtures("pages_alone")
@pytest.mark.parametrize("plant, case, dtype", MISTAKES)
def test_mistake_is_rejected(plant, case, dtype, monkeypatch):
    plant(partial(monkeypatch.setattr, raising=False))
    report = verify_case(GOLDEN / f"{case}.h5", dtype=dtype, precision="direct")  # calls every part
    assert not report.error and report.outputs
    assert not report.passed


@pytest.mark.usefixtures("pages_alone")
@pytest.mark.parametrize("name, case", [(name, case) for name, cases in catalogue.CAUGHT.items() for case in cases])
def test_a_mistake_of_the_catalogue_is_rejected(name, case):
    with catalogue.wrong(name):
        report = verify_case(GOLDEN / f"{case}.h5", precision="direct")
    computed = [output for output in report.outputs if output.difference is not None]
    assert not report.error and any(output.difference.used > 1 for output in computed)


CASES = {tuple(row.values[1:]) for row in MISTAKES} | {(case, "float32") for cases in catalogue.CAUGHT.values()
                                                       for case in cases}


@pytest.mark.parametrize("case, dtype", sorted(CASES))
def test_without_a_mistake_it_passes(case, dtype):
    assert verify_case(GOLDEN / f"{case}.h5", dtype=dtype, precision="direct").passed


@pytest.mark.parametrize("case", ["op_conv2d_k3s1", "op_conv2d_k3s2d2", "remonet_t7_a", "fastdvdnet_b"])
def test_the_way_of_planting_is_no_mistake(case, monkeypatch):
    """The same detour with the right border passes: it is the mistake that is rejected."""
    monkeypatch.setattr(ops, "conv2d", operations.through_pad("zero"))
    assert verify_case(GOLDEN / f"{case}.h5").passed
