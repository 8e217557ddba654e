"""Pictures by matplotlib."""
import pytest

from refvr.drawing import plots
from refvr.errors import InputError


def test_names_that_do_not_fit_are_refused_before_the_work(tmp_path):
    with pytest.raises(InputError, match="png"):
        plots.check_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_figure_is_the_same_bytes(tmp_path, suffix):
    pytest.importorskip("matplotlib")
    for name in ("a", "b"):
        figure, axes = plots.pyplot().subplots()
        axes.plot([1, 2])
        plots.save(figure, tmp_path / f"{name}.{suffix}", dpi=20)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
