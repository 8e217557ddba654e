"""Conformance vectors: what every operation and small whole networks answer, to run anyone's implementation against."""
