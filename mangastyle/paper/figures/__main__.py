"""`python -m mangastyle.paper.figures`."""

import sys

from mangastyle.cli.main import main

sys.exit(main(["figures", *sys.argv[1:]]))
