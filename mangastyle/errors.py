"""The one exception a user ever sees: it names the file and the cure."""


class MangastyleError(Exception):
    """A mistake the user can mend. The command line prints it as one line and exits with code 2."""
