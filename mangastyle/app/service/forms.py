"""Bodies of requests: a picture by itself, or a form of files and settings, held in memory within limits."""

from __future__ import annotations

from typing import NamedTuple

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mangastyle.app import bodies, protocol
from mangastyle.app.refusals import Refusal
from mangastyle.errors import MangastyleError, near, shown

FORM = "multipart/form-data"
PICTURE, STYLE, HINT, REFERENCE = "picture", "style", "hint", "reference"
MOST = {PICTURE: 1, STYLE: 8, HINT: 1, REFERENCE: 8}  # files of each field
FIELDS = {"shade": (PICTURE, HINT, REFERENCE), "style": (PICTURE, STYLE), "run": (PICTURE, STYLE, HINT)}  # of files, by address
MOST_TEXTS = 256  # settings; lists have several


class Sent(NamedTuple):
    """What a request brings.

    Attributes
    ----------
    files : dict of str to list of bytes
        By field.
    texts : dict of str to list of str
        The settings, by name.
    """

    files: dict[str, list[bytes]]
    texts: dict[str, list[str]]


class InMemory(MultiPartParser):
    """A parser of forms that puts no file on the disk; the body's size is limited before."""

    spool_max_size = protocol.MOST_PICTURE


async def read(request: Request, address: str) -> Sent:
    """The body and the query of a request.

    Parameters
    ----------
    request : Request
    address : {"shade", "style", "run"}

    Returns
    -------
    Sent
        With one picture.

    Raises
    ------
    Refusal
        415 for a body that is neither a picture nor a form, 413 for one that is too large, 408 for one that comes too slowly.
    MangastyleError
        For a form that is damaged, and fields that the address does not take.
    """
    sent = Sent({}, {})
    for name, text in request.query_params.multi_items():
        sent.texts.setdefault(name, []).append(text)
    if bodies.is_picture(request):
        sent.files[PICTURE] = [await bodies.read_picture(request)]
    elif bodies.content_type(request) == FORM:
        await _read_form(request, sent)
    else:
        came = bodies.content_type(request) or "without a content type"
        raise Refusal(415, f"the body must be a picture, image/... or {bodies.UNKNOWN}, or {FORM}, not {came}")
    strokes = [text.encode() for text in sent.texts.get(HINT, ()) if is_strokes(text.encode())]
    if strokes:  # as a text they are the same as in a file
        del sent.texts[HINT]
        sent.files.setdefault(HINT, []).extend(strokes)
    _check(sent, address)
    return sent


def is_strokes(data: bytes) -> bool:
    """Whether a hint holds strokes as JSON; no picture begins like them.

    Examples
    --------
    >>> is_strokes(b' {"points": []}'), is_strokes(b"simulated"), is_strokes(b"\\x89PNG")
    (True, False, False)
    """
    return data[:64].lstrip().startswith(b"{")


async def _read_form(request: Request, sent: Sent) -> None:
    """Add what a form has; it is taken apart as it arrives."""
    arriving = bodies.parts(request, protocol.MOST_PICTURE)
    parser = InMemory(request.headers, arriving, max_files=sum(MOST.values()), max_fields=MOST_TEXTS)
    try:
        form = await bodies.in_time(parser.parse())
    except MultiPartException as error:
        raise MangastyleError(f"the form cannot be read ({error.message.rstrip('.')})") from error
    except UnicodeError as error:  # of an encoding that is none for texts
        raise MangastyleError("the form cannot be read (its texts must be UTF-8)") from error
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            sent.files.setdefault(name, []).append(await value.read())
        else:
            sent.texts.setdefault(name, []).append(value)
    await form.close()


def _check(sent: Sent, address: str) -> None:
    """`MangastyleError` for fields that are wrong, or missing."""
    fields = FIELDS[address]
    for name, files in sent.files.items():
        if name not in fields:
            raise MangastyleError(f"/{address} takes no file {shown(name)}{near(name, fields)}; it takes {', '.join(fields)}")
        if len(files) > MOST[name]:
            raise MangastyleError(f"`{name}`: {len(files)} files; the most is {MOST[name]}")
    for name in fields:
        if name in sent.texts and name != HINT:
            raise MangastyleError(f"`{name}`: must be a file, as by curl -F {name}=@FILE")
    if PICTURE not in sent.files:
        raise MangastyleError(f"`{PICTURE}`: is missing; send it as the body, or as a file of {FORM}")
    if address == STYLE and STYLE not in sent.files:
        raise MangastyleError(f"`{STYLE}`: no painting; send it as a file of {FORM}, as by curl -F picture=@FILE -F {STYLE}=@FILE")
    if HINT in sent.files and HINT in sent.texts:
        raise MangastyleError(f"`{HINT}`: is given twice, as a file and as a text")
