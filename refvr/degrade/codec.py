"""A clip through an encoder and back, in memory: what H.264 leaves of it at a quality."""
from __future__ import annotations

import io

import numpy as np


def through_h264(frames: np.ndarray, *, crf: float, preset: str = "veryfast") -> np.ndarray:
    """Frames (t, h, w, 3) in [0, 1] with even sides, as 8-bit 4:2:0 H.264 of quality `crf` gives them back; float32.

    One thread, and rows that are continued until x264 encodes them alike in every run: the same frames give the same
    result with the same library.
    """
    import av

    from refvr.media.encoders import X264_REPEATS

    buffer = io.BytesIO()
    w, options = frames.shape[2], {"crf": f"{crf:g}", "preset": preset, "threads": "1"}
    frames = np.pad(frames, ((0, 0), (0, 0), (0, -w % X264_REPEATS), (0, 0)), mode="edge")
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        for frame in np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        decoded = [frame.to_ndarray(format="rgb24")[:, :w] for frame in container.decode(video=0)]
    return np.stack(decoded).astype(np.float32) / np.float32(255)
