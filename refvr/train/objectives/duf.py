"""DUF: the middle frame of a window that is blurred and thinned out as its authors do."""
from functools import partial

from refvr.degrade import duf
from refvr.train.objective import Objective
from refvr.train.objectives.enlarging import enlarged, smaller, window_needs

DUF = Objective("sr", window_needs, partial(smaller, duf.downsample), enlarged)
