r"""Subtitles as text: FFmpeg decodes every kind to lines of SubStation Alpha, which are turned into another kind here.

A line is `ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text`, with `\N` for a new line and
`{\i1}italic{\i0}` for styles.
"""
from __future__ import annotations

import re

# What FFmpeg's encoders of subtitles want before they start: one style, no lines
HEADER = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
STYLE = re.compile(r"\\([ibu])([01])(?![0-9a-zA-Z])")


def text_of(line: str) -> str:
    """The text field of an ASS line, styles and all."""
    fields = line.split(",", 8)
    return fields[8] if len(fields) == 9 else line


def plain(text: str) -> str:
    """Without styles; drawings, which are no text, become nothing."""
    if re.search(r"\\p[1-9]", text):
        return ""
    text = re.sub(r"\{[^}]*\}", "", text)
    return re.sub(r"\\[Nn]", "\n", text).replace("\\h", "\u00a0").strip("\r\n")


def tagged(text: str, *, escape: bool = False) -> str:
    """With <i>, <b> and <u> for the styles that SubRip and WebVTT have; every tag that is opened is closed."""
    if re.search(r"\\p[1-9]", text):
        return ""
    out, opened = [], []
    for part in re.split(r"(\{[^}]*\})", text):
        if not part.startswith("{"):
            part = re.sub(r"\\[Nn]", "\n", part).replace("\\h", "\u00a0")
            out.append(part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") if escape else part)
            continue
        for tag, on in STYLE.findall(part):
            if on == "1" and tag not in opened:
                opened.append(tag)
                out.append(f"<{tag}>")
            elif on == "0" and tag in opened:
                again = opened[opened.index(tag) + 1:]
                out += [f"</{t}>" for t in reversed(opened[opened.index(tag):])] + [f"<{t}>" for t in again]
                opened.remove(tag)
    return ("".join(out) + "".join(f"</{t}>" for t in reversed(opened))).strip("\r\n")


def payload(lines: list[str], codec: str) -> bytes:
    """The bytes of one packet of "subrip", "webvtt" or "mov_text" for the ASS lines shown together; b"" for nothing."""
    write = {"subrip": tagged, "webvtt": lambda t: tagged(t, escape=True), "mov_text": plain}[codec]
    text = "\n".join(shown for line in lines if (shown := write(text_of(line)))).encode()
    if codec == "mov_text" and text:
        text = text[:0xFFFF].decode("utf-8", "ignore").encode()   # its length has two bytes
        return len(text).to_bytes(2, "big") + text
    return text
