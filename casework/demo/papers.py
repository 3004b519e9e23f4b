"""The files that demo people attach: one page that says so, in each media type that forms accept (PURE)."""

import struct
import zlib
from collections.abc import Mapping, Sequence

_TEXT = b"Document de demonstration"


def _pdf() -> bytes:
    """The least PDF with one line on an A4 page (ISO 32000-1, annex H.2)."""
    content = b"BT /F1 24 Tf 72 720 Td (" + _TEXT + b") Tj ET"
    fonts = b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %s >>" % fonts,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    )
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(written)
    return written + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer


def _png() -> bytes:
    """A square of 64 pixels, one colour (PNG, third edition, 5)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\0" + bytes((0x1F, 0x6F, 0x78)) * 64) * 64)
    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


PAPERS: Mapping[str, tuple[str, bytes]] = {
    "application/pdf": ("justificatif.pdf", _pdf()),
    "image/png": ("photo.png", _png()),
}


def fitting(types: Sequence[str]) -> str | None:
    """The media type of ours that a field accepts."""
    return next((each for each in PAPERS if each in types), None)
