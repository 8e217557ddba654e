"""Output that pages show is what is printed now: of compare, export and bounds, on smaller inputs than pages have."""
import re
import shlex

import numpy as np
import pytest
from doc_pages import sample, worded

from refvr import ops
from refvr.cli.main import main
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.planted import planted
from refvr.verify.runs.tracing import listen

SMALL = {"features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1}


def printed(command, capsys):
    capsys.readouterr()
    status = main(shlex.split(command))
    return status, capsys.readouterr().out.splitlines()


def test_compare(tmp_path, monkeypatch, capsys):
    """The port of the page: its dump has no offsets and masks, and two values whose names are not known."""
    monkeypatch.chdir(tmp_path)
    settings = " ".join(f"--set {key}={value}" for key, value in SMALL.items())
    assert main(shlex.split(f"trace edvr-m-x4 scene:20x12 --init 7 {settings} -o trace.h5")) == 0
    rng = np.random.default_rng(0)
    mine = {"feature_extraction.4.conv2": rng.random(7), "reconstruction": rng.random(7)}
    with ops.threads(1), planted(MISTAKES["deform_conv2d.offsets_x_y"]), \
            listen(lambda named, value: mine.update({named.name: value.copy()})):
        subject_of("edvr-m-x4", "scene:20x12", init=7, settings=SMALL).run()
    np.savez("mine.npz", **{name: y for name, y in mine.items() if not name.endswith((".offset_px", ".mask"))})
    status, lines = printed("compare trace.h5 mine.npz --diagnose --brief --threads 1", capsys)
    assert status == 1 and worded(lines) == worded(sample("compare.md", "reference "))


def test_export(tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    status, lines = printed("export edvr-s-x4 --size 16x8 -o edvr.onnx --check", capsys)
    page = sample("export.md", "edvr.onnx: ")
    assert status == 0 and worded(lines) == worded(page)
    assert lines[0].partition(", ")[2] == page[0].partition(", ")[2]   # the same operators at any size


def test_bounds(capsys):
    """The layers are those of the page, the figures and the order of equals the processor's."""
    page = sample("compare.md", "kept in float32")
    status, lines = printed("bounds remonet-s scene:16x8 --emulate int8 --sweep --layers 'unet.*' --threads 1", capsys)
    lines = lines[next(k for k, line in enumerate(lines) if line.startswith("kept in float32")):]
    assert status == 0 and lines[0].split() == page[0].split() and worded(lines[-1:]) == worded(page[-1:])
    for shown in (lines, page):
        assert set(shown[1]) == {"─"} and len({len(line) for line in shown[:-1]}) == 1
        assert all(re.fullmatch(r"(\+ )?[\w.]+(, [\w.]+)* +\d+\.\d\d +\+\d+\.\d\d", line) for line in shown[2:-1])


def test_other_words_are_seen():
    assert worded(["own error 0.1 of a.b (2 exact, 1 value)"]) == worded(["own error 12 of c.d.e (7 official)"])
    assert worded(["own error 0.1"]) != worded(["error 0.1"]) and worded(["[fac.x]"]) == ["[fac.x]"]
