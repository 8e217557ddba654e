"""A film in pieces, on several processes or machines; the frames are those of one run, to the bit.

pieces.py    which runs of frames are restored together
stored.py    a restored piece as values in a file, of what is no video
worker.py    what a worker does: one piece, from the clip to the file
crew.py      the workers: processes of this machine, or of a dask scheduler
cluster.py   pieces as tasks of dask.distributed, in film order; their frames, in order
run.py       `restore` through workers
"""
