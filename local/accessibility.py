"""Whether everybody can use a page: axe-core's rules for WCAG 2.1 A and AA, and no scrolling sideways."""

from functools import cache
from types import TracebackType
from typing import Self

from playwright.sync_api import Page

from local import bootstrap

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
COLOURS = ("color-contrast", "link-in-text-block")
"""The only rules whose answer depends on the colour scheme."""


class NoAxeError(Exception):
    """axe-core was not fetched."""


class Inspector:
    """axe-core beside one loaded page; for as long as no other page is loaded.

    It is put in through the browser's devtools, in a world of its own: the page keeps its strict policy for
    scripts, and its own scripts see nothing of it.
    """

    def __init__(self, page: Page) -> None:
        """Raises NoAxeError."""
        self._page = page
        self._devtools = page.context.new_cdp_session(page)
        frame = self._devtools.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = self._devtools.send("Page.createIsolatedWorld", {"frameId": frame})
        self._world: int = world["executionContextId"]
        self._devtools.send("Runtime.evaluate", {"contextId": self._world, "expression": f"{_axe()}; undefined"})

    def violations(self, *, only_colours: bool = False) -> list[str]:
        """Each rule that the page breaks as it is shown now, with the element and the reason."""
        rules = {"type": "rule", "values": COLOURS} if only_colours else {"type": "tag", "values": WCAG}
        answer = self._devtools.send(
            "Runtime.callFunctionOn",
            {
                "executionContextId": self._world,
                "functionDeclaration": "rules => axe.run({runOnly: rules, resultTypes: ['violations']})",
                "arguments": [{"value": rules}],
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        return [
            f"{violation['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for violation in answer["result"]["value"]["violations"]
            for node in violation["nodes"]
        ]

    def scrolls_sideways(self) -> bool:
        """Whether something of the page is wider than the window."""
        return bool(self._page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._devtools.detach()


@cache
def _axe() -> str:
    if not bootstrap.AXE_SCRIPT.exists():
        raise NoAxeError(f"{bootstrap.AXE_SCRIPT} is missing: run `make ready` once with network")
    return bootstrap.AXE_SCRIPT.read_text()
