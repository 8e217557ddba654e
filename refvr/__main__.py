"""`python -m refvr` is the command line."""
import sys

from refvr.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
