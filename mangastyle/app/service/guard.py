"""Who may use the service: whoever has the token, or, on this machine alone and without a token, whoever calls it by its own name."""

from __future__ import annotations

from starlette.datastructures import Headers

from mangastyle.app.security import Guard

HEALTH = "/health"


class ServiceGuard(Guard):
    """The studio's guard, for programs.

    With a token, the names by which the server is called do not matter: it may stand behind a proxy, and no page of another site has the
    token. Without one, which is only right on this machine, the names of host and page keep such pages out.
    """

    def refusal(self, path: str, headers: Headers) -> tuple[int, str] | None:
        if not self.token:
            return self.stranger(headers)
        if path != HEALTH and not self.has_token(headers.getlist("authorization")):
            return 401, "the token is missing or wrong; send it as the header Authorization: Bearer TOKEN"
        return None
