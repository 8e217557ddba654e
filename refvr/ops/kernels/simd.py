"""exp, tanh and sigmoid of one number for use inside kernels: the same bits on every processor, within 2 ulp.

The platform's `expf` differs between systems and stops the compiler from filling vectors. These use + - * / and the
bits of a float only, no branches, so a loop around them becomes vector code, and each step is rounded as IEEE 754 says.

    e^x = 2^n e^r        n = x / ln 2 rounded to an integer, r = x - n ln 2, so |r| <= ln 2 / 2
    e^r = 1 + r + r^2 (1/2 + r/6 + r^2/24 + ...)        Taylor; cut where the rest is under 0.05 ulp

n: adding 1.5 * 2^23 (float32) pushes the fraction out of the mantissa, so the low bits of the sum are n.
r: ln 2 = hi + lo, hi so short that n * hi is exact (Cody and Waite); what rounding r loses is kept and added later.
2^n: as bits of the exponent, in two halves, because 2^n alone may be too large or too small where e^x is not.
tanh, sigmoid: what rounding m and the denominator d has lost is found by subtracting again, and y = a / d put right.
Largest errors seen: exp 0.9, tanh 1.3, sigmoid 2.0 ulp, in both types.

Overflow gives inf, underflow 0 by way of the subnormals, NaN gives NaN, -0.0 stays -0.0 in tanh.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

_LN2 = Decimal(2).ln(Context(prec=50))
_inlined = register_jitable(forceinline=True)  # a call left in the loop would stop it from becoming vector code


Scalar: TypeAlias = Callable[[np.floating], np.floating]  # of numbers of one type


class _Functions(NamedTuple):
    exp: Scalar
    tanh: Scalar
    sigmoid: Scalar


def _rest(kind: type, degree: int) -> Scalar:
    """(e^r - 1 - r) / r^2 up to r^degree / degree!, written out: a loop over coefficients would stay a loop."""
    c = [kind(1 / math.factorial(k)) for k in range(degree + 1)]
    c2, c3, c4, c5, c6, c7, c8 = c[2:9]
    if degree == 8:
        def rest(r: np.floating) -> np.floating:
            return c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * (c7 + r * c8)))))
    else:
        c9, c10, c11, c12, c13 = c[9:14]

        def rest(r: np.floating) -> np.floating:
            tail = c8 + r * (c9 + r * (c10 + r * (c11 + r * (c12 + r * c13))))
            return c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * (c7 + r * tail)))))
    return _inlined(rest)


def _functions(kind: type, integer: type, mantissa: int, bias: int, low: float, high: float, degree: int) -> _Functions:
    """The three functions for one float type; every constant has that type, or a float32 kernel would be in float64."""
    rest = _rest(kind, degree)
    hi_bits = mantissa - 11 if kind is np.float64 else mantissa - 8  # |n| < 2^11, 2^8
    ln2_hi = kind(round(_LN2 * 2 ** hi_bits) / 2 ** hi_bits)
    ln2_lo, log2e = kind(_LN2 - Decimal(float(ln2_hi))), kind(1 / _LN2)
    magic = kind(1.5 * 2 ** mantissa)
    magic_bits, shift, bias = integer(magic.view(integer)), integer(mantissa), integer(bias)
    one, two, least, most, flat = kind(1), kind(2), kind(low), kind(high), kind(2 * mantissa)
    sign = kind(-0.0).view(integer)

    @_inlined
    def reduced(x: np.floating) -> tuple[np.floating, np.floating, np.signedinteger]:
        """r, what e^r has beyond 1 + r, and n."""
        t = x * log2e + magic
        n = t - magic
        exact = x - n * ln2_hi
        r = exact - n * ln2_lo
        lost = (exact - r) - n * ln2_lo
        return r, r * r * rest(r) + lost, integer(kind(t).view(integer) - magic_bits)

    @_inlined
    def power_of_two(n: np.signedinteger) -> np.floating:
        return integer(integer(n + bias) << shift).view(kind)

    def exp(x: Any) -> np.floating:
        x = least if x < least else x
        x = most if x > most else x
        r, more, n = reduced(x)
        half = integer(n >> integer(1))
        return (one + (r + more)) * power_of_two(half) * power_of_two(integer(n - half))

    inner_exp = _inlined(exp)

    def tanh(x: Any) -> np.floating:
        """m / (m + 2) with m = e^2|x| - 1: near 0, where 1 would swallow the digits, m is r + more itself."""
        z = two * (-x if x < 0 else x)
        z = flat if z > flat else z
        r, more, n = reduced(z)
        scale = power_of_two(n)
        rough = (scale - one) + scale * r
        m = rough + scale * more
        m_lost = (scale * r - (rough - (scale - one))) + (scale * more - (m - rough))
        d = m + two
        y = m / d
        y = y + (m_lost * (one - y) - y * (m - (d - two))) / d
        return integer(kind(y).view(integer) | (kind(x).view(integer) & sign)).view(kind)

    def sigmoid(x: Any) -> np.floating:
        """With e^-|x|, which cannot overflow."""
        e = inner_exp(-x if x > 0 else x)
        d = one + e
        y = (e if x < 0 else one) / d
        return y - y * ((e - (d - one)) / d)

    return _Functions(exp, tanh, sigmoid)


_SINGLE = _functions(np.float32, np.int32, 23, 127, -104.0, 89.0, 8)
_DOUBLE = _functions(np.float64, np.int64, 52, 1023, -746.0, 710.0, 13)


def exp(x: np.floating) -> np.floating:
    """e^x of a float32 or float64."""
    return (_SINGLE if isinstance(x, np.float32) else _DOUBLE).exp(x)


def tanh(x: np.floating) -> np.floating:
    """Hyperbolic tangent of a float32 or float64."""
    return (_SINGLE if isinstance(x, np.float32) else _DOUBLE).tanh(x)


def sigmoid(x: np.floating) -> np.floating:
    """1 / (1 + e^-x) of a float32 or float64."""
    return (_SINGLE if isinstance(x, np.float32) else _DOUBLE).sigmoid(x)


# What is given to an overload is a type, what it answers is given a value: Numba wants one annotation, so it is Any.
@overload(exp, jit_options={"forceinline": True})
def _exp(x: Any) -> Scalar:
    return (_SINGLE if x == types.float32 else _DOUBLE).exp


@overload(tanh, jit_options={"forceinline": True})
def _tanh(x: Any) -> Scalar:
    return (_SINGLE if x == types.float32 else _DOUBLE).tanh


@overload(sigmoid, jit_options={"forceinline": True})
def _sigmoid(x: Any) -> Scalar:
    return (_SINGLE if x == types.float32 else _DOUBLE).sigmoid
