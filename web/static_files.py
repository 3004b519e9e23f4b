"""What the browser may load: this table, by exact name, and nothing else of node_modules or of the tree.

Each file is read once, named by what it holds (so that it is kept for ever) and compressed once in memory.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_OURS = Path(__file__).parent / "static"
_NODE = Path(__file__).parents[1] / "node_modules"
_DESIGN = "@digdir/designsystemet-css/dist/src"

# The parts of the design system that our pages use: the whole of it weighs twice as much.
_DESIGN_PARTS = (
    "base", "skip-link", "heading", "paragraph", "link", "button", "label", "field", "fieldset", "input",
    "validation-message", "error-summary", "card", "tag", "badge", "details", "table", "list", "divider", "pagination",
    "breadcrumbs", "alert",
)  # fmt: skip

# Served name -> the files that it is made of, joined into one answer. A file that names another one, as
# "/static/name", stands after it: it is served with that one's hashed address.
TABLE: Mapping[str, tuple[Path, ...]] = {
    "figtree.woff2": (_NODE / "@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2",),
    "icons.svg": (_OURS / "icons.svg",),
    "favicon.svg": (_OURS / "favicon.svg",),
    "htmx.js": (_NODE / "htmx.org/dist/htmx.min.js",),
    "portal.js": (_OURS / "portal.js",),
    "point.js": (_OURS / "point.js",),
    "signature.js": (_OURS / "signature.js",),
    "socket.js": (_OURS / "socket.js",),
    "parts.js": (_OURS / "parts.js",),
    "follow.js": (_OURS / "follow.js",),
    "rows.js": (_OURS / "rows.js",),
    "queue.js": (_OURS / "queue.js",),
    "dossier.js": (_OURS / "dossier.js",),
    "portal.css": (
        _OURS / "layers.css",
        _NODE / "@digdir/designsystemet-css/dist/theme/designsystemet.css",
        *(_NODE / _DESIGN / f"{part}.css" for part in _DESIGN_PARTS),
        _OURS / "theme.css",
        _OURS / "page.css",
        _OURS / "portal.css",
    ),
    "desk.css": (_OURS / "desk.css",),
    "studio.css": (_OURS / "studio.css",),
    "studio.js": (_OURS / "studio.js",),
}
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"
# Layers keep their order wherever the parts name them; a part without one would win over all.
_LAYERED = dict.fromkeys(_DESIGN_PARTS, "ds.components") | {"base": "ds.base"}


@dataclass(frozen=True, slots=True)
class Served:
    """One file, as it leaves."""

    name: str
    body: bytes
    compressed: bytes | None  # gzip; None where it gains nothing (fonts)
    media_type: str
    tag: str  # the first 12 hexadecimal digits of its SHA-256

    @property
    def weight(self) -> int:
        """Bytes over the network to a browser of today."""
        return len(self.compressed or self.body)


@cache
def served() -> Mapping[str, Served]:
    """Every file of the table. Raises FileNotFoundError where `npm ci` was not done."""
    files: dict[str, Served] = {}
    for name, parts in TABLE.items():
        body = b"\n".join(_read(part) for part in parts)
        for other in files.values():
            body = body.replace(f'"/static/{other.name}"'.encode(), f'"{_path(other)}"'.encode())
        files[name] = _prepare(name, body)
    return files


def path_of(name: str) -> str:
    """The address of a file of the table, with its hash. KeyError for any other."""
    return _path(served()[name])


def _path(file: Served) -> str:
    return f"/static/{file.tag}/{file.name}"


def _read(path: Path) -> bytes:
    text = path.read_bytes()
    if layer := _LAYERED.get(path.stem) if path.parent.name == "src" else None:
        return b"@layer " + layer.encode() + b"{" + text + b"}"
    return text


def _prepare(name: str, body: bytes) -> Served:
    suffix = Path(name).suffix
    compressed = None if suffix == ".woff2" else gzip.compress(body, 9, mtime=0)
    return Served(name, body, compressed, _TYPES[suffix], hashlib.sha256(body).hexdigest()[:12])


async def _serve(request: Request) -> Response:
    file = served().get(request.path_params["name"])
    if file is None:
        return Response(status_code=404)
    headers = {"ETag": f'"{file.tag}"', "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    # An address with the wrong hash comes from a page of another release: it gets today's file, not kept.
    headers["Cache-Control"] = _FOR_EVER if request.path_params["tag"] == file.tag else "no-cache"
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if file.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.body, headers=headers, media_type=file.media_type)


async def _favicon(request: Request) -> Response:
    return Response(
        served()["favicon.svg"].body, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"}
    )


routes = [Route("/static/{tag}/{name}", _serve), Route("/favicon.ico", _favicon)]
