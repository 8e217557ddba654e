"""The table of who gets what right: a peer that is right passes, one that makes a mistake is told by its name."""
import re

import numpy as np
import pytest
from places import ROOT

from refvr.verify.vectors.export import export
from refvr.verify.vectors.operations import VECTORS

PAGE = (ROOT / "docs" / "conformance.md").read_text()
OPS = ["warp", "fac_zero", "imresize_up"]

import conformance


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("vectors") / "out"
    export(made, OPS)
    return made


def test_a_wrong_peer_is_told_from_a_right_one(folder):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    _, right = conformance.torch_peer()
    flow_first = right | {"warp": lambda i, o: right["warp"](i | {"flow_px": np.ascontiguousarray(
        i["flow_px"][..., ::-1])}, o)}
    peers = {"right": ("1", right), "wrong": ("1", flow_first), "none": ("1", {})}
    rows, counts = conformance.matrix(conformance.run(folder, OPS, peers), peers)
    verdicts = {(row[0], row[1]): row[2:] for row in rows}
    assert verdicts["warp", "the flow read as (y, x): down first, then right"] == ["right", "**made**", "-"]
    assert {row[2] for row in rows if row[0] == "fac"} == {"right"}
    assert verdicts["imresize", "taps outside of the image left out (Pillow, PyTorch with antialias) in place of a "
                                "mirrored border"][0] == "**made**"
    assert counts["wrong"]["?"] > 5 and counts["none"].keys() == {"-"}
    text = conformance.page(conformance.run(folder, OPS, peers), peers)
    assert "| warp | **" not in text.split("## Vector")[0] and "- wrong, `warp`" in text


def test_the_page_has_every_operation_that_a_peer_has():
    assert re.search(r"on 20\d\d-\d\d-\d\d, PyTorch [\d.]+\S*, ONNX Runtime [\d.]+, ONNX reference [\d.]+", PAGE)
    shown = {line.split("|")[1].strip() for line in PAGE.split("## Vector")[0].splitlines() if line.startswith("| ")}
    assert {"warp", "fac", "dynamic_upsample", "deform_conv2d", "grid_sample", "conv2d"} <= shown
    without = {vector.operation for vector in VECTORS} - shown
    assert without == {"route", "charbonnier_loss", "similarity_loss", "luma", "window"}
