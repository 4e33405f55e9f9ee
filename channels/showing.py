"""How a browser is to treat a stored file, whoever serves it. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

from channels.events import File

UNKNOWN = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"}
"""What a browser may show in place: pictures that cannot hold a script."""


def headers(file: File) -> dict[str, str]:
    """What it is and whether it may be shown in place; all else is only ever downloaded."""
    kind = file.media_type if MEDIA_TYPE.fullmatch(file.media_type) else UNKNOWN
    place = "inline" if kind in _SHOWN else "attachment"
    return {
        "Content-Type": kind,
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(file.name, safe='')}",
        # Nobody writes a file twice, so who has it need not ask again.
        "Cache-Control": "private, max-age=31536000, immutable",
    }
