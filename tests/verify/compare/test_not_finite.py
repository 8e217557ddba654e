"""NaN and infinity in a port's values are said first, and belong to the value whose name they have."""
import numpy as np
import pytest

from refvr import ops
from refvr.cli.main import main
from refvr.verify.compare.alignment import align
from refvr.verify.compare.nearness import Place, sample_of
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import open_trace, write_trace
from refvr.verify.runs.tracing import Named

SMALL = {"features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1}


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "ours.h5"
    with ops.threads(1):
        write_trace(subject_of("edvr-m-x4", "scene:20x12", init=3, settings=SMALL), path)
    return path


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_one_wrong_number_in_a_dump_is_found_and_no_name_is_accused(traced, tmp_path, capsys, wrong):
    arrays, _ = open_trace(traced)
    values = {name: arrays[name].copy() for name in arrays}
    values["upconv1"][0, 2, 5, 1] = wrong
    np.savez(tmp_path / "mine.npz", **values)
    with ops.threads(1):
        assert main(["compare", str(traced), str(tmp_path / "mine.npz"), "--isolate", "--brief"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "NaN: upconv1 is the first of yours" in said and "first at [0, 2, 5, 1]" in said
    with ops.threads(1):
        assert main(["compare", str(traced), str(tmp_path / "mine.npz"), "--diagnose", "--brief"]) == 1
    diagnosed = capsys.readouterr().out
    assert "not explained: nothing was tried" in diagnosed and "()" not in diagnosed
    assert "first guilty layer: upconv1" in said and "paired wrongly" not in said and "besides" not in said


def test_a_value_of_nan_is_that_of_its_name_not_one_inside():
    rng = np.random.default_rng(0)
    ours = {name: rng.standard_normal((1, 8, 8, 4)).astype(np.float32) for name in ("one", "two", "three")}
    port = RunValues("port")
    for name, value in ours.items():
        if name == "two":
            port.add("inside", value)
        port.add(name, np.full_like(value, np.nan) if name == "two" else value)
    places = [Place(Named(name, name, "", 0), value.shape, sample_of(value)) for name, value in ours.items()]
    assert align(places, port).pairs["two"].parts == (("two", None),)
