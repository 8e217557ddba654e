"""Compiled kernels that operations share: what computes, by rows, with no sight of shapes or tapes."""
