"""The files that pages load: style sheets, two small scripts, one icon. All from this service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

_DIRECTORY = Path(__file__).parent / "assets"
_CONTENT_TYPES: Mapping[str, str] = {
    "style.css": "text/css; charset=utf-8",
    "month.css": "text/css; charset=utf-8",
    "help.css": "text/css; charset=utf-8",
    "progress.js": "text/javascript; charset=utf-8",
    "copy.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file. `version` changes with its content, so that it may be cached for ever under that version."""

    content: bytes = field(repr=False)
    content_type: str
    version: str


@cache
def _read(name: str) -> Asset:
    content = (_DIRECTORY / name).read_bytes()
    return Asset(content=content, content_type=_CONTENT_TYPES[name], version=sha256(content).hexdigest()[:12])


def find_asset(name: str) -> Asset | None:
    """The file of that name, or None. Only known names are looked up, so a path cannot lead elsewhere."""
    return _read(name) if name in _CONTENT_TYPES else None


def asset_path(name: str) -> str:
    """The path of a known file below the base path, with its version."""
    return f"/assets/{name}?v={_read(name).version}"
