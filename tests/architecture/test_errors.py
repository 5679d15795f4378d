"""The tree of errors that domain/errors.py draws is the one that there is."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

from invoicing import application, domain
from invoicing.domain import errors
from invoicing.domain.errors import InvoicingError

_LINE = re.compile(r"^ {4}(?P<branches>[│├└─ ]*)(?P<name>\w+Error)\b")


def drawn() -> dict[str, str]:
    """Each error of the docstring with the one that it hangs on."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := _LINE.match(line):
            depth = len(match["branches"]) // 4
            above[depth:] = [match["name"]]
            found[match["name"]] = above[depth - 1] if depth else ""
    return found


def raised() -> Iterator[type[InvoicingError]]:
    """Every error of domain and application that is part of the tree."""
    for package in (domain, application):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(kind, InvoicingError) and kind.__module__ == module.name:
                    yield kind


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    """A reader who decides what to catch reads the drawing."""
    expected = {kind.__name__: kind.__bases__[0].__name__ for kind in raised() if kind is not InvoicingError}

    assert drawn() == {"InvoicingError": "", **expected}
