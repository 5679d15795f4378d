"""The HTML pages a person sees: login, choice of company, permissions, and Fortnox's own error page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

_SCOPE_NAMES: Final = {
    "article": "Artiklar",
    "bookkeeping": "Bokföring",
    "companyinformation": "Företagsinformation",
    "costcenter": "Kostnadsställen",
    "currency": "Valutor",
    "customer": "Kunder",
    "invoice": "Kundfakturor",
    "settings": "Inställningar",
}


def _page(title: str, content: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="sv"><head><meta charset="utf-8">'
        f"<title>{escape(title)} – Fortnox (simulator)</title></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>\n"
    )


def _form(action: str, transaction: str, content: str) -> str:
    return (
        f'<form method="post" action="/oauth-v1/{action}">'
        f'<input type="hidden" name="transaction" value="{escape(transaction)}">{content}</form>'
    )


def login_page(transaction: str, *, message: str = "") -> str:
    """The login form, with `message` above it after a wrong password."""
    note = f'<p role="alert">{escape(message)}</p>' if message else ""
    content = (
        '<p><label for="username">Användarnamn</label>'
        '<input id="username" name="username" type="text" autocomplete="username" required></p>'
        '<p><label for="password">Lösenord</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required></p>'
        '<p><button id="login" type="submit">Logga in</button></p>'
    )
    return _page("Logga in", note + _form("login", transaction, content))


def company_page(transaction: str, companies: Iterable[tuple[str, str]]) -> str:
    """One button for each company (tenant id and name) that the person may act for."""
    buttons = "".join(
        f'<p><button id="company-{escape(tenant_id)}" type="submit" name="tenant" value="{escape(tenant_id)}">'
        f"{escape(name)}</button></p>"
        for tenant_id, name in companies
    )
    return _page("Välj företag", _form("company", transaction, buttons))


def permissions_page(transaction: str, *, client_id: str, company: str, scopes: Iterable[str], service: bool) -> str:
    """The list of asked permissions with Godkänn and Neka."""
    items = "".join(
        f'<li data-scope="{escape(scope)}">{escape(_SCOPE_NAMES.get(scope, scope))}</li>' for scope in scopes
    )
    kind = "<p>Integrationen ansluts med ett servicekonto.</p>" if service else ""
    buttons = (
        '<p><button id="approve" type="submit" name="decision" value="approve">Godkänn</button> '
        '<button id="deny" type="submit" name="decision" value="deny">Neka</button></p>'
    )
    intro = f"<p>{escape(client_id)} vill få åtkomst till {escape(company)}:</p>"
    return _page("Behörigheter", f"{intro}<ul>{items}</ul>{kind}{_form('consent', transaction, buttons)}")


def error_page(message: str) -> str:
    """The page for what Fortnox does not tell the integration: no redirect follows."""
    return _page("Ett fel har inträffat", f'<p id="error">{escape(message)}</p>')
