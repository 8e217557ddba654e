"""What pages show: their blocks, and the lines that follow a command."""
import re

from places import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.S | re.M)


def shown(page, command):
    """The lines that a page shows after `$ command`, up to the next command or the end of the block."""
    for _, block in FENCE.findall((ROOT / "docs" / page).read_text()):
        if f"$ {command}\n" in block:
            return re.split(r"^\$ ", block.split(f"$ {command}\n")[1], flags=re.M)[0].splitlines()
    raise AssertionError(f"{page} does not show {command}")


def sample(page, start):
    """The lines of the block that begins with `start`, for output whose command stands in the text."""
    for _, block in FENCE.findall((ROOT / "docs" / page).read_text()):
        if block.startswith(start):
            return block.splitlines()
    raise AssertionError(f"{page} has no block that begins with {start}")


def worded(lines):
    """Lines without what another input changes: numbers are #, layers NAME, what is in parentheses and lists is cut."""
    text = "\n".join(lines)
    text = re.sub(r"\b[a-z]\w*(\.\w+)+\b(?!\])", "NAME", text)   # [operation.mistake] stays
    text = re.sub(r"[-+]?\d[\dx.]*(e[+-]\d+)?", "#", text)
    return re.sub(r"\((?:# \w+(?:, )?)+[^)]*\)", "(...)", text).splitlines()


def without_figures(lines):
    """Lines whose measured figures are #: the last digits depend on the processor."""
    return [re.sub(r"\d+\.\d+(e[+-]\d+)?", "#", line) for line in lines]
