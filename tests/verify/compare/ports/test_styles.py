"""Ports in other styles (port_styles.py), by the two commands of docs/verify.md alone."""
import json
from pathlib import Path

import pytest
import subjects
from doc_pages import shown, without_figures

from refvr.cli.main import main
from refvr.verify.runs.inputs import subject_of

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import port_styles

# network -> model, size, settings, end of the guilty layer's name, name in the catalogue
PORTS = {
    "stfan": (*subjects.PORTS["stfan"], "decode.half.enter", "fac.taps_transposed"),
    "duf": (*subjects.PORTS["duf"], "output", "dynamic_upsample.filter_channels_pixel_after_pixel"),
    "edvr": (*subjects.LARGER_PORTS["edvr"], "fusion.spatial_attn4", "after.a_leaky_relu_of_slope_0.2"),
    "safa": (*subjects.PORTS["safa"], "head", "resize_bilinear.corners_exchanged#0"),
    "remonet": (*subjects.PORTS["remonet"], "step0.conv1", "given.blue_first"),
}
QUICK = ("stfan", "duf")


def made(network, folder, wrong):
    """Files of a trace of ours and of the values of a port, as a stranger would make them."""
    model, size, settings, *_ = PORTS[network]
    trace, weights = folder / "trace.h5", folder / f"{network}.pth"
    options = [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
    assert main(["trace", model, f"scene:{size}", "--init", "9", *options, "--frame", "2", "-o", str(trace),
                 "--save-weights", str(weights)]) == 0
    if network in ("stfan", "duf"):
        mine = folder / ("mine" if network == "stfan" else "mine.npz")
        return str(trace), str(getattr(port_styles, network)(trace, weights, mine, wrong))
    net = subject_of(model, f"scene:{size}", init=9, settings=settings, frame=2).net
    return str(trace), str(port_styles.module_port(network, net, trace, folder / f"{network}.npz", wrong))


@pytest.mark.parametrize("network", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long])
                                     for name in PORTS])
def test_two_commands_name_the_layer_and_the_mistake(network, tmp_path, monkeypatch, capsys):
    *_, layer, mistake = PORTS[network]
    monkeypatch.chdir(tmp_path)
    trace, mine = made(network, Path(), wrong=True)
    capsys.readouterr()
    assert main(["compare", trace, mine, "--isolate", "--brief", "--threads", "1"]) == 1
    text = capsys.readouterr().out
    assert f"first guilty layer: {layer}\n" in text or f".{layer}\n" in text
    if network == "stfan":
        page = shown("verify.md", "refvr compare trace.h5 mine --isolate --brief")
        assert without_figures(text.splitlines()) == without_figures(page)
    assert main(["diagnose", trace, "--mine", mine, "--json"]) == 1
    explained = json.loads(capsys.readouterr().out)["explained"]
    assert [mistake] in [found["mistakes"] for found in explained] and len(explained) <= 2


@pytest.mark.parametrize("network", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long])
                                     for name in PORTS])
def test_a_right_port_in_that_style_is_not_accused(network, tmp_path, capsys):
    trace, mine = made(network, tmp_path, wrong=False)
    capsys.readouterr()
    assert main(["compare", trace, mine, "--isolate", "--brief", "--threads", "1"]) == 0
    text = capsys.readouterr().out
    assert "no guilty layer" in text
    assert network == "safa" or "another shape" not in text  # three of SAFA's share a name only
    assert main(["diagnose", trace, "--mine", mine]) == 0
