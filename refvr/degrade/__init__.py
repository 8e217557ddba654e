"""Degradations: how training and test pairs are made."""
