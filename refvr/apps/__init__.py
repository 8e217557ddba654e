"""What single verbs of the command line do, when it is neither a network's run, its training nor its verification.

demo.py      clean clip, degraded clip, restored clip, and their pictures (comparison.py)
degrade.py   a clip with noise, blur, fewer pixels
convert.py   weight files, official to ours and back; what is in one
info.py      what a file is, what refvr runs on
"""
