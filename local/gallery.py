"""Every page and mail of a walk through the product (`local/tour.py`), and every situation of an office, to look at.

python -m local.gallery                  renders into build/gallery, photographs and checks each; exits 1 on a complaint
python -m local.gallery --only status    photographs and checks only what begins so
"""

import argparse
import shutil
import sys
from pathlib import Path

from invoicing.domain.integration_settings import Language
from invoicing.rendering.assets import find_asset

from local.accessibility import Inspector
from local.browser import PHONE, WINDOW, NoBrowserError, chromium, visitor
from local.tour import toured
from tests.office.situations import SITUATIONS

GALLERY = Path(__file__).resolve().parent.parent / "build" / "gallery"


def render(folder: Path) -> list[str]:
    """Writes every page and mail in both languages; gives the names of the HTML files."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "assets").mkdir(parents=True)
    for name in ("style.css", "month.css", "help.css", "progress.js", "copy.js", "icon.svg"):
        asset = find_asset(name)
        if asset is not None:
            (folder / "assets" / name).write_bytes(asset.content)
    tour = toured()
    names: list[str] = []
    for (name, language), page in tour.pages.items():
        names.append(f"{name}.{language}.html")
        # Relative to the folder, so that the files open without a server.
        (folder / names[-1]).write_text(page.replace('="/assets/', '="assets/'), encoding="utf-8")
    for name, (makes, _, _) in SITUATIONS.items():
        day = makes()
        for language in Language:
            for kind, path in (("overview", ""), ("issues", "/issues")):
                names.append(f"{kind}-{name.replace(' ', '-').lower()}.{language}.html")
                page = day.see(path, language).body
                (folder / names[-1]).write_text(page.replace('="/assets/', '="assets/'), encoding="utf-8")
    for (name, language), mail in tour.mails.items():
        names.append(f"mail-{name}.{language}.html")
        (folder / names[-1]).write_text(mail.html, encoding="utf-8")
        text = f"Subject: {mail.subject}\n\n{mail.text}"
        (folder / f"mail-{name}.{language}.txt").write_text(text, encoding="utf-8")
    links = "\n".join(f'<li><a href="{name}">{name}</a></li>' for name in names)
    index = f'<!doctype html>\n<html lang="en"><title>Gallery</title>\n<ul>\n{links}\n</ul>\n</html>\n'
    (folder / "index.html").write_text(index, encoding="utf-8")
    return names


def photograph(folder: Path, names: list[str]) -> list[str]:
    """Pictures, wide and narrow, light and dark; gives what there is to complain of."""
    complaints: list[str] = []
    mails = [name for name in names if name.startswith("mail-")]
    pages = [name for name in names if name not in mails]
    places = (("window", WINDOW, pages), ("phone", PHONE, pages), ("mail-600", 600, mails), ("mail-320", 320, mails))
    with chromium() as browser:
        for place, width, shown in places:
            for dark in (False, True):
                shots = folder / "screenshots" / f"{place}{'-dark' if dark else ''}"
                shots.mkdir(parents=True)
                with visitor(browser, width=width, dark=dark) as page:
                    # Dark differs in colours only, so that one language shows it.
                    for name in [name for name in shown if not dark or ".sv." in name]:
                        page.goto((folder / name).as_uri())
                        page.screenshot(path=shots / f"{name.removesuffix('.html')}.png", full_page=True)
                        with Inspector(page) as inspector:
                            found = inspector.violations(only_colours=dark)
                            if inspector.scrolls_sideways():
                                found.append("wider than the window")
                        complaints += [f"{name} {shots.name}: {complaint}" for complaint in found]
        with visitor(browser, width=WINDOW) as page:
            page.emulate_media(media="print")
            for name in [
                name
                for name in pages
                if name.startswith(
                    (
                        "invoices.",
                        "month.",
                        "issues.",
                        "issues-50",
                        "overview-50",
                        "rehearsal-result",
                        "customers",
                        "hand-over",
                    )
                )
            ]:
                page.goto((folder / name).as_uri())
                page.screenshot(path=folder / "screenshots" / f"print-{name.removesuffix('.html')}.png", full_page=True)
    return complaints


def main() -> int:
    """Renders, photographs and checks. Exit code 1 when something is to be mended."""
    parser = argparse.ArgumentParser(description="Every page and mail of the product")
    parser.add_argument("--only", nargs="*", default=[""], help="photograph only those whose names begin so")
    arguments = parser.parse_args()
    names = render(GALLERY)
    print(f"{len(names)} pages and mails in {GALLERY}")
    try:
        complaints = photograph(GALLERY, [name for name in names if name.startswith(tuple(arguments.only))])
    except NoBrowserError as error:
        print(f"No pictures: {error}")
        return 0
    print("\n".join(complaints) or "Nothing to complain of")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
