"""The server's refusals: a status of HTTP and one line."""

from __future__ import annotations

from typing import Any, Mapping

from starlette.responses import JSONResponse

from mangastyle.errors import MangastyleError


class Refusal(MangastyleError):
    """A request that is not served.

    Parameters
    ----------
    status : int
        Of HTTP.
    message : str
        One line.
    headers : mapping of str to str, optional
        Further headers of the answer.
    **details
        Further parts of the answer.

    Examples
    --------
    >>> raise Refusal(404, "no such session")
    Traceback (most recent call last):
    mangastyle.app.refusals.Refusal: no such session
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(message)
        self.status, self.headers, self.details = status, headers, details


def answer(status: int, message: str, headers: Mapping[str, str] | None = None, **details: Any) -> JSONResponse:
    """A refusal as it is sent: one line, whatever the message holds, such as a file's name that is no text.

    Examples
    --------
    >>> answer(404, "no such session").body
    b'{"error":"no such session"}'
    """
    line = " ".join(message.encode(errors="replace").decode().split())
    return JSONResponse({"error": line, **details}, status, headers)
