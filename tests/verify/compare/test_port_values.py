"""The values of a port: real numbers, in the order of a trace, without truths."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.port_values import their_arrays
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import write_trace


def test_truths_are_left_out_by_name_and_complex_numbers_are_refused(tmp_path):
    np.savez(tmp_path / "mine.npz", y=np.zeros(3), inside=np.array([True, False]), k=np.arange(2))
    found = their_arrays(tmp_path / "mine.npz", "stfan")
    assert list(found) == ["y", "k"] and "inside" in found.skipped
    np.savez(tmp_path / "mine.npz", y=np.zeros(3), spectrum=np.zeros(3, complex))
    with pytest.raises(InputError, match="spectrum holds complex numbers, expected real ones"):
        their_arrays(tmp_path / "mine.npz", "stfan")


def test_a_trace_of_ours_comes_in_its_order_without_its_inputs(tmp_path):
    subject = subject_of("stfan", "scene:8x8", init=1, settings={"widths": [2, 2, 4]})
    names = write_trace(subject, tmp_path / "ours.h5").names
    assert list(their_arrays(tmp_path / "ours.h5", subject)) == list(names) and names[-1] == "output_state"
