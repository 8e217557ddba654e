"""Ports that run here: programs whose values are taken while they compute, with no dump written."""
