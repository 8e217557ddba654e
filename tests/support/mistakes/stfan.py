"""Mistakes in STFAN, in its filter-adaptive and transposed convolutions, in its recurrence and training."""
import sys
from dataclasses import replace

import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.checkpoints import names_stfan
from refvr.degrade import colour_jitter
from refvr.networks.stfan import STFAN, Conv
from refvr.nn.layers import Conv2d
from refvr.pipeline.pad import pad_to_multiple
from refvr.train import perceptual
from refvr.verify.cases.families import stfan as family
from refvr.verify.cases.steps import stfan as training

concat = ops.concat
FAC = "op_fac_k5_tiny_replicate"


def _module(name):
    """The file of an operation; refvr.ops.NAME is the operation itself."""
    return sys.modules[f"refvr.ops.{name}"]


@mistake(FAC)
def border_gradients_are_dropped(put):
    right = _module("fac").adjoint

    def wrong(*arguments, **options):
        return right(*arguments, **options | {"border": "zero"})
    put(_module("fac")._fac, "adjoint", {"fast": wrong, "plain": wrong})


@mistake("stfan_official_d", "stfan_seed_a", "stfan_train_a")
def filters_are_tap_after_tap_already(put):
    _without(put, "*.filters.*")


@mistake("stfan_official_d", "stfan_seed_a")
def the_summary_reads_channel_after_channel(put):
    _without(put, "summary.weight")


def _without(put, pattern):
    """Tensors of that name are not reordered."""
    layout = [row for row in names_stfan.LAYOUT if row[0] != pattern]
    for table in ("RELEASES", "SEED_RELEASES"):
        put(names_stfan, table, [replace(way, layout=layout) for way in getattr(names_stfan, table)])


def _changed(part, **options):
    """STFAN in which the convolution at `part` has other options."""
    right = STFAN.__init__

    def wrong(self, *arguments):
        right(self, *arguments)
        dict(self.modules())[part]._options |= options
    return wrong


@mistake("stfan_official_d", "stfan_train_a")
def no_activation_after_the_last_convolution(put):
    put(STFAN, "__init__", _changed("image", activation="none"))


@mistake("stfan_official_d")
def no_activation_on_the_filters(put):
    put(STFAN, "__init__", _changed("deblur.filters", activation="none"))


@mistake("stfan_official_d")
def no_activation_after_the_summary(put):
    put(STFAN, "__init__", _changed("summary", activation="none"))


@mistake("stfan_official_d")
def no_activation_after_carry(put):
    put(STFAN, "__init__", _changed("carry", activation="none"))


@mistake("stfan_official_d")
def slope_of_a_fifth(put):
    put(STFAN, "__init__", _changed("encode.half.block1.first", slope=0.2))


@mistake("stfan_seed_a")
def the_release_s_activation_in_the_re_implementation(put):
    right = Conv.forward
    put(Conv, "forward", lambda self, x, residual=None: right(self, x, residual) if residual is not None
        else ops.leaky_relu(right(self, x), 0.1))


def joined(wrong_order):
    """ops.concat that puts its operands in another order where `wrong_order` (their channels) says so."""
    def wrong(*parts, axis=-1):
        return concat(*wrong_order(parts), axis=axis)
    return wrong


@mistake("stfan_official_d", "stfan_seed_a")
def images_of_motion_in_the_other_order(put):
    put(ops, "concat", joined(lambda parts: parts[::-1] if len(parts) == 3 else parts))


@mistake("stfan_official_d", "stfan_seed_a")
def features_joined_in_the_other_order(put):
    put(ops, "concat", joined(lambda parts: parts[::-1] if len(parts) == 2 else parts))


@mistake("stfan_official_d")
def first_state_of_zeros(put):
    put(ops, "concat", joined(lambda parts: [0 * part for part in parts]
                              if len(parts) == 2 and parts[0] is parts[1] else parts))


def _states(**wrong):
    """The recurrence with one part replaced."""
    parts = {"first": lambda frame: frame, "carried": lambda y: np.clip(y, 0, 1), "state": lambda state: state} | wrong

    def states(net, frames):
        previous = restored = state = None
        for frame in frames:
            if previous is None:
                previous = restored = parts["first"](frame)
            y, state = net(frame, previous, restored, state)
            yield y, state
            previous, restored, state = frame, parts["carried"](y), parts["state"](state)
    return states


def _with_previous_restored(net, frames):
    restored = state = None
    for frame in frames:
        restored = frame if restored is None else restored
        y, state = net(frame, restored, restored, state)
        restored = np.clip(y, 0, 1)
        yield y, state


@mistake("stfan_official_d")
def first_previous_image_is_black(put):
    put(family, "restore_states", _states(first=np.zeros_like))


@mistake("stfan_official_d")
def what_is_carried_is_not_clamped(put):
    put(family, "restore_states", _states(carried=lambda y: y))


@mistake("stfan_official_d")
def state_is_dropped(put):
    put(family, "restore_states", _states(state=lambda state: None))


@mistake("stfan_official_d")
def previous_frame_is_skipped(put):
    """Blurred frame and result before are taken for one and the same."""
    put(family, "restore_states", _with_previous_restored)


@mistake("stfan_official_d")
def frames_are_mirrored_to_multiples_of_four(put):
    put(family, "pad_to_4", lambda frame: pad_to_multiple(frame, 4))


@mistake("stfan_loss_a", "stfan_train_a")
def features_are_compared_before_their_relu(put):
    right = perceptual.VGG19.forward
    put(perceptual.VGG19, "forward", lambda self, x, before_relu=False: right(self, x, True))


@mistake("stfan_loss_a", "stfan_train_a")
def features_of_images_from_0_to_1(put):
    right = perceptual.VGG19.forward
    put(perceptual.VGG19, "forward", lambda self, x, before_relu=False: right(self, x * 0.5 + 0.5, before_relu))


@mistake("stfan_loss_a", "stfan_train_a")
def features_weigh_the_same(put):
    put(perceptual, "WEIGHTS", (1.0, 1.0, 1.0))


@mistake("stfan_train_a")
def percept_counts_in_full(put):
    put(training, "PERCEPT", 1.0)


@mistake("stfan_train_a")
def learning_rate_of_a_tenth(put):
    put(training, "LEARNING_RATE", 1e-5)


@mistake("op_stfan_jitter")
def luma_of_bgr(put):
    right = colour_jitter.luma
    put(colour_jitter, "luma", lambda x: right(x[..., ::-1]))


@mistake("op_stfan_jitter")
def hue_is_rounded_down(put):
    right = colour_jitter._hue_moved
    put(colour_jitter, "_hue_moved", lambda x, hue: right(x, (np.floor(hue * 255) + 0.01 * np.sign(hue)) / 255))


@mistake("op_stfan_jitter")
def stages_keep_fractions(put):
    put(colour_jitter, "_blend", lambda d, x, factor: np.rint(np.clip(
        np.float32(d) + np.float32(factor) * (x.astype(np.float32) - np.float32(d)), 0, 255)).astype(np.uint8))


@mistake("stfan_official_d")
def residual_blocks_end_in_an_activation(put):
    right = Conv2d.forward

    def wrong(self, x, residual=None):
        y = right(self, x, residual)
        return y if residual is None else ops.leaky_relu(y, 0.1)
    put(Conv2d, "forward", wrong)
