"""Pictures as other programs write them: pages, moving ones, floats, tiles, palettes, linear light, profiles, names."""
import struct
import zlib

import media_clips
import numpy as np
import pytest
from pictures import RGB, frames, shown
from PIL import Image

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, open_reader, open_writer

# Pages


# Moving pictures


def test_one_picture_in_gives_one_picture_out(tmp_path):
    Image.fromarray(RGB[0]).save(tmp_path / "in.png")
    for suffix in (".webp", ".gif", ".tif", ".jpg", ".exr", ".dpx"):
        media_clips.copy(tmp_path / "in.png", tmp_path / f"out{suffix}")
        assert frames(tmp_path / f"out{suffix}")[0].kind in ("image", "video")
    assert np.array_equal(shown(tmp_path / "out.webp")[0], RGB[0])
    with open_reader(tmp_path / "in.png") as clip, pytest.raises(OutputError, match=r"one image but .* \.apng"):
        open_writer(tmp_path / "out.png", ClipInfo(16, 12, 2, source=clip.info.source))


# Palettes, profiles, inks

def test_transparent_palette_and_colour(tmp_path):
    palette = Image.fromarray(RGB[0]).quantize(8)
    palette.save(tmp_path / "palette.png", transparency=bytes([0, 128, 255, 255, 255, 255, 255, 255]))
    Image.fromarray(RGB[0]).save(tmp_path / "key.png", transparency=tuple(int(v) for v in RGB[0, 3, 5]))
    Image.fromarray(RGB[0, ..., 0]).save(tmp_path / "grey.png", transparency=int(RGB[0, 3, 5, 0]))
    for name in ("palette", "key", "grey"):
        info, (frame,), _ = frames(tmp_path / f"{name}.png")
        want = np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGBA"))
        assert info.has_alpha and np.array_equal(np.rint(frame.alpha * 255), want[..., 3]) and frame.alpha.min() < 1
        assert np.array_equal(np.rint(frame.rgb * 255), want[..., :3]) and info.grey == (name == "grey")


# Linear light, DPX


# Names


def test_a_claim_of_too_many_pixels_is_refused(tmp_path):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
    body = struct.pack(">IIBBBBB", 1 << 20, 1 << 20, 16, 2, 0, 0, 0)
    (tmp_path / "in.png").write_bytes(head + body + struct.pack(">I", zlib.crc32(b"IHDR" + body)))
    with pytest.raises(InputError, match="1048576x1048576 pixels"):
        open_reader(tmp_path / "in.png")
