"""What a driver calls."""
import pytest

from refvr import zoo
from refvr.pipeline.pieces import pieces
from refvr.plan import capture


@pytest.mark.parametrize("name", zoo.MODELS)
def test_pieces_of_every_model_are_captured(name):
    net = zoo.build(name)
    for piece in pieces(net, 20, 36):
        graph = capture(piece.page, *piece.inputs, **piece.options)
        assert graph.outputs and piece.calls > 0 and piece.held >= 0


def test_pieces_are_for_the_size_that_the_network_wants():
    assert pieces(zoo.build("remonet-s"), 3, 9)[0].inputs[0][0].shape == (1, 8, 16, 3)
    assert [piece.name for piece in pieces(zoo.build("edvr-m-x4"), 16, 16)] == ["extract", "fuse", "reconstruct"]


@pytest.mark.parametrize("name, runs", [("remonet-s-told", 2), ("stfan-s", 2), ("edvr-s-x4", 4), ("duf-s-x4", 1)])
def test_an_ensemble_has_more_calls_and_keeps_more(name, runs):
    net = zoo.build(name)
    for one, mean in zip(pieces(net, 20, 36), pieces(net, 20, 36, ensemble=True)):
        assert mean.calls == runs * one.calls and (mean.held > one.held) == (runs > 1)


def test_what_an_ensemble_keeps_lies_in_files_where_it_is_large():
    net = zoo.build("edvr-s-x4")
    one, mean = (pieces(net, 800, 800, files=True, ensemble=on)[1] for on in (False, True))
    low = 4 * net.config.features * (400 * 400 + 200 * 200)      # the lower levels of a frame stay in memory
    assert mean.files == 4 * one.files and mean.held - one.held == 3 * 3 * low + 4 * 3 * 3200 * 3200
    assert not pieces(net, 20, 36, files=True)[1].files          # a map of so little stays in memory
