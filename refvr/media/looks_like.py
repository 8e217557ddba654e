"""What a file is by its first bytes, for the message about one that is not what its name says."""
from __future__ import annotations

# At which byte, which bytes, what that is, the ending that refvr opens it by ("": it opens none)
_MARKS = [
    (4, b"ftypheic", "a HEIC image", ""), (4, b"ftypavif", "an AVIF image", ""),
    (4, b"ftypqt", "a QuickTime video", ".mov"), (4, b"ftyp", "an MP4 video", ".mp4"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video", ".mkv"),
    (8, b"AVI ", "an AVI video", ".avi"), (8, b"WAVE", "a sound file", ""), (8, b"WEBP", "a WebP image", ".webp"),
    (0, b"YUV4MPEG2", "a y4m video", ".y4m"), (0, b"\x93NUMPY", "a NumPy array", ".npy"),
    (0, b"\x89HDF\r\n", "an HDF5 file", ".h5"), (0, b"\x89PNG\r\n", "a PNG image", ".png"),
    (0, b"\xff\xd8\xff", "a JPEG image", ".jpg"), (0, b"GIF8", "a GIF image", ".gif"),
    (0, b"II*\0", "a TIFF image", ".tif"), (0, b"MM\0*", "a TIFF image", ".tif"), (0, b"%PDF", "a PDF document", ""),
    (0, b"PK\3\4", "a zip file", ""), (0, b"\x1f\x8b", "a gzip file", "")]


def looks_like(head: bytes) -> tuple[str, str] | None:
    """What the first bytes are of, with its article, and the ending that it should have; None: nothing known."""
    for at, mark, what, ending in _MARKS:
        if head[at:at + len(mark)] == mark:
            return what, ending
    if head and b"\0" not in head and head.isascii():
        return "text", ""
    return None


def other_than(head: bytes, endings: set[str]) -> tuple[str, str] | None:
    """What it is and what to do, where a file of one of these endings begins as another kind of file does."""
    found = looks_like(head)
    if found is None or found[1] in endings:
        return None
    return found[0], f"give it the ending {found[1]}" if found[1] else "check that it is the right file"
