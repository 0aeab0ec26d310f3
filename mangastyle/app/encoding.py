"""Pictures as they go through HTTP: PNG without loss, written fast."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.errors import MangastyleError

FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def png(picture: np.ndarray) -> bytes:
    """A picture as PNG.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3), (h, w, 4) or (h, w)

    Returns
    -------
    bytes

    Examples
    --------
    >>> png(np.zeros((4, 5, 3), np.uint8))[1:4]
    b'PNG'
    """
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}.get(picture.shape[2] if picture.ndim == 3 else 1)
    done, data = cv2.imencode(".png", picture if order is None else cv2.cvtColor(picture, order), FAST)
    if not done:
        raise MangastyleError("the picture cannot be written as PNG")
    return data.tobytes()


def raw_labels(labels: np.ndarray) -> bytes:
    """Labels as they are sent: uint32, little-endian, row by row. Browsers may falsify what is read from pictures.

    Parameters
    ----------
    labels : ndarray of int32, shape (h, w)

    Returns
    -------
    bytes

    Examples
    --------
    >>> raw_labels(np.array([[0x010203]]))
    b'\\x03\\x02\\x01\\x00'
    """
    return labels.astype("<u4").tobytes()
