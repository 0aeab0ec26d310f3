"""`python -m mangastyle.figures`."""

import sys

from mangastyle.cli import main

sys.exit(main(["figures", *sys.argv[1:]]))
