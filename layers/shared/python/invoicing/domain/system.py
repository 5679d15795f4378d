"""A system: one installation of Ongoing WMS, named by its address or by its customer id."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

# Up to 50 characters, so that our reference on an invoice fits in the 80 that Fortnox allows.
_WAREHOUSE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")
_CUSTOMER_ID = re.compile(r"[0-9]{1,10}")
_DOMAIN = ".ongoingsystems.se"
_RESERVED = frozenset({"api", "www", "wms1", "docs", "developer"})  # hosts of Ongoing that are no warehouse


class SystemProblem(StrEnum):
    """Why a text is not a system."""

    EMPTY = "empty"
    NOT_AN_ADDRESS = "not_an_address"
    FOREIGN_HOST = "foreign_host"


class NotASystemError(ValueError):
    """What the user wrote under System is neither an address nor a customer id."""

    def __init__(self, problem: SystemProblem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerId:
    """Ongoing's number for a system; the directory of the service operator knows its warehouse."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """The name in a system's address, lower case: `https://{name}.ongoingsystems.se/{name}/`."""

    name: str


def parse_system(text: str) -> CustomerId | Warehouse:
    """Reads what a user wrote under System: an address in any case, with or without scheme and path, a name, or an id.

    Of an address only the host decides, and only `{warehouse}.ongoingsystems.se` is accepted; a bare name can mean no
    other host, and digits are a customer id. The address that we call is built from the name alone. Raises
    NotASystemError.
    """
    text = text.strip()
    if not text:
        raise NotASystemError(SystemProblem.EMPTY)
    if _CUSTOMER_ID.fullmatch(text):
        return CustomerId(value=text)
    if is_warehouse_name(text.lower()):
        return Warehouse(name=text.lower())
    if len(text) > 500 or any(c.isspace() or not c.isprintable() for c in text) or "\\" in text:
        raise NotASystemError(SystemProblem.NOT_AN_ADDRESS)
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotASystemError(SystemProblem.NOT_AN_ADDRESS) from None
    if parts.scheme.lower() not in {"http", "https"} or "@" in parts.netloc or port not in {None, 80, 443}:
        raise NotASystemError(SystemProblem.NOT_AN_ADDRESS)
    if not host.isascii() or not host.endswith(_DOMAIN):
        raise NotASystemError(SystemProblem.FOREIGN_HOST if "." in host else SystemProblem.NOT_AN_ADDRESS)
    name = host.removesuffix(_DOMAIN)
    if not _WAREHOUSE.fullmatch(name) or name in _RESERVED:
        raise NotASystemError(SystemProblem.FOREIGN_HOST)
    return Warehouse(name=name)


def address_of(warehouse: str) -> str:
    """The address of a system, as its users know it."""
    return f"https://{warehouse}{_DOMAIN}/{warehouse}/"


def is_warehouse_name(name: str) -> bool:
    """Whether a text is the name of a system, and so the id of an integration."""
    return bool(_WAREHOUSE.fullmatch(name)) and name not in _RESERVED
