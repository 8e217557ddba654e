"""The order of a stream: where a value is wanted whole a stage ends, and what passes rows on goes together."""
import pytest
from network_pages import conv, drawn, inputs_of

from refvr import ops, zoo
from refvr.plan import Like, capture
from refvr.plan.schedule import Schedule
from refvr.plan.stream import Stream


def scheduled(page, *shapes, rows=4, stored=False, **options):
    return Schedule(capture(page, *(Like(shape, stored=stored) for shape in shapes)), rows, **options)


def names(nodes):
    return [node.kind for node in nodes]


def weighed(x):
    """y * mean(y), through convolutions."""
    y = conv(3)(x)
    z = ops.relu(y)
    return conv(3)(z * ops.mean(z, axis=(1, 2), keepdims=True))


def test_what_wants_a_value_whole_begins_a_stage():
    made = scheduled(weighed, (1, 16, 8, 4))
    assert {node.kind: made.stage[node] for node in made.nodes} == {"conv2d": 1, "relu": 0, "mean": 1, "mul": 1}
    conv_, relu, mean, product, result = made.nodes
    assert (made.stage[conv_], made.stage[result]) == (0, 1)
    assert made.whole == {relu, mean, result}     # wanted later; without rows; the page's answer
    assert [names(group) for group in made.groups] == [["conv2d", "relu"], ["mean"], ["mul", "conv2d"]]
    assert made.runs_whole == [mean] and made.users[relu] == [mean, product]


def test_a_page_that_passes_rows_on_is_one_group():
    made = scheduled(lambda x: conv(3)(ops.relu(conv(3)(x)) + x), (1, 16, 8, 4))
    assert len(made.groups) == 1 and {*made.stage.values()} == {-1, 0} and made.whole == {*made.graph.outputs}


def test_what_is_needed_late_is_computed_late():
    """Offsets stand beside the sampling that reads them, though the page computes them first."""
    def page(x):
        flow = ops.tanh(conv(3, 2)(x))
        y = conv(3)(x)
        return ops.warp(y, flow)

    made = scheduled(page, (1, 16, 8, 4))
    assert [names(group) for group in made.groups] == [["conv2d"], ["conv2d", "tanh", "warp"]]
    assert [made.stage[node] for node in made.nodes] == [1, 1, 0, 1]
    assert names(made.whole) == ["conv2d", "warp"] or names(made.whole) == ["warp", "conv2d"]


def test_groups_stand_where_each_finds_what_it_needs():
    def page(x):
        y = conv(3)(x)
        first, second = ops.warp(y, x[..., :2]), ops.warp(y * 2.0, x[..., 1:3])
        return conv(3)(first) + second

    for rows in (1, 8):
        made = scheduled(page, (1, 16, 8, 4), rows=rows)
        there = {*made.graph.inputs}
        for group in made.groups:
            assert all(value in there or value in group for node in group for value in node.inputs)
            there.update(group)
        assert there == {*made.nodes, *made.graph.inputs} and len(made.groups) > 1


def test_groups_that_wait_for_one_another_are_one():
    """c goes by rows into a and d, a into b, b into d; but c all are kept, for the warps."""
    def page(x):
        c = conv(3)(x)
        a = ops.relu(c)
        b = conv(3)(a)
        d = c + b
        return conv(3)(ops.warp(a, x[..., :2])) + ops.warp(b, x[..., 1:3]) + ops.warp(d, x[..., 2:])

    made = scheduled(page, (1, 16, 8, 4))
    circle = next(group for group in made.groups if "relu" in names(group))
    assert names(circle) == ["conv2d", "relu", "conv2d", "add"] and len(made.groups) > 1
    assert {node for group in made.groups for node in group} == {*made.nodes}
    assert sum(len(group) for group in made.groups) == len(made.nodes)
    x = drawn(1, 16, 8, 4)
    assert Stream(made.graph, 4).run(x).tobytes() == page(x).tobytes()


def test_whole_maps_of_some_size_lie_in_files(monkeypatch):
    """From LITTLE bytes on, with what was computed from a whole one; results only where their reader expects it."""
    size = 16 * 8 * 4 * 4
    for little, files, results, kinds in ((size, True, False, ["relu", "mul"]), (size + 1, True, False, []),
                                          (size + 1, True, True, ["conv2d"]), (size, False, True, [])):
        monkeypatch.setattr("refvr.plan.schedule.LITTLE", little)
        made = scheduled(weighed, (1, 16, 8, 4), files=files, results=results)
        assert names(sorted(made.stored, key=made.nodes.index)) == kinds


def test_inputs_in_files_are_loaded_by_groups_that_want_them_whole():
    def page(x):
        return conv(3)(x) + ops.warp(x, x[..., :2], border="zero")

    made = scheduled(page, (1, 16, 8, 4), stored=True)
    x, = made.graph.inputs
    assert x in made.stored
    loading = [group for group in made.groups if made.loads(group)]
    assert loading and all(made.loads(group) == [x] for group in loading)
    assert all("warp" in names(group) or "slice" in names(group) for group in loading)
    held = scheduled(page, (1, 16, 8, 4))
    assert not any(held.loads(group) for group in held.groups)
    fetched = scheduled(lambda x, flow: ops.warp(x, flow), (1, 16, 8, 4), (1, 16, 8, 2), stored=True)
    assert not any(fetched.loads(group) for group in fetched.groups)      # of which rows are read as they are needed


def test_with_files_what_samples_a_map_is_kept_so_that_one_map_is_there_at_a_time():
    def page(x):
        first = ops.warp(conv(3)(x), x[..., :2], border="zero")
        return ops.relu(first) + x

    kept, passed_on = (scheduled(page, (1, 16, 8, 4), files=files) for files in (True, False))
    assert "warp" in names(kept.whole) and "warp" not in names(passed_on.whole)
    assert len(kept.groups) == len(passed_on.groups) + 1


def test_steps_are_those_of_all_groups_in_order():
    made = scheduled(weighed, (1, 16, 8, 4))
    place = {node: k for k, group in enumerate(made.groups) for node in group}
    found = [place[step.node] for step in made.steps]
    assert found == sorted(found) and {*found} == {0, 1, 2}
    assert [load for load, _ in made.passes] == [[], [], []]


@pytest.mark.parametrize("rows, bands", [(1, 16), (4, 4), (5, 4), (16, 1), (99, 1)])
def test_bands_have_so_many_rows_of_the_highest_values(rows, bands):
    made = scheduled(lambda x: ops.relu(ops.pixel_shuffle(x, 2)), (1, 8, 8, 16), rows=rows)
    assert sum(step.node.kind == "relu" for step in made.steps) == bands


def test_what_needs_all_rows_runs_whole_and_is_named():
    graph = capture(lambda x: ops.relu(ops.mean(ops.exp(x), axis=(1, 2), keepdims=True) * x), Like((1, 8, 8, 4)))
    assert [node.operation.name for node in Stream(graph, 4).runs_whole] == ["mean"]
    for name in ("duf-52-x4", "edvr-m-x4", "remonet", "fastdvdnet", "stfan"):
        net = zoo.build(name)
        arrays, rest, options = inputs_of(net, 64, 32)
        assert not Stream(capture(net, *arrays, *rest, **options), 4).runs_whole
