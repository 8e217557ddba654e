"""The picture's stream of an output video: its encoder, size, rate, and the marks that say how to show it."""
from __future__ import annotations

from fractions import Fraction

import av

from refvr.media import colour as colours
from refvr.media import encoders, ffmpeg, pixels
from refvr.media.clip import ClipInfo, Colour

# Encoders choose their threads by the machine, and their output depends on it: fixed, so that bytes do not.
ENCODER_THREADS = 4


def output_colour(like: ClipInfo, pix_fmt: str, height: int) -> Colour:
    """The colour of the input stream; for RGB input the matrix that players assume for this height."""
    matrix = colours.matrix_for(colours.UNSPECIFIED_CODE, height)
    colour = like.colour or Colour(matrix)
    # Grey without a mark is full range, and colour video is better limited, as all players expect
    grey_to_colour = like.grey and pixels.layout(pix_fmt).kind != "grey"
    full = pix_fmt.startswith("yuvj") or (colour.full_range and not grey_to_colour)
    return Colour(colour.matrix, full, "left", colour.primaries, colour.transfer)


def add(container: av.container.OutputContainer, chosen: encoders.Plan, like: ClipInfo, colour: Colour,
        size: tuple[int, int], fps: Fraction, time_base: Fraction, *, constant_rate: bool,
        template: av.video.stream.VideoStream | None = None) -> av.video.stream.VideoStream:
    """Add the stream of `chosen` in (height, width) `size`, marked with `colour` and the pixel aspect of `like`.

    constant_rate   the container has no times: the encoder may not reorder frames
    template        a stream whose marks the new one gets; it then takes packets and encodes nothing
    """
    height, width = size
    options = chosen.options | ({"bf": "0"} if constant_rate and "264" in chosen.codec else {})
    if template is None:
        stream = ffmpeg.new_stream(container, av.VideoStream, chosen.codec, fps, options)
        stream.codec_context.time_base = time_base
    else:
        stream = container.add_stream_from_template(template, opaque=True)
        stream.codec_context.framerate = fps
    context = stream.codec_context
    if context.codec.canonical_name == "hevc" and container.format.name in ("mp4", "mov"):
        context.codec_tag = "hvc1"   # what Apple's players ask for; FFmpeg writes hev1
    context.width, context.height, context.pix_fmt = width, height, chosen.pix_fmt
    stream.time_base = time_base
    context.thread_count = ENCODER_THREADS
    if like.pixel_aspect and width * like.height == height * like.width:
        context.sample_aspect_ratio = like.pixel_aspect
    rgb = pixels.layout(chosen.pix_fmt).kind in ("rgb", "gbr")
    context.colorspace = colours.RGB_CODE if rgb else colours.CODE_OF_MATRIX[colour.matrix]
    context.color_range = pixels.FULL if rgb or colour.full_range else pixels.LIMITED
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    return stream
