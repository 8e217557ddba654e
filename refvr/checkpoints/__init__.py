"""Checkpoints: bytes to {name: array}, and the map from official names to ours."""
