"""Fortnox's OpenAPI file as a judge of requests and answers.

The file is not part of this project: FORTNOX_OPENAPI names it. Its defects are listed here, each with the
recorded or documented fact that shows it.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

# Name of a property, and why its schema is not to be believed in answers.
DEFECTS = {
    "ContractReference": "int32 in the file; recorded as the text '0' in 2024",
    "CurrencyRate": "number in the file; recorded as a text in lists",
    "QuantityInStock": "number in the file; recorded as a text in lists",
    "PaymentWay": "enum in the file; recorded as an empty text",
    "ConstructionAccount": "at least 1000 in the file; recorded as 0",
    "SalesAccount": "a text in the file; recorded as a number in the answer to a POST",
    "AccountNumber": "at least 1000 in the file; 0 stands for no account on text rows",
}


class Specification:
    """The OpenAPI file. Complaints are texts; an empty list means that all is well."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text())
        self._paths: dict[str, Any] = document["paths"]
        self._components: dict[str, Any] = document["components"]
        self._closed_components = _closed(self._components)

    def request_complaints(self, method: str, path: str, value: Any) -> list[str]:
        """What is wrong with a request body; also names that Fortnox does not know (it refuses them)."""
        operation = self._operation(method, path)
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return [] if value is None else [f"{method} {path} takes no body"]
        (media,) = content.values()
        complaints = self._complaints(media["schema"], value, self._closed_components, defects={})
        # A PUT changes what it names (recorded), though its schema requires the same as a POST.
        return [text for text in complaints if method != "PUT" or "is a required property" not in text]

    def answer_complaints(self, method: str, path: str, status: int, value: Any) -> list[str]:
        """What is wrong with an answer's body. Nulls count as absent: the file cannot express them."""
        responses = self._operation(method, path)["responses"]
        response = responses.get(str(status), responses.get("default"))
        content = response.get("content", {})
        if not content:
            return [] if value is None else [f"{method} {path} answers {status} without a body"]
        schema = content["application/json"]["schema"]
        return self._complaints(schema, _without_nulls(value), self._components, defects=DEFECTS)

    def outside(self, calls: Iterable[Mapping[str, Any]]) -> list[str]:
        """Complaints about all REST requests in a simulator's log of calls (its JSON form)."""
        return [
            f"{call['method']} {call['path']}: {complaint}"
            for call in calls
            if call["path"].startswith("/3/")
            for complaint in self.request_complaints(call["method"], call["path"], call["body"])
        ]

    def property_names(self, schema: str) -> set[str]:
        """The names of the properties of a named schema."""
        return set(self._components["schemas"][schema]["properties"])

    def enumeration(self, schema: str, name: str) -> frozenset[str] | None:
        """The words that a property may hold; None if the file lists none."""
        words = self._components["schemas"][schema]["properties"][name].get("enum")
        return None if words is None else frozenset(words)

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        for template, item in self._paths.items():
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if method.lower() in item and re.fullmatch(pattern, path.rstrip("/")):
                return dict(item[method.lower()])
        raise LookupError(f"the specification has no {method} {path}")

    @staticmethod
    def _complaints(
        schema: dict[str, Any], value: Any, components: dict[str, Any], *, defects: Mapping[str, str]
    ) -> list[str]:
        validator = Draft202012Validator({**schema, "components": components})
        return [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in validator.iter_errors(value)
            if not (error.absolute_path and error.absolute_path[-1] in defects)
            and error.instance != "API_BLANK"  # the documented way to clear a field of any type
        ]


def specification() -> Specification:
    """The specification; the test is skipped when FORTNOX_OPENAPI names no file."""
    path = os.environ.get("FORTNOX_OPENAPI")
    if not path:
        pytest.skip("FORTNOX_OPENAPI names no file")
    return Specification(Path(path))


def _closed(components: dict[str, Any]) -> dict[str, Any]:
    closed = copy.deepcopy(components)
    for schema in closed["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return closed


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value
