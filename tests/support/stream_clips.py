"""Clips with sound and covers, made by PyAV alone, and what is heard and read in a file."""
from fractions import Fraction

import av
import media_clips
import numpy as np

PICTURE = media_clips.noise(12, 32, 48)


def clip_with_sound(path, codec, rate=48000, seconds=0.48, layout="stereo", form=None):
    """Twelve pictures and a tone in that codec."""
    with av.open(str(path), "w", options={"strict": "-2"}) as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        sound = out.add_stream(codec, rate=rate)
        sound.codec_context.layout = layout
        sound.bit_rate = 128_000
        if form:
            sound.codec_context.format = form
        for picture in PICTURE:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        tone = np.sin(np.arange(int(seconds * rate)) * 0.05).astype(np.float32) * 0.5
        chunk = av.AudioFrame.from_ndarray(np.stack([tone] * len(sound.codec_context.layout.channels)), "fltp", layout)
        chunk.sample_rate, chunk.pts, chunk.time_base = rate, 0, Fraction(1, rate)
        out.mux(sound.encode(chunk))
        out.mux(sound.encode(None))
    return path


def heard(path):
    """Codec, channels and samples of the first sound of a file, (channels, n)."""
    with av.open(str(path)) as clip:
        stream = clip.streams.audio[0]
        resampler = av.AudioResampler("fltp", stream.codec_context.layout.name, stream.codec_context.sample_rate)
        parts = [f.to_ndarray() for frame in clip.decode(stream) for f in resampler.resample(frame)]
    return stream.codec_context.codec.canonical_name, np.concatenate(parts, axis=1)


def words(path):
    """(start, text) of every subtitle."""
    with av.open(str(path)) as clip:
        stream = clip.streams.subtitles[0]
        found = []
        for packet in clip.demux(stream):
            shown = stream.codec_context.decode2(packet) if packet.size else None
            time = round(float(packet.pts * packet.time_base), 2) if packet.size else None
            found += [(time, rect.ass.split(b",", 8)[8]) for rect in shown or ()]
        return stream.codec_context.codec.canonical_name, found


def clip_with_cover(path):
    """Two sounds of different languages, the second the default, and a picture for the file."""
    jpeg = av.CodecContext.create("mjpeg", "w")
    jpeg.width, jpeg.height, jpeg.pix_fmt, jpeg.time_base = 16, 16, "yuvj420p", Fraction(1, 25)
    cover = jpeg.encode(av.VideoFrame.from_ndarray(media_clips.noise(1, 16, 16)[0], "rgb24"))[0]
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        sounds = [out.add_stream("aac", rate=48000) for _ in range(2)]
        kind = type(sounds[0].disposition)
        for stream, language, flag in zip(sounds, ("eng", "deu"), (kind(0), kind.default)):
            stream.metadata["language"], stream.disposition = language, flag
        art = out.add_mux_stream("mjpeg", width=16, height=16)
        art.disposition = kind.attached_pic
        out.start_encoding()
        packet = av.Packet(bytes(cover))
        packet.stream, packet.pts, packet.dts, packet.time_base = art, 0, 0, Fraction(1, 1000)
        out.mux(packet)
        for picture in PICTURE:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        for stream in sounds:
            chunk = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), "fltp", "stereo")
            chunk.sample_rate, chunk.pts = 48000, 0
            out.mux(stream.encode(chunk) + stream.encode(None))
    return path
