"""Which value of a port stands for which of ours, where its names and its values disagree."""
import numpy as np
import pytest

from refvr.verify.compare.alignment import align
from refvr.verify.compare.compare import compare
from refvr.verify.compare.nearness import Place, sample_of
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.tracing import Named

RNG = np.random.default_rng(0)
SHAPE = (1, 12, 10, 6)   # n h w c


def drawn():
    return RNG.standard_normal(SHAPE).astype(np.float32)


def off(value, by):
    """A value that an error before it has moved by so much of its size."""
    return value + by * drawn()


def paired(ours, theirs, path):
    """ours: name -> (final value, value before the sum); theirs: name -> array."""
    np.savez(path / "port.npz", **{name: np.moveaxis(value, -1, 1) for name, value in theirs.items()})
    places = [Place(Named(name, name.rpartition(".")[2], name[:name.rfind(".") + 1], k), SHAPE, sample_of(final),
                    sample_of(early)) for k, (name, (final, early)) in enumerate(ours.items())]
    found = align(places, open_arrays(path / "port.npz")).pairs
    return {name: pair.parts[0][0] for name, pair in found.items()}


def test_a_value_inside_of_a_layer_is_not_taken_for_the_layer_that_has_its_own(tmp_path):
    """A graph has values before sums too; after a mistake one of another step may be nearer than what is named."""
    a, b = (drawn(), drawn()), (drawn(), drawn())
    theirs = {"step0.conv/Conv": off(b[1], 0.01), "step0.conv": off(a[0], 0.2), "step1.conv/Conv": off(a[1], 0.01),
              "step1.conv": off(b[0], 0.2)}
    assert paired({"step0.conv": a, "step1.conv": b}, theirs, tmp_path) == {"step0.conv": "step0.conv",
                                                                            "step1.conv": "step1.conv"}


def test_a_right_value_before_the_activation_is_not_taken_for_a_layer_that_has_its_own(tmp_path):
    """Of a layer that runs once too: in a graph of int8 its value without an activation is cut off by its grid."""
    a, b = (drawn(), drawn()), (drawn(), drawn())
    theirs = {"conv1/Conv": a[1], "conv1": off(a[0], 0.3), "conv2": off(b[0], 0.3)}
    assert paired({"conv1": a, "conv2": b}, theirs, tmp_path) == {"conv1": "conv1", "conv2": "conv2"}


def test_a_value_inside_is_not_taken_for_the_layer_although_it_is_its_right_answer(tmp_path):
    """SAFA's first warps are along a flow of zeros: what goes in is what should come out."""
    head, after = (drawn(), drawn()), (drawn(), drawn())
    theirs = {"head": head[0], "warp/Cast": head[0], "warp": off(head[0], 0.3), "after": off(after[0], 0.3)}
    assert paired({"head": head, "warp": head, "after": after}, theirs, tmp_path) == {
        "head": "head", "warp": "warp", "after": "after"}
    theirs = {"skipped": head[0], "after": off(after[0], 0.3)}   # and here it is what came out
    assert paired({"head": head, "skipped": (drawn(), drawn()), "after": after}, theirs, tmp_path) == {
        "skipped": "skipped", "after": "after"}


def test_what_follows_the_guilty_layer_is_not_accused_for_a_guess_by_order(tmp_path):
    """STFAN's second hook of `fea` is the carried value once more; a guess took it for what the filters make."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    import compare_ports
    given = compare_ports.port("stfan", tmp_path / "mine.npz", lambda peer: compare_ports.replicate_border(
        peer.kconv3_3.stem[0]))
    report = compare(given, tmp_path / "mine.npz", with_isolation=True)
    assert [row.name for row in report.rows if row.times > 1] == ["motion.quarter.block2.first"]
    assert not [pair for pair in report.mispaired if pair.stated]


def test_an_array_without_a_known_name_stays_the_call_that_it_says(tmp_path):
    """Frames and steps may be more alike than a mistake is small."""
    a = drawn(), drawn()
    b = off(a[0], 0.002), drawn()
    theirs = {"act": off(a[0], 0.004), "act#1": off(a[0], 0.003)}
    assert paired({"step0.conv": a, "step1.conv": b}, theirs, tmp_path) == {"step0.conv": "act", "step1.conv": "act#1"}


def test_a_named_convolution_that_is_its_norm_stays_the_call_that_it_says(tmp_path):
    """Folded into it, it is the norm's value of that step, though another step's norm is nearer."""
    a, b, c, d = ((drawn(), drawn()) for _ in range(4))
    d = off(b[0], 0.002), drawn()
    theirs = {"conv": off(b[0], 0.004), "conv#1": off(b[0], 0.003)}
    ours = {"step0.conv": a, "step0.norm": b, "step1.conv": c, "step1.norm": d, "step0.last": (drawn(), drawn())}
    assert paired(ours, theirs, tmp_path) == {"step0.norm": "conv", "step1.norm": "conv#1"}


def test_calls_that_have_a_pair_count_as_calls(tmp_path):
    a, b, c, other = ((drawn(), drawn()) for _ in range(4))
    theirs = {"conv": off(a[0], 0.5), "conv#1": b[0], "conv#2": other[0]}
    ours = {"step0.other": other, "step0.conv": a, "step1.conv": b, "step2.conv": c}
    assert paired(ours, theirs, tmp_path) == {"step0.conv": "conv", "step1.conv": "conv#1", "step0.other": "conv#2"}


def test_a_value_that_equals_ours_is_taken_whatever_it_is_called(tmp_path):
    a, b = (drawn(), drawn()), (drawn(), drawn())
    theirs = {"step0.conv": b[0], "step1.conv": a[0]}
    assert paired({"step0.conv": a, "step1.conv": b}, theirs, tmp_path) == {"step0.conv": "step1.conv",
                                                                            "step1.conv": "step0.conv"}


def test_a_right_state_does_not_say_that_the_output_is_right(tmp_path):
    """STFAN answers a frame and its state; a mistake after the state is in the frame alone."""
    enter, state = (drawn(), drawn()), (drawn(), drawn())
    ours = {"step0.enter": enter, "output": (drawn(), drawn()), "output_state": state}
    theirs = {"step0.enter": off(enter[0], 0.5), "s": state[0]}
    assert paired(ours, theirs, tmp_path) == {"step0.enter": "step0.enter", "output_state": "s"}
