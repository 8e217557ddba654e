"""VP8 and VP9 with transparency, as in WebM: the alpha is a second stream of its own in side data of the packets.

FFmpeg's own decoders of both pass it over; those of libvpx decode it.
"""
from __future__ import annotations

import av

DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def alpha_decoder(stream: av.video.stream.VideoStream) -> av.VideoCodecContext | None:
    """A decoder for a stream whose container says that it has alpha; None for any other, or without libvpx."""
    marked = any(name.lower() == "alpha_mode" and value.strip() == "1" for name, value in stream.metadata.items())
    name = DECODERS.get(stream.codec_context.name)
    if not marked or name is None:
        return None
    try:
        context = av.Codec(name, "r").create("video")
    except ValueError:   # this FFmpeg was built without it
        return None
    context.thread_type = "AUTO"
    return context
