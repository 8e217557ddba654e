"""Every network, exported, answers its golden cases in ONNX Runtime within the tolerance that `refvr verify` has."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_pages import inputs_of
from places import GOLDEN, SHARED

from refvr import zoo
from refvr.networks.safa import Interpolated
from refvr.plan import Like, capture
from refvr.plan.folding import folded
from refvr.plan.graph import Node, leaves
from refvr.plan.memory import Planned
from refvr.plan.onnx import to_onnx
from refvr.verify.cases.case import load_case
from refvr.verify.cases.families import duf, edvr, fastdvdnet, remonet, safa, stfan
from refvr.verify.cases.run import verify_loaded as verify

pytest.importorskip("onnx", reason="export needs onnx: pip install 'refvr[peers]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="the other side of the comparison")
LARGER = SHARED / "golden"
CASES = ("remonet_gauss_a", "remonet_seq_b", "fastdvdnet_b", "duf_16L_x2_a", "edvr_tiny_a", "edvr_tiny_d",
         "edvr_tiny_e", "stfan_official_d", "stfan_seed_a", "safa_c")
MANY = ("duf_*_[a-z]", "edvr_*_[a-g]", "fastdvdnet_[ab]", "remonet_[gt]*", "stfan_official_*", "stfan_seed_*",
        "safa_[a-e]")


class AsOurs:
    """A network of ours whose calls are answered by ONNX Runtime: exported for the shapes that come."""

    def __init__(self, net):
        self.net, self.config, self.sessions = net, net.config, {}

    def parameters(self):
        return self.net.parameters()

    def window(self, frames):
        y = self(np.stack(frames, axis=1))
        return [y[:, k] for k in range(len(frames))]

    def stage1(self, a, b, c, noise_map, k):
        return self._run(self.net.stage1, a, b, c, noise_map)

    def __call__(self, *given, **options):
        if not isinstance(self.net, safa.SAFA):
            return self._run(self.net, *given)
        ours = self.net(*given, **options)  # decides; the model has the route fixed
        answer = self._run(self.net, *given, routing=ours.decisions)
        return Interpolated(answer.frames, answer.probabilities, ours.decisions)

    def _run(self, page, *given, **options):
        arrays = [x for x in given if isinstance(x, np.ndarray) and x.ndim > 2]
        key = page, *((x.shape, x.dtype.str) for x in arrays)
        like = [None if x is None else Like(x.shape, x.dtype) if x.ndim > 2 else x.tolist() for x in given]  # times
        graph = folded(capture(page, *like, **options))
        if key not in self.sessions or options:
            outputs = {f"y{k}": node for k, node in enumerate(graph.outputs)}
            model = to_onnx(graph, [f"x{k}" for k in range(len(arrays))], outputs)
            self.sessions[key] = onnxruntime.InferenceSession(model.SerializeToString(),
                                                              providers=["CPUExecutionProvider"])
        found = self.sessions[key].run(None, {f"x{k}": x for k, x in enumerate(arrays)})
        assert any(isinstance(x, Node) for x in leaves(graph.result))
        return graph.answer(dict(zip(graph.outputs, found)))


def judge(monkeypatch, path):
    """The case with the exported network in the place of ours, judged as `refvr verify` judges ours."""
    for family in (remonet, fastdvdnet, duf, edvr, stfan, safa):
        monkeypatch.setattr(family, "build", lambda *args, ours=family.build: AsOurs(ours(*args)))
    monkeypatch.setattr(Planned, "schedule", lambda page, *inputs, **options: None)  # a model is no page to lay out
    monkeypatch.setattr(safa, "answered", lambda net, *inputs, **options: net(*inputs, **options))
    report = verify(replace(load_case(path), trace={}), "fast", "float32", "direct")
    problems = [f"{row.name}: {row.problem or row.difference}" for row in report.outputs if not row.passed]
    assert report.outputs and not problems, problems


@pytest.mark.parametrize("name", CASES)
def test_cases(monkeypatch, name):
    judge(monkeypatch, GOLDEN / f"{name}.h5")


@pytest.mark.long
@pytest.mark.parametrize("path", [path for pattern in MANY for path in sorted(LARGER.glob(f"{pattern}.h5"))
                                  if "_train_" not in path.stem and "_seq_" not in path.stem] or [None])
def test_larger_cases(monkeypatch, path):
    if path is None:
        pytest.skip("needs the larger cases in ../shared/golden")
    judge(monkeypatch, path)


@pytest.mark.parametrize("name", zoo.MODELS)
def test_every_model_of_the_zoo_can_be_expressed(name):
    net = zoo.build(name)
    arrays, rest, options = inputs_of(net)
    graph = capture(net, *(Like(x.shape) for x in arrays), *rest, **options)
    answer = next(x for x in leaves(graph.result) if isinstance(x, Node))
    model = to_onnx(graph, [f"x{k}" for k in range(len(arrays))], {"output": answer})
    shape = [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim]
    assert shape == list(answer.shape) and {x.domain for x in model.opset_import} == {""}
    used = {name for node in model.graph.node for name in node.input}
    assert {x.name for x in model.graph.initializer} <= used and len(model.graph.initializer) > 10
