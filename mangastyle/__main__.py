"""`python -m mangastyle` is the same as the command `mangastyle`."""

import sys

from mangastyle.cli import main

sys.exit(main())
