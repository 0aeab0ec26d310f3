"""`python -m mangastyle` is the same as the command `mangastyle`."""

import sys

from mangastyle.cli.main import main

sys.exit(main())
