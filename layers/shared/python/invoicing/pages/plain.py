"""Answers that are no pages: the files that pages load, and health."""

from invoicing.pages.browser import Answer
from invoicing.pages.serve import Visit
from invoicing.rendering.assets import find_asset
from invoicing.rendering.views import Message


def asset(visit: Visit) -> Answer:
    """GET /assets/{name}"""
    found = find_asset(visit.params["name"])
    if found is None:
        return visit.message(Message.NOT_FOUND, status=404)
    return Answer(
        body=found.content.decode(),
        content_type=found.content_type,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


def health(_visit: Visit) -> Answer:
    """GET /health: that this function starts, with all its settings."""
    return Answer(body='{"status":"ok"}', content_type="application/json")
