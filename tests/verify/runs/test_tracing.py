"""Names of values of a run."""
import numpy as np

from refvr.verify.runs.tracing import Named, axes_of, in_layout, repeats, wanted


def test_axes_and_layouts():
    assert axes_of((1, 2, 3, 4)) == "n h w c" and axes_of((1, 2, 3)) == "a0 a1 a2"
    x = np.zeros((1, 5, 3, 4, 2))
    for volume, axes, shape in ((True, "n c t h w", (1, 2, 5, 3, 4)), (False, "n t c h w", (1, 5, 2, 3, 4))):
        value, told = in_layout(x, "nchw", volume)
        assert (told, value.shape) == (axes, shape)
    assert in_layout(x, "nhwc", True)[1] == "n t h w c"


def test_names_that_are_asked_for():
    named = Named("frame0.conv1#1", "conv1", "frame0", 1)
    assert wanted(named, ()) and wanted(named, ["conv1"]) and wanted(named, ["frame0.*"]) and not wanted(named, ["x"])
    assert repeats("conv1#3") == ("conv1", 3) and repeats("conv1") == ("conv1", 0)
