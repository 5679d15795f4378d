"""A PDF as pictures, as Chrome draws it."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pypdfium2

_SCALE = 1.4  # of 72 dots an inch: text can be read


def pdf_pictures(content: bytes) -> Iterator[bytes]:
    """Each page as a PNG. Raises pypdfium2.PdfiumError for what is no PDF."""
    document: Any = pypdfium2.PdfDocument(content)
    for page in document:
        drawn = page.render(scale=_SCALE, rev_byteorder=True)
        yield _png(drawn.width, drawn.height, bytes(drawn.buffer), drawn.stride)


def _png(width: int, height: int, rgb: bytes, stride: int) -> bytes:
    rows = b"".join(b"\0" + rgb[row * stride : row * stride + 3 * width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # eight bits of red, green and blue
    parts = (_part(b"IHDR", header), _part(b"IDAT", zlib.compress(rows)), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
