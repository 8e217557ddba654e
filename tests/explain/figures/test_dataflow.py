"""The data flow of a network."""
import pytest
from places import ROOT
from sights import sight

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")


def flow(one):
    from refvr.explain import fold
    from refvr.explain.figures.dataflow import flow_of

    return flow_of(fold.graph_of(one.subject), list(one.subject.operands))


def test_data_flows_down_where_there_is_no_loop(edvr):
    """What a line of the page computes at several places joins nothing that the network does not join."""
    from refvr.explain.figures.dataflow import layers_of

    boxes, edges = flow(edvr.sight)
    layers = layers_of(boxes, edges)
    assert all(layers[a] < layers[b] for a, b in edges)
    assert {b for a, b in edges if a == "x"} == {"conv_first", *(b for b in boxes if "resize" in b)}
    assert any(box.label == "reconstruction" and box.names == [str(k) for k in range(8)] for box in boxes.values())
    ends = [key for key, box in boxes.items() if box.kind == "output"]
    assert len(ends) == 1 and boxes[ends[0]].shape == (1, 64, 80, 3)
    assert all(any(a == key for a, _ in edges) for key in boxes if key not in ends)


def test_a_recurrence_is_an_arrow_back():
    from refvr.explain.figures.dataflow import layers_of

    boxes, edges = flow(sight("remonet-s", "remonet", (16, 24)))
    layers = layers_of(boxes, edges)
    back = {(boxes[a].label, boxes[b].label) for a, b in edges if layers[a] >= layers[b]}
    assert back and all(b == "concat" for _, b in back)
    assert boxes["conv1"].calls == 5 and boxes["conv1"].text.endswith("5 times")


@pytest.mark.parametrize("name", ["remonet", "stfan", "duf", "edvr", "safa"])
def test_the_page_of_a_network_shows_its_data_flow(name):

    docs = ROOT / "docs"
    assert f"images/dataflow_{name}.png)" in (docs / f"{name}.md").read_text()
    assert (docs / "images" / f"dataflow_{name}.png").is_file()
