"""What a file is that is no weight file, in words: what people have downloaded instead, or packed once too often."""
from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from refvr.checkpoints.contents import Mapped
from refvr.errors import WeightsError, printable

KINDS = "PyTorch (zip, legacy, tar), HDF5, safetensors or npz"
UNPACK = "unpack it, and give the weight file that is in it"
BEGINNINGS = {  # first bytes -> what it is, what to do
    b"\x1f\x8b": ("packed with gzip", UNPACK), b"BZh": ("packed with bzip2", UNPACK),
    b"\xfd7zXZ": ("packed with xz", UNPACK), b"\x28\xb5\x2f\xfd": ("packed with zstd", UNPACK),
    b"7z\xbc\xaf": ("a 7z archive", UNPACK), b"Rar!": ("a RAR archive", UNPACK), b"PK\5\6": ("an empty zip file", ""),
    b"\x93NUMPY": ("one array, .npy", "expected all of a network, for example by numpy.savez"),
    b"MATLAB 5.0": ("a MATLAB file", "save the arrays as .npz"), b"%PDF": ("a PDF document", ""),
    b"\x89PNG": ("a picture", ""), b"\xff\xd8\xff": ("a picture", ""), b"\x7fELF": ("a program", ""),
    b"MZ": ("a program", ""), b"<?xml": ("an XML document, such as a server's message", "download it again"),
}
LFS = b"version https://git-lfs"
WEIGHTS = (".pth", ".pt", ".pkl", ".ckpt", ".h5", ".hdf5", ".tar", ".npz", ".safetensors", ".bin", ".zip")


def refuse(data: Mapped) -> NoReturn:
    """Raise WeightsError that names what the file `data` (bytes or a memory map) is."""
    head = bytes(data[:4096])
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(LFS):
        size = re.search(rb"\nsize (\d{1,15})\n", head)
        raise WeightsError("this is a pointer of Git LFS, a few lines of text that stand for the file"
                           + (f" of {int(size[1])} bytes" if size else ""),
                           fix="run `git lfs pull` there, or download the file itself from its page")
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")) or b"<html" in text[:1024]:
        raise WeightsError("this is a web page, not the file" + _title(head),
                           fix="open the address in a browser, and download from there")
    for beginning, (what, fix) in BEGINNINGS.items():
        if head.startswith(beginning):
            raise WeightsError(f"this is {what}, no weight file", fix=fix or f"expected {KINDS}")
    if b"onnx" in head[:64].lower() or (head[:1] == b"\x08" and b"pytorch" in head[:64].lower()):
        raise WeightsError("this is a network in ONNX, whose weights have lost their names",
                           fix="give the checkpoint it was made from")
    if head and not any(byte < 9 or 13 < byte < 32 for byte in head):
        raise WeightsError(f"this is text, no weight file: it begins with {head[:24]!r}", fix=f"expected {KINDS}")
    raise WeightsError(f"this is no weight file: it begins with {head[:8]!r}", fix=f"expected {KINDS}")


def refuse_zip(names: Collection[str]) -> None:
    """Raise WeightsError where a zip file with these names is something else than a file by torch.save or numpy.savez.
    """
    if {"config.json", "model.weights.h5"} <= set(names):
        raise WeightsError("this is a file of Keras; its weights are model.weights.h5 in it", fix=UNPACK)
    inner = [name for name in names if name.lower().endswith(WEIGHTS) and not name.startswith("__MACOSX")]
    if inner and not any(name.endswith("data.pkl") for name in names):
        more = f" and {len(inner) - 1} more" if len(inner) > 1 else ""
        raise WeightsError(f"this is a zip file that holds {inner[0][:80]}{more}", fix=UNPACK)


def refuse_folder(path: Path) -> None:
    """Raise WeightsError for a folder."""
    unpacked = (path / "data.pkl").is_file() or next(iter(path.glob("*/data.pkl")), None) is not None
    raise WeightsError("this is a folder" + (": a PyTorch file that was unpacked" if unpacked else ", not a file"),
                       fix="give the file as it was downloaded, without unpacking it" if unpacked else "check the path")


def _title(head: bytes) -> str:
    title = re.search(rb"<title[^>]*>([^<]{1,80})", head, re.IGNORECASE)
    return f": {printable(title[1].decode('utf-8', 'replace').strip())!r}" if title else ""
