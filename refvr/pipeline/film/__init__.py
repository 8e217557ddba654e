"""A film in pieces: which runs of frames are restored together (pieces.py), to the bits of one run."""
