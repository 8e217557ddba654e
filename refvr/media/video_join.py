"""Pieces -> one video file: packets are copied, nothing is encoded again."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from statistics import median

import av

from refvr.media.append_file import Entry
from refvr.media.piece import Piece
from refvr.media.stream_copy import StreamCopier


def use_header_of(piece: Piece, stream: av.video.stream.VideoStream) -> None:
    """Give a new video stream the header of the pieces.

    The stream is made as for encoding, so that everything about it is said the same way; but the packets of a piece
    are in the form of its container (H.264 in mp4 has lengths where the encoder writes start codes), and the header
    must be of that form too.
    """
    if stream.codec_context.is_encoder:
        stream.codec_context.open()
    header = piece.header()
    if header:
        stream.codec_context.extradata = header


def join(pieces: Sequence[Piece], container: av.container.OutputContainer, stream: av.video.stream.VideoStream,
         copier: StreamCopier | None, time_base: Fraction) -> None:
    """Mux the packets of all pieces, one after the other, and those of the other streams between them."""
    entries = [entry for piece in in_order([piece.entries for piece in pieces]) for entry in piece]
    times = iter(joined(entries, decoded=len(pieces) > 1))
    for piece in pieces:
        for packet in piece.packets():
            entry = next(times)
            packet.pts, packet.dts, packet.duration = entry.pts, entry.dts, entry.duration
            packet.time_base, packet.stream = time_base, stream
            if copier:
                copier.copy_until(entry.dts * time_base)
            container.mux(packet)


def in_order(pieces: Iterable[Sequence[Entry]]) -> Iterator[Sequence[Entry]]:
    """The packets of each piece with times that are after those of the pieces before it.

    Who encodes a piece does not know when the one before it ends. Where the times of a clip do not increase, its
    frames are moved by the smallest step, as within a piece.
    """
    last = None
    for entries in pieces:
        shown = sorted(entry.pts for entry in entries)
        if last is None or shown[0] > last:
            last = shown[-1]
            yield entries
            continue
        moved = {pts: max(pts, last + 1 + rank) for rank, pts in enumerate(shown)}
        last = moved[shown[-1]]
        yield [replace(entry, pts=moved[entry.pts]) for entry in entries]


def joined(entries: Sequence[Entry], *, decoded: bool) -> list[Entry]:
    """The times of packets that are put together: durations for those that have none.

    decoded  find decoding times that increase, too; those of one encoder do, but each piece had its own

    The packet that is decoded last need not be the one that is shown last; in MP4, whose length is that of decoding, it
    lasts as long as makes both lengths the same.
    """
    shown = sorted(entry.pts for entry in entries)
    following = dict(zip(shown, shown[1:]))
    step = round(median(b - a for a, b in zip(shown, shown[1:]))) if following else 0
    times = [entry.dts for entry in entries]
    if decoded:
        place = {time: k for k, time in enumerate(shown)}
        depth = max(k - place[entry.pts] for k, entry in enumerate(entries))   # how far frames are reordered
        times = [shown[0] - (depth - k) * step for k in range(depth)] + shown
    found = [Entry(entry.pts, dts, entry.duration or following.get(entry.pts, entry.pts + step) - entry.pts)
             for entry, dts in zip(entries, times)]
    shows = max(entry.pts + entry.duration for entry in found) - shown[0]
    found[-1] = replace(found[-1], duration=max(found[-1].duration, shows - (times[-1] - times[0])))
    return found
