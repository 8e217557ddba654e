"""Mistakes in networks and in what is around them."""
import builtins
from functools import partial
from types import SimpleNamespace

import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.networks import fastdvdnet, remonet
from refvr.pipeline import denoise
from refvr.pipeline.windows import reflect_half, reflect_whole
from refvr.verify.cases.families import remonet as remonet_family
from refvr.verify.cases.layout import channels_first, channels_last


def after_init(network, change):
    """A constructor that lets `change` at the module it has made."""
    right = network.__init__

    def wrong(self, *args, **options):
        right(self, *args, **options)
        change(self)
    return wrong


@mistake("remonet_t7_a", "remonet_gauss_a")
def window_is_mirrored_at_the_first_frame(put):
    put(remonet, "max", lambda a, b: abs(a) if b == 0 else builtins.max(a, b))


@mistake("remonet_t7_a", "remonet_gauss_a")
def window_is_mirrored_at_the_last_frame(put):
    put(remonet, "min", lambda a, b: 2 * b - a if a == b + 1 else builtins.min(a, b))


@mistake("remonet_t7_a")
def previous_and_next_frame_are_swapped(put):
    right = ops.concat
    put(ops, "concat", lambda *xs, axis=-1: right(*(xs[::-1] if len(xs) == 3 and xs[0].shape[-1] == 3 else xs),
                                                  axis=axis))


@mistake("remonet_t7_a")
def state_before_guess(put):
    right = remonet.GuessAndState.forward

    def wrong(self, x, guess):
        both = right(self, x, guess)
        state = both.shape[-1] - guess
        return ops.concat(both[..., state:], both[..., :state])
    put(remonet.GuessAndState, "forward", wrong)


@mistake("remonet_t7_a", "remonet_gauss_a")
def unet_without_residual(put):
    put(remonet.UNet, "__init__", after_init(remonet.UNet, lambda net: setattr(net, "_skip", False)))


@mistake("remonet_t7_a", "remonet_seq_b")
def outputs_are_residuals(put):
    put(remonet_family, "Config", partial(remonet.Config, residual=True))


@mistake("remonet_t7_a", "remonet_gauss_a")
def relu_after_conv_out(put):
    right = remonet.GuessAndState.forward

    def wrong(self, x, guess):
        both = right(self, x, guess)
        return ops.concat(ops.relu(both[..., :guess]), both[..., guess:])
    put(remonet.GuessAndState, "forward", wrong)


@mistake("remonet_t7_a", "remonet_gauss_a")
def no_relu_after_conv1(put):
    put(remonet.ReMoNet, "__init__",
        after_init(remonet.ReMoNet, lambda net: net.conv1._options.update(activation="none")))


@mistake("remonet_t7_a")
def relu_between_depthwise_and_pointwise(put):
    put(remonet.SepConv, "__init__",
        after_init(remonet.SepConv, lambda net: net.spatial._options.update(activation="relu")))


@mistake("remonet_t7_a", "remonet_gauss_a")
def state_without_relu(put):
    put(ops, "relu", lambda x: x)


@mistake("remonet_t7_a", "remonet_gauss_a")
def state_is_not_passed_on(put):
    right = remonet.note
    put(remonet, "note", lambda name, x: right(name, x * x.dtype.type(0) if name == "state" else x))


@mistake("remonet_t7_a", "remonet_seq_b")
def colours_are_blue_green_red(put):
    put(remonet_family, "channels_last", lambda x, dtype: channels_last(x[..., ::-1, :, :], dtype))
    put(remonet_family, "channels_first", lambda x: channels_first(x)[..., ::-1, :, :])


@mistake("remonet_seq_b")
def tail_does_not_repeat_the_last_frame(put):
    put(denoise, "reflect_half", reflect_whole)


@mistake("remonet_seq_b")
def tail_repeats_only_the_last_frame(put):
    put(denoise, "reflect_half", lambda i, n: min(i, n - 1))


@mistake("fastdvdnet_a", "fastdvdnet_b")
def noise_maps_after_the_frames(put):
    right = ops.concat
    put(ops, "concat", lambda *xs, axis=-1: right(*(xs[::2] + xs[1::2] if len(xs) == 6 else xs), axis=axis))


@mistake("fastdvdnet_a", "fastdvdnet_b")
def noise_is_added(put):
    right = fastdvdnet.Output.forward
    put(fastdvdnet.Output, "forward", lambda self, *xs: right(self, *xs) * xs[0].dtype.type(-1))


@mistake("fastdvdnet_seq_a")
def clip_ends_repeat_their_frame(put):
    put(denoise, "reflect_whole", reflect_half)


@mistake("fastdvdnet_seq_a", "remonet_seq_b")
def frames_are_padded_by_their_edge(put):
    def wrong(frames, multiple):
        h, w = frames.shape[-3:-1]
        return np.pad(frames, (*[(0, 0)] * (frames.ndim - 3), (0, -h % multiple), (0, -w % multiple), (0, 0)), "edge")
    put(denoise, "pad_to_multiple", wrong)


@mistake("fastdvdnet_seq_a", "remonet_seq_b")
def frames_are_padded_at_top_and_left(put):
    right = denoise.pad_to_multiple

    def wrong(frames, multiple):
        return right(frames[..., ::-1, ::-1, :], multiple)[..., ::-1, ::-1, :]
    put(denoise, "pad_to_multiple", wrong)
    put(denoise, "crop", lambda y, h, w: y[..., y.shape[-3] - h:, y.shape[-2] - w:, :])


@mistake("fastdvdnet_seq_a")
def no_clamp(put):
    put(denoise, "np", SimpleNamespace(stack=np.stack, full=np.full, clip=lambda y, low, high: y))


@mistake("fastdvdnet_seq_a")
def noise_level_on_the_scale_of_bytes(put):
    put(denoise, "np", SimpleNamespace(stack=np.stack, clip=np.clip,
                                       full=lambda shape, sigma, dtype: np.full(shape, 255 * sigma, dtype)))
