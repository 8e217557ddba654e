"""What a run of a port left behind."""
import numpy as np

from refvr.verify.compare.ports.values import RunValues


def test_names_of_calls_and_what_is_no_value():
    run = RunValues("a port")
    assert [run.add("x", np.full(2, k, np.float32)) for k in range(3)] == ["x", "x#1", "x#2"]
    assert run.add("indices", np.arange(3)) == "indices" and list(run.entries) == ["x", "x#1", "x#2"]
    assert run["x#2"].tolist() == [2, 2] and run.entries["x"].dtype == "float32"
