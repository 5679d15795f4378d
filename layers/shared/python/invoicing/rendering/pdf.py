"""Writes PDFs that are tagged for screen readers, and are the same bytes for the same content. docs/decisions/0016.

Positions are in points from the upper left corner of an A4 page. What stands on a page is either part of an element
(`Tag`) or an artifact, such as a page number, that is not read out. A page is compressed as soon as the next one
begins, so that memory holds what the file will have and one page.
"""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pydyf

from invoicing.domain.integration_settings import Language
from invoicing.rendering.pdf_letters import BOLD, REGULAR, encoded, width_of

WIDTH, HEIGHT = 595.28, 841.89  # A4
_LANGUAGES = {Language.SWEDISH: "sv-SE", Language.ENGLISH: "en-GB"}
_BAND = 0.93  # grey
_FONTS = {REGULAR: "Helvetica", BOLD: "Helvetica-Bold"}


class Tag(pydyf.Object):  # type: ignore[misc]  # pydyf has no types
    """An element of the document: a heading, a table, a cell."""

    def __init__(self, kind: str, above: "Tag | None", more: str) -> None:
        super().__init__()
        self.kind, self._above, self._more = kind, above, more
        self._inside: list[str] = []
        self._page = ""

    def holds(self, part: str, page: str = "") -> None:
        """Another element, or marked content of a page."""
        self._inside.append(part)
        self._page = page or self._page

    @property
    def reference_text(self) -> str:
        """How others name it."""
        return f"{self.number} 0 R"

    @property
    def data(self) -> bytes:
        """As it stands in the file."""
        if self._above is None:
            return f"<</Type/StructTreeRoot/K[{' '.join(self._inside)}]{self._more}>>".encode()
        page = f"/Pg {self._page}" if self._page else ""
        inside = f"/K[{' '.join(self._inside)}]" if self._inside else ""
        above = self._above.reference_text
        return f"<</Type/StructElem/S/{self.kind}/P {above}{page}{inside}{self._more}>>".encode()

    def says(self, more: str) -> None:
        """Adds attributes."""
        self._more += more


class Document:
    """A PDF under way."""

    def __init__(self, title: str, language: Language) -> None:
        self._pdf = pydyf.PDF()
        self._root = self._added(Tag("StructTreeRoot", None, ""))
        self.body = self.tag("Document", self._root)
        self._fonts = self._font_resources()
        self._pages: list[pydyf.Dictionary] = []
        self._marked: list[list[str]] = []  # for each page, the element of each piece of marked content
        self._content: list[bytes] = []
        self._pdf.info["Title"] = pydyf.String(title)
        self._pdf.catalog.update(
            {
                "Lang": pydyf.String(_LANGUAGES[language]),
                "MarkInfo": "<</Marked true>>",
                "StructTreeRoot": self._root.reference_text,
                "ViewerPreferences": "<</DisplayDocTitle true>>",
            }
        )

    def tag(self, kind: str, above: Tag | None = None, more: str = "") -> Tag:
        """A new element, the last one so far in the one above it."""
        above = above or self.body
        tag = self._added(Tag(kind, above, more))
        above.holds(tag.reference_text)
        return tag

    def begin_page(self) -> None:
        """What is drawn from now on stands on another page."""
        self._end_page()
        page = pydyf.Dictionary(
            {
                "Type": "/Page",
                "Parent": self._pdf.pages.reference,
                "MediaBox": f"[0 0 {WIDTH} {HEIGHT}]",
                "Resources": f"<</Font<<{self._fonts}>>>>",
                "StructParents": len(self._pages),
                "Tabs": "/S",
                "Contents": pydyf.Array(),
            }
        )
        self._pdf.add_page(page)
        self._pages.append(page)
        self._marked.append([])

    @contextmanager
    def within(self, tag: Tag) -> Iterator[None]:
        """What is drawn meanwhile belongs to this element."""
        marked = self._marked[-1]
        tag.holds(str(len(marked)), page=f"{self._pages[-1].number} 0 R")
        self._content.append(b"/%s <</MCID %d>> BDC" % (tag.kind.encode(), len(marked)))
        marked.append(tag.reference_text)
        yield
        self._content.append(b"EMC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """What is drawn meanwhile is not read out."""
        self._content.append(b"/Artifact BMC")
        yield
        self._content.append(b"EMC")

    def text(self, x: float, y: float, line: bytes, *, font: str = REGULAR, size: float = 9, grey: float = 0) -> None:
        """One line of encoded text that begins at x; y is its base line."""
        escaped = line.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
        self._content.append(
            b"BT %s g /%s %s Tf %s %s Td (%s) Tj ET"
            % (_number(grey), font.encode(), _number(size), _number(x), _number(HEIGHT - y), escaped)
        )

    def text_to(
        self, x: float, y: float, line: bytes, *, font: str = REGULAR, size: float = 9, grey: float = 0
    ) -> None:
        """The same, ending at x."""
        self.text(x - width_of(line, font, size), y, line, font=font, size=size, grey=grey)

    def rule(self, x: float, y: float, to: float, *, thickness: float = 0.5, grey: float = 0.6) -> None:
        """A horizontal line."""
        self._content.append(
            b"%s G %s w %s %s m %s %s l S"
            % (_number(grey), _number(thickness), _number(x), _number(HEIGHT - y), _number(to), _number(HEIGHT - y))
        )

    def band(self, x: float, y: float, to: float, height: float) -> None:
        """A filled stripe; y is its upper edge."""
        self._content.append(
            b"%s g %s %s %s %s re f"
            % (_number(_BAND), _number(x), _number(HEIGHT - y - height), _number(to - x), _number(height))
        )

    def finish(self, foot: str, number: str, *, margin: float) -> bytes:
        """The file. At the foot of each page stand `foot` and `number`, a pattern of %(page)d and %(pages)d."""
        self._end_page()
        for count, page in enumerate(self._pages, start=1):
            with self.artifact():
                self.text(margin, HEIGHT - 24, encoded(foot), size=7.5, grey=0.4)
                said = encoded(number % {"page": count, "pages": len(self._pages)})
                self.text_to(WIDTH - margin, HEIGHT - 24, said, size=7.5, grey=0.4)
            self._store(page)
        parents = pydyf.Array()
        for place, marked in enumerate(self._marked):
            of_page = pydyf.Array(marked)
            self._pdf.add_object(of_page)
            parents.extend((place, of_page.reference))
        tree = pydyf.Dictionary({"Nums": parents})
        self._pdf.add_object(tree)
        self._root.says(f"/ParentTree {tree.number} 0 R/ParentTreeNextKey {len(self._marked)}")
        written = io.BytesIO()
        self._pdf.write(written, version="1.7", compress=True)
        return written.getvalue()

    def _end_page(self) -> None:
        if self._pages and self._content:
            self._store(self._pages[-1])

    def _store(self, page: pydyf.Dictionary) -> None:
        """Compresses what was drawn and puts it on the page."""
        drawn = zlib.compress(b"\n".join(self._content), 6)
        self._content = []
        stream = pydyf.Stream([drawn], {"Filter": "/FlateDecode"})
        self._pdf.add_object(stream)
        page["Contents"].append(stream.reference)

    def _added[Thing: pydyf.Object](self, thing: Thing) -> Thing:
        self._pdf.add_object(thing)
        return thing

    def _font_resources(self) -> str:
        resources = []
        for name, font in _FONTS.items():
            values = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{font}", "Encoding": "/WinAnsiEncoding"}
            resources.append(f"/{name} {self._added(pydyf.Dictionary(values)).number} 0 R")
        return "".join(resources)


def _number(value: float) -> bytes:
    return f"{value:.2f}".rstrip("0").rstrip(".").encode()
