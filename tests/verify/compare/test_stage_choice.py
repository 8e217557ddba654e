"""Which stage a wrong value is of: nothing after it is accused, however large its error, at either stage."""
import numpy as np
import pytest

from refvr import ops
from refvr.verify.compare.compare import compare
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.pre_activation import stages
from refvr.verify.runs.tracing import listen

SUBJECTS = {
    "edvr": ("edvr-m-x4", "12x8", {"features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1,
                                    "reconstruct_blocks": 1}),
    "remonet": ("remonet-t3", "16x16", {"widths": [8, 16, 32], "state": 8}),
}


def dumped(subject, early, path):
    """The values of a port, as a hook sees them that comes before or after the activation."""
    values = {}
    with ops.threads(1), stages() as stage, listen(lambda named, value: values.__setitem__(
            named.name, np.array(stage.before() if early and stage.of(value) else value))):
        subject.run()
    np.savez(path, **values)
    return path


def accused(subject, mine):
    with ops.threads(1):
        report = compare(subject, mine, with_isolation=True)
    return {row.name: row.stage for row in report.rows if row.times > 1}


def rolled(layer):
    layer.weight = np.roll(layer.weight, 1, 3)


def not_activated(layer):
    layer._options["activation"] = "none"


@pytest.mark.parametrize("network, spoilt, plant, early", [
    ("edvr", "fusion.spatial_attn1", rolled, True),
    ("edvr", "fusion.spatial_attn1", rolled, False),
    ("edvr", "fusion.spatial_attn1", not_activated, True),
    ("remonet", "fusion.enc1.narrow.pointwise", rolled, True),   # a block's value is this again: no sign of its stage
])
def test_a_wrong_layer_alone_is_accused(network, spoilt, plant, early, tmp_path):
    model, size, settings = SUBJECTS[network]
    right = subject_of(model, f"scene:{size}", init=5, settings=settings, sigma=25)
    wrong = subject_of(model, f"scene:{size}", init=5, settings=settings, sigma=25)
    layer = wrong.net
    for part in spoilt.split("."):
        layer = getattr(layer, part)
    plant(layer)
    found = accused(right, dumped(wrong, early, tmp_path / "mine.npz"))
    assert list(found) == [spoilt]
    assert ("before" in found[spoilt]) == (early and plant is rolled)
