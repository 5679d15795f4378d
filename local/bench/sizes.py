"""What is uploaded, and what Lambda unpacks before a start."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_SHOWN_PARTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One layer or function, in bytes."""

    name: str  # its logical id in the template
    zipped: int
    unzipped: int
    uncompiled: int  # modules without bytecode, which every cold start compiles
    parts: dict[str, int] = field(default_factory=dict)  # the largest packages of a layer, unzipped


def measure_sizes(built: Path, names: Iterable[str]) -> list[Size]:
    """Sizes of the named folders under `built`, a result of `sam build`."""
    return [_size(built / name) for name in names]


def _size(folder: Path) -> Size:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as archived:
        for path in files:
            archived.write(path, path.relative_to(folder))
    parts: dict[str, int] = {}
    for path in files:
        inside = path.relative_to(folder).parts
        if inside[0] == "python":
            parts[inside[1]] = parts.get(inside[1], 0) + path.stat().st_size
    compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py" for path in files if path.suffix == ".pyc"}
    return Size(
        name=folder.name,
        zipped=len(archive.getvalue()),
        unzipped=sum(path.stat().st_size for path in files),
        uncompiled=sum(1 for path in files if path.suffix == ".py" and path not in compiled),
        parts=dict(sorted(parts.items(), key=lambda part: -part[1])[:_SHOWN_PARTS]),
    )
