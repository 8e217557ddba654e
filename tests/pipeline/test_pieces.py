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


def test_what_an_ensemble_keeps_lies_in_files():
    net = zoo.build("edvr-s-x4")
    for h, w in ((800, 800), (20, 36)):     # of any size: the results of a page that stores them do
        one, mean = (pieces(net, h, w, files=True, ensemble=on)[1] for on in (False, True))
        pyramid = 4 * net.config.features * (h * w + h * w // 4 + h * w // 16)
        assert one.files == net.config.frames * pyramid and mean.files == 4 * one.files
        assert mean.held - one.held == 4 * 3 * 16 * h * w      # four results
