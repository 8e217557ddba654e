"""The objectives of our networks, one file each, named in their records; enlarging.py has what several share."""
