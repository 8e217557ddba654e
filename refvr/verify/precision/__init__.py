"""Ports that compute in fewer digits: which ones (detect.py), and what rounding is theirs (arithmetic.py)."""
