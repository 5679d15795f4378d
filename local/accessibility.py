"""Whether everybody can use a page: axe-core's rules for WCAG 2.1 A and AA, and no scrolling sideways."""

from functools import cache

from playwright.sync_api import Page

from local import bootstrap

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
COLOURS = ("color-contrast", "link-in-text-block")
"""The only rules whose answer depends on the colour scheme."""


class NoAxeError(Exception):
    """axe-core was not fetched."""


@cache
def _axe() -> str:
    if not bootstrap.AXE_SCRIPT.exists():
        raise NoAxeError(f"{bootstrap.AXE} is missing: run `make ready` once with network and npm")
    return bootstrap.AXE_SCRIPT.read_text()


def violations(page: Page, *, only_colours: bool = False) -> list[str]:
    """Each rule that the page breaks, with the element and the reason. Raises NoAxeError.

    axe is put in through the browser's devtools, in a world of its own: the page keeps its strict policy for
    scripts, and its own scripts see nothing of it.
    """
    devtools = page.context.new_cdp_session(page)
    frame = devtools.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = devtools.send("Page.createIsolatedWorld", {"frameId": frame})["executionContextId"]
    rules = {"type": "rule", "values": COLOURS} if only_colours else {"type": "tag", "values": WCAG}
    devtools.send("Runtime.evaluate", {"contextId": world, "expression": f"{_axe()}; undefined"})
    answer = devtools.send(
        "Runtime.callFunctionOn",
        {
            "executionContextId": world,
            "functionDeclaration": "rules => axe.run({runOnly: rules, resultTypes: ['violations']})",
            "arguments": [{"value": rules}],
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    devtools.detach()
    return [
        f"{violation['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for violation in answer["result"]["value"]["violations"]
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether something of the page is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
