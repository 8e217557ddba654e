"""The graph of a call, folded by module."""
from refvr.explain import fold


def test_folding_loses_no_operation_and_no_product(seen):
    graph = fold.graph_of(seen.subject)
    levels = fold.levels(graph)
    assert sum(box["operations"] for box in levels[""]["boxes"]) == sum(n.operation is not None for n in graph.nodes)
    for path, level in levels.items():
        assert len(level["boxes"]) < 40, path
        names = {box["path"] for box in level["boxes"]}
        assert all(a in names and b in names for a, b in level["edges"])
    align = next(box for box in levels[""]["boxes"] if box["path"] == "pcd_align")
    assert align["multiply_adds"] == sum(box["multiply_adds"] for box in levels["pcd_align"]["boxes"])
