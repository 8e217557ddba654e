"""Streams that the new container cannot hold as they are: sound is encoded again, subtitles are written anew."""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.error import FFmpegError
from av.subtitles.stream import SubtitleStream

from refvr.media import ffmpeg, subtitle_text, tags
from refvr.media.stream_trial import REFUSALS

BIT_RATE = {"aac": 96_000, "libopus": 80_000, "libmp3lame": 128_000, "ac3": 96_000}   # for each channel
SHALLOW = {"u8", "u8p", "s16", "s16p"}   # formats whose samples 16 bits can hold


class SoundConverter:
    """Decodes the sound of a stream and encodes it for `target`, keeping rate and channels where the codec can.

    codec  "aac", "flac", "libopus", "libmp3lame", or "pcm" for what fits the depth
    Raises one of REFUSALS if this cannot work.
    """

    def __init__(self, source: av.audio.stream.AudioStream, target: av.container.OutputContainer, codec: str) -> None:
        self._decoder = source.codec_context
        deep = self._decoder.format is not None and self._decoder.format.name not in SHALLOW
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[str, str, int] | None = None
        self._next = 0   # where the next packet begins, in samples
        name = {"pcm": "pcm_s24le" if deep else "pcm_s16le"}.get(codec, codec)   # the depth is known here
        if not self._decoder.sample_rate or not self._decoder.layout.nb_channels:
            raise ValueError("its rate and channels are unknown")
        encoder = av.Codec(name, "w")
        formats = [form.name for form in encoder.audio_formats or []]
        wish = next((f for f in (("s32", "s32p", "fltp", "flt") if deep else ("s16", "s16p", "fltp")) if f in formats),
                    formats[0] if formats else "s16")
        rate = _rate(encoder, self._decoder.sample_rate)
        layout = _layout(name, rate, wish, self._decoder.layout)
        self.stream = ffmpeg.new_stream(target, av.AudioStream, name, rate)
        context = self.stream.codec_context
        context.format, context.layout, context.time_base = wish, layout, Fraction(1, rate)
        if name in BIT_RATE:
            context.bit_rate = min(BIT_RATE[name] * av.AudioLayout(layout).nb_channels, 510_000)
        self._wish = (wish, layout, rate)
        tags.copy_stream(source, self.stream)

    def packets(self, packet: av.Packet | None) -> Iterator[av.Packet]:
        """What comes out for a packet of the source; None at its end. Sound that cannot be decoded is silence."""
        try:
            frames = self._decoder.decode(packet)
        except (FFmpegError, EOFError):
            frames = []
        for frame in frames:
            yield from self._filtered(frame)
        if packet is None:
            yield from self._drained()
            yield from self._encoded(None)

    def _filtered(self, frame: av.AudioFrame) -> Iterator[av.Packet]:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        graph = self._graph
        if graph is None or shape != self._shape:   # a broadcast may go from stereo to surround and back
            yield from self._drained()
            graph = self._graph = self._new_graph(frame)
            self._shape = shape
        graph.push(frame)
        yield from self._pulled(graph)

    def _new_graph(self, frame: av.AudioFrame) -> av.filter.Graph:
        """Gaps in time become silence, overlaps are cut: the encoder knows no time but the count of its samples."""
        wish, layout, rate = self._wish
        graph = av.filter.Graph()
        source = graph.add_abuffer(sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name,
                                   time_base=frame.time_base or Fraction(1, frame.sample_rate))
        steps = [source, graph.add("aresample", "async=1:min_hard_comp=0.1"),
                 graph.add("aformat", f"sample_fmts={wish}:sample_rates={rate}:channel_layouts={layout}"),
                 graph.add("abuffersink")]
        for before, after in zip(steps, steps[1:]):
            before.link_to(after)
        graph.configure()
        return graph

    def _pulled(self, graph: av.filter.Graph) -> Iterator[av.Packet]:
        while True:
            try:
                frame = graph.pull()
            except (BlockingIOError, EOFError, FFmpegError):
                return
            if isinstance(frame, av.AudioFrame):
                yield from self._encoded(frame)

    def _encoded(self, frame: av.AudioFrame | None) -> Iterator[av.Packet]:
        for packet in self.stream.encode(frame):
            if packet.pts is None:   # PyAV loses the time of the last samples
                packet.pts = packet.dts = self._next
            self._next = packet.pts + (packet.duration or 0)
            yield packet

    def _drained(self) -> Iterator[av.Packet]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pulled(self._graph)
            self._graph = None


def _rate(encoder: av.Codec, rate: int) -> int:
    """The lowest rate of an encoder that loses nothing, otherwise its highest."""
    rates = encoder.audio_rates
    if not rates or rate in rates:
        return rate
    return min((r for r in rates if r > rate), default=max(rates))


def _layout(name: str, rate: int, form: str, own: av.AudioLayout) -> str:
    """The first layout that the encoder opens with: the source's, the usual one of as many channels, stereo, mono."""
    usual = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
    choices = [own.name, usual.get(own.nb_channels, "stereo"), "stereo", "mono"]
    for layout in choices:
        context = av.Codec(name, "w").create("audio")
        try:
            context.format, context.layout, context.sample_rate = form, layout, rate
            context.time_base = Fraction(1, rate)
            context.open()
            return layout
        except REFUSALS:
            continue
    raise ValueError(f"no {name} encoder takes it")


class TextConverter:
    """Decodes subtitles to lines of text and writes them as "subrip", "webvtt" or "mov_text" for `target`.

    Raises one of REFUSALS if this cannot work.
    """

    def __init__(self, source: SubtitleStream, target: av.container.OutputContainer,
                 codec: str) -> None:
        self._decoder, self._codec = source.codec_context, codec
        self.stream = ffmpeg.new_stream(target, SubtitleStream, codec)
        self.stream.codec_context.subtitle_header = subtitle_text.HEADER
        self.stream.codec_context.time_base = self.stream.time_base = Fraction(1, 1000)
        tags.copy_stream(source, self.stream)

    def packets(self, packet: av.Packet | None) -> Iterator[av.Packet]:
        """The packet with the same words at the same time; none for what holds no words."""
        if packet is None or packet.pts is None:
            return
        try:
            found = self._decoder.decode2(packet)
        except (FFmpegError, ValueError):
            return
        lines = [rect.ass.decode("utf-8", "replace") for rect in found or () if hasattr(rect, "ass")]
        data = subtitle_text.payload(lines, self._codec)
        if data:
            out = av.Packet(data)
            out.stream, out.time_base, out.duration = self.stream, packet.time_base, packet.duration
            out.pts = out.dts = packet.pts
            out.is_keyframe = True
            yield out
