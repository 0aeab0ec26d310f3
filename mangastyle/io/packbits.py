"""PackBits, the run-length code of Photoshop files and TIFF, for many rows at once."""

from __future__ import annotations

import numpy as np

PACKET = 128  # the most bytes that a packet holds
RUN = 3  # equal bytes from which they are worth a packet of their own


def pack_rows(rows: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Compress rows of bytes, each on its own.

    A packet is a header and data: n - 1 and n bytes as they are, or 257 - n and the byte that is repeated n times.

    Parameters
    ----------
    rows : ndarray of uint8, shape (h, w)
        At least one byte.

    Returns
    -------
    data : bytes
        The rows' packets, one row after the other.
    counts : ndarray of int64, shape (h,)
        The bytes of `data` that each row has: at most w + ceil(w / 128).

    References
    ----------
    TIFF, revision 6.0, section 9: PackBits compression.

    Examples
    --------
    >>> data, counts = pack_rows(np.array([[7, 7, 7, 7, 1], [1, 2, 3, 4, 5]], np.uint8))
    >>> list(data), counts.tolist()
    ([253, 7, 0, 1, 4, 1, 2, 3, 4, 5], [4, 6])
    """
    width = rows.shape[1]
    flat = np.ascontiguousarray(rows).ravel()  # (n,)
    same = np.empty(flat.size, bool)  # as the byte before, in its row
    np.equal(flat[1:], flat[:-1], out=same[1:])
    same[::width] = False
    repeated = same.copy()  # bytes of a run of RUN and more
    repeated[1:] &= same[:-1]
    repeated[:-1] |= repeated[1:]
    repeated[:-1] |= repeated[1:]

    edges = repeated & ~same  # where a run begins
    edges[1:] |= repeated[1:] != repeated[:-1]
    edges[::width] = True
    edges[0] = True
    edge = np.flatnonzero(edges)  # where runs, and what is between them, begin
    packets = -(-np.diff(edge, append=flat.size) // PACKET)
    within = np.arange(packets.sum()) - np.repeat(np.cumsum(packets) - packets, packets)
    starts = np.repeat(edge, packets) + PACKET * within  # of the packets, (p,)
    lengths = np.diff(starts, append=flat.size)
    runs = repeated[starts] & (lengths > 1)  # the one byte that may be left of a run is no run

    sizes = np.where(runs, 2, lengths + 1)
    headers = np.cumsum(sizes) - sizes
    kept = np.repeat(~runs, lengths)
    kept[starts] = True
    packed = np.empty(headers[-1] + sizes[-1], np.uint8)
    is_data = np.ones(packed.size, bool)
    is_data[headers] = False
    packed[headers] = np.where(runs, 257 - lengths, lengths - 1)
    packed[is_data] = flat[kept]
    return packed.tobytes(), np.add.reduceat(sizes, np.flatnonzero(starts % width == 0))
