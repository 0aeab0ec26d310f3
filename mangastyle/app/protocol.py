"""The numbers of the protocol between page and server: its version, its sizes, its limits."""

from __future__ import annotations

from mangastyle.io import images

VERSION = 1
PREFIX = "/api/v1"
PORT = 8745

PREVIEW, FULL = "preview", "full"
SIZES = (PREVIEW, FULL)
PREVIEW_SIDE = 512  # short side, in pixels, of a preview

MOST_PICTURE = 64 * 2**20  # bytes of a body
MOST_JSON = 8 * 2**20
MOST_PROJECT = 256 * 2**20
MOST_PIXELS = images.MAX_PIXELS
MOST_DEPTH = 32  # lists and objects of JSON inside one another
BODY_SECONDS = 120.0  # in which a body must arrive
PREVIEWS_A_SECOND = 30  # of a session
STREAMS = 16  # event streams of a session
KINDS = ("shade", "style", "export", "folder", "suggest")  # of jobs that a session can cancel
