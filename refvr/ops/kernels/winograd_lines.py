"""Winograd's F(4x4, 3x3): four by four outputs of a 3x3 convolution from 36 products in place of 144. The definition.

    y = A^T [ (G w G^T) * (B^T d B) ] A          d: 6x6 pixels of input, w: 3x3 taps, y: 4x4 outputs, *: by element

Four outputs of a filter of three taps are the product of two polynomials, transposed (Toom and Cook; Winograd 1980,
Lavin & Gray, arXiv:1509.09308). A product of degree 5 is known from its values at six points; the values of a factor
are A (four elements) or G (three), and B takes the six values back. In two dimensions each matrix is applied twice.

    points p: 0, 3/4, -3/4, 3/2, -3/2, infinity          M(x) = product of (x - p) over the finite points
    A[p,k] = p^k                                         k = 0..3; infinity has the highest k alone
    G[p,k] = p^k / M'(p)                                 k = 0..2; the same
    B^T[p,k] = coefficient of x^k in M(x) / (x - p)      and in M(x) for infinity

The points decide how errors grow. These were found best among small ones: against float64, with 64 channels, the
largest error is a third of that of the customary 0, 1, -1, 2, -2; and A and B hold numbers that float32 holds exactly.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TypeAlias, TypeVar

import numpy as np

V = TypeVar("V")  # what lines are of: whatever can be added and multiplied
MultiplyAdd: TypeAlias = Callable[[Fraction, V, V], V]  # a * b + c

TILE = 4  # outputs of a tile along each side
SEEN = TILE + 2  # inputs
PLANES = SEEN * SEEN  # products
A, B = Fraction(3, 4), Fraction(3, 2)  # the points beside 0 and infinity are A, -A, B, -B
POINTS = (Fraction(0), A, -A, B, -B)


def matrices() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A (6, 4), B^T (6, 6) and G (6, 3) in fractions, from the points."""
    highest = [[Fraction(0)] * k + [Fraction(1)] for k in (3, 2)]
    a = [[p ** k for k in range(4)] for p in POINTS] + [highest[0]]
    g = [[p ** k / _product(p - q for q in POINTS if q != p) for k in range(3)] for p in POINTS] + [highest[1]]
    b = [_coefficients([q for q in POINTS if q != p]) + [Fraction(0)] for p in POINTS] + [_coefficients(POINTS)]
    return np.array(a), np.array(b), np.array(g)


def _product(factors: Iterable[Fraction]) -> Fraction:
    result = Fraction(1)
    for factor in factors:
        result *= factor
    return result


def _coefficients(roots: Sequence[Fraction]) -> list[Fraction]:
    """Of the product of (x - root), lowest power first."""
    found = [Fraction(1)]
    for root in roots:
        found = [low - root * high for low, high in zip([Fraction(0), *found], [*found, Fraction(0)])]
    return found


def plain(x: np.ndarray, weight: np.ndarray, with_matrices: tuple[np.ndarray, ...] | None = None) -> np.ndarray:
    """The 3x3 convolution of `x` (n, h, w, c) with `weight` (3, 3, c, o) and a border of one zero: (n, h, w, o).

    with_matrices  others than `matrices`: their absolute values, with those of x and weight, bound what can be lost
    """
    a, b, g = (matrix.astype(x.dtype) for matrix in with_matrices or matrices())
    n, h, w, _ = x.shape
    down, across = -(-h // TILE), -(-w // TILE)
    bordered = np.pad(x, ((0, 0), (1, TILE * down - h + 1), (1, TILE * across - w + 1), (0, 0)))
    tiles = np.lib.stride_tricks.sliding_window_view(bordered, (SEEN, SEEN), (1, 2))[:, ::TILE, ::TILE]  # n t u c i j
    v = np.einsum("pi,qj,ntucij->ntucpq", b, b, tiles, optimize=True)
    m = np.einsum("ntucpq,pi,qj,ijco->ntupqo", v, g, g, weight, optimize=True)
    y = np.einsum("pi,qj,ntupqo->ntiujo", a, a, m, optimize=True)
    return y.reshape(n, TILE * down, TILE * across, -1)[:, :h, :w]


def input_line(d: Sequence[V], fma: MultiplyAdd[V]) -> list[V]:
    """B^T d in twelve steps fma(a, b, c) = a * b + c, a a Fraction; opposite points share the parts of even and odd k.

    Used with vectors of LLVM, so this is the order of the kernel's sums; works with any numbers.
    """
    (d0, d1, d2, d3, d4, d5), both, product = d, -(A * A + B * B), A * A * B * B
    even_a, odd_a = fma(-B * B, d2, d4), fma(-B * B, d1, d3)
    even_b, odd_b = fma(-A * A, d2, d4), fma(-A * A, d1, d3)
    return [fma(product, d0, fma(both, d2, d4)), fma(A, odd_a, even_a), fma(-A, odd_a, even_a),
            fma(B, odd_b, even_b), fma(-B, odd_b, even_b), fma(product, d1, fma(both, d3, d5))]


def output_line(m: Sequence[V], fma: MultiplyAdd[V], add: Callable[[V, V], V], sub: Callable[[V, V], V],
                scale: Callable[[Fraction, V], V]) -> list[V]:
    """A^T m in twelve steps, as `input_line`; scale(a, b) = a * b."""
    m0, m1, m2, m3, m4, m5 = m
    even_a, odd_a, even_b, odd_b = add(m1, m2), sub(m1, m2), add(m3, m4), sub(m3, m4)
    return [add(m0, add(even_a, even_b)), fma(B, odd_b, scale(A, odd_a)), fma(B * B, even_b, scale(A * A, even_a)),
            fma(B ** 3, odd_b, fma(A ** 3, odd_a, m5))]


def spread_line(y: Sequence[V], fma: MultiplyAdd[V]) -> list[V]:
    """A y in eight steps: what four gradients of outputs say of the six products they were made from."""
    y0, y1, y2, y3 = y
    even_a, odd_a = fma(A * A, y2, y0), fma(A * A, y3, y1)
    even_b, odd_b = fma(B * B, y2, y0), fma(B * B, y3, y1)
    return [y0, fma(A, odd_a, even_a), fma(-A, odd_a, even_a), fma(B, odd_b, even_b), fma(-B, odd_b, even_b), y3]


def gather_line(m: Sequence[V], fma: MultiplyAdd[V], add: Callable[[V, V], V], sub: Callable[[V, V], V],
                scale: Callable[[Fraction, V], V]) -> list[V]:
    """G^T m in eleven steps: the gradients of three taps from those of their six values."""
    m0, m1, m2, m3, m4, m5 = m
    first, a, b = (matrices()[2][k][0] for k in (0, 1, 3))
    even_a, odd_a, even_b, odd_b = add(m1, m2), sub(m1, m2), add(m3, m4), sub(m3, m4)
    return [fma(first, m0, fma(a, even_a, scale(b, even_b))), fma(a * A, odd_a, scale(b * B, odd_b)),
            fma(a * A * A, even_a, fma(b * B * B, even_b, m5))]
