"""Small clips made on the spot for the tests of refvr.media. What makes and checks them is PyAV alone, not refvr."""
from fractions import Fraction

import av
import numpy as np

from refvr.media import open_reader, open_writer


def noise(t, h, w, seed=0):
    """(t, h, w, 3) uint8 noise: nothing about it is symmetric or smooth."""
    return np.random.default_rng(seed).integers(0, 256, (t, h, w, 3), dtype=np.uint8)


def smooth(t, h, w):
    """(t, h, w, 3) float32 in [0.2, 0.8], slowly varying and moving: inside the gamut after chroma subsampling."""
    y, x, time = np.arange(h)[:, None], np.arange(w)[None], np.arange(t)[:, None, None, None]
    phase = np.stack([y / 17 + x / 23, y / 29 - x / 13, (x + y) / 19], axis=-1)
    return (0.5 + 0.3 * np.sin(phase + 0.3 * time)).astype(np.float32)


def write(path, rgb, codec="libx264rgb", pix_fmt="rgb24", rate=25, pts=None, time_base=None, sound=False, subtitles=(),
          options=None, container_options=None, tags=None):
    """Write (t, h, w, 3) uint8 frames at times `pts`, with a rising tone of sound and (start_ms, text) subtitles."""
    time_base = time_base or Fraction(1, rate)
    with av.open(str(path), "w", container_options=container_options or {}) as out:
        out.metadata.update(tags or {})
        video = out.add_stream(codec, rate=rate, options=options if options is not None else {"crf": "0"})
        video.height, video.width, video.pix_fmt = *rgb.shape[1:3], pix_fmt
        video.codec_context.time_base = time_base
        audio = out.add_stream("aac", rate=48000) if sound else None
        text = out.add_mux_stream("subrip", time_base=Fraction(1, 1000)) if subtitles else None
        end = Fraction(0)
        for k, picture in enumerate(rgb):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame.pts, frame.time_base = (k if pts is None else pts[k]), time_base
            end = frame.pts * time_base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start, line in subtitles:
            packet = av.Packet(line.encode())
            packet.stream, packet.pts, packet.dts, packet.duration = text, start, start, 400
            packet.time_base = Fraction(1, 1000)
            out.mux(packet)
        if audio:
            for start in range(0, int(end * 48000), 1024):
                tone = np.sin(np.cumsum(np.arange(start, start + 1024) * 1e-5)).astype(np.float32)
                chunk = av.AudioFrame.from_ndarray(np.stack([tone, -tone]), "fltp", "stereo")
                chunk.sample_rate, chunk.pts, chunk.time_base = 48000, start, Fraction(1, 48000)
                out.mux(audio.encode(chunk))
            out.mux(audio.encode(None))
    return path


def times(path):
    """Presentation times of the frames, exact, in seconds."""
    with av.open(str(path)) as clip:
        return [frame.pts * frame.time_base for frame in clip.decode(video=0)]


def packets(path, kind):
    """The bytes of every packet of the streams of a kind, in order."""
    with av.open(str(path)) as clip:
        streams = [s for s in clip.streams if s.type == kind]
        return [bytes(p) for p in clip.demux(streams) if p.size] if streams else []


def copy(source, target, sound=True, pattern=None, **options):
    """Read a clip and write it again with refvr; returns the reader and the writer."""
    with open_reader(source, pattern=pattern) as clip, open_writer(
            target, clip.info, copy_streams_from=source if sound else None, **options) as out:
        for frame in clip:
            out.write(frame)
    return clip, out


def read(path):
    """(t, h, w, 3) float32, as refvr reads it."""
    with open_reader(path) as clip:
        return np.stack([frame.rgb for frame in clip])
