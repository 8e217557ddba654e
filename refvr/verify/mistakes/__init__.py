"""Classic mistakes of people who write these operations anew, as runnable variants: `mistakes_of("deform_conv2d")`.

They drive `refvr diagnose`, flag the vectors of `refvr vectors`, and show in the tests that our own cases can fail.
"""
from __future__ import annotations

from refvr.verify.mistakes import (
    arrange,
    conv_transpose2d,
    convolution,
    convolution_sums,
    convolution_time,
    cubic,
    deform_conv2d,
    filters,
    losses,
    pictures,
    precision,
    sampling,
    sizes,
    values,
)
from refvr.verify.mistakes._catalogue import MISTAKES, SUBJECTS, Given, Mistake, NotHereError, Op, Subject, mistakes_of

ROOMS = (arrange, conv_transpose2d, convolution, convolution_sums, convolution_time, cubic, deform_conv2d, filters,
         losses, pictures, precision, sampling, sizes, values)  # importing them has filled the catalogue
__all__ = ["MISTAKES", "ROOMS", "SUBJECTS", "Given", "Mistake", "NotHereError", "Op", "Subject", "mistakes_of"]
