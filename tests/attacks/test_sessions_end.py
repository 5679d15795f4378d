"""Sign-ins end when they should, and what cannot be undone asks for the password once more."""

import re
from dataclasses import replace

import pytest
from invoicing.domain.integration import IntegrationStatus

from local.ongoing.seed import PASSWORD, USERNAME, WAREHOUSE
from tests.functions.deployed import Browser, Deployed, Page, event, request

WRONG = "Ongoing does not accept this password. Nothing was changed."


def another(operator: Browser) -> Browser:
    """Somebody else who is signed in to the same integration."""
    other = Browser(operator.deployed)
    assert other.login().status == 303
    assert is_in(other)
    return other


def is_in(browser: Browser) -> bool:
    """Whether the integration's pages are open to it."""
    return browser.look().status == 200


def pressed(browser: Browser, csrf: str, path: str, **fields: str) -> Page:
    """A button of a page that was opened before."""
    form = {"csrf": csrf, **fields}
    return browser.send("portal", request("portal__save_settings", path=f"/integrations/{WAREHOUSE}{path}", form=form))


def test_an_old_sign_in_does_not_touch_the_new_connection(operator: Browser) -> None:
    """Disconnecting ends every sign-in; what is connected afterwards is somebody else's."""
    old = another(operator)
    csrf, password = old.look("/pause").csrf, PASSWORD
    operator.press("/disconnect", confirm="on")
    new = Browser(operator.deployed)
    new.connect()
    page = pressed(old, csrf, "/disconnect", confirm="on", password=password)

    assert page.status == 401
    assert not is_in(old)
    assert is_in(new)
    assert operator.deployed.integration.status is IntegrationStatus.ACTIVE


def test_a_new_password_ends_all_sign_ins_but_the_one_that_brought_it(operator: Browser) -> None:
    """Whoever knew the old one may not know the new one."""
    old = another(operator)
    set_password(operator.deployed, "a new one")
    new = Browser(operator.deployed)
    new.cookies["__Host-known"] = operator.cookies["__Host-known"]
    assert new.login(password="a new one").status == 303

    assert [is_in(old), is_in(operator), is_in(new)] == [False, False, True]


def test_the_same_password_ends_nothing(operator: Browser) -> None:
    """Two people may work at the same time."""
    other = another(operator)

    assert is_in(operator)
    assert is_in(other)


def test_signing_out_everywhere_ends_all(operator: Browser) -> None:
    """Also in the browser that asked for it."""
    other = another(operator)
    page = operator.press("/sign-out-everywhere")

    assert "Everybody is signed out" in page.text
    assert not is_in(other)
    assert not is_in(operator)


def test_a_user_that_ongoing_refuses_in_a_run_is_signed_out(operator: Browser) -> None:
    """Somebody who left the company stays in no longer than a run takes."""
    deployed = operator.deployed
    deployed.clock.sleep(60)
    set_password(deployed, "a new one")
    deployed.invoke("sync_invoices", event("sync_invoices__one"))
    assert deployed.integration.login_is_refused

    assert not is_in(operator)


def test_another_user_stays_signed_in_when_a_run_is_refused(operator: Browser) -> None:
    """Who may mend it is not thrown out by it."""
    deployed = operator.deployed
    warehouse = deployed.ongoing.warehouse(WAREHOUSE)
    second = replace(warehouse.users[0], username="bo", password="another")
    deployed.ongoing.put_warehouse(replace(warehouse, users=(*warehouse.users, second)))
    other = Browser(deployed)
    assert other.login(username="bo", password="another").status == 303
    deployed.clock.sleep(60)
    set_password(deployed, "a new one", user=USERNAME)
    deployed.invoke("sync_invoices", event("sync_invoices__one"))

    assert [is_in(operator), is_in(other)] == [False, True]


@pytest.mark.parametrize("password", ["", "guess", "x" * 5000, "\x00"])
def test_what_cannot_be_undone_asks_for_the_password_again(operator: Browser, password: str) -> None:
    """Disconnecting, connecting anew and another address: a sign-in that was left open is not enough."""
    before = operator.deployed.integration
    shown = operator.look("/settings")
    pages = [
        operator.press("/disconnect", confirm="on", password=password),
        operator.press("/connect", password=password),
        operator.create(problem_address="evil@evil.example", password=password),
    ]

    assert shown.status == 200
    assert [page.status for page in pages] == [400] * 3
    assert operator.deployed.integration == before
    assert all(
        re.search(r'type="password" autocomplete="current-password" required aria-invalid', p.body) for p in pages
    )
    assert password not in "x".join(page.body for page in pages) or len(password) < 2


def test_other_settings_need_no_password(operator: Browser) -> None:
    """They can be changed back."""
    address = operator.deployed.integration.settings
    assert address is not None

    assert operator.create(problem_address=address.problem_address, default_unit="kolli", password="").status == 303


def test_guessing_in_a_sign_in_is_slowed_too(operator: Browser) -> None:
    """A sign-in that was left open is no way to find the password out."""
    pages = [operator.press("/disconnect", confirm="on", password=f"guess {n}") for n in range(20)]

    assert sum(WRONG in page.text for page in pages) < 14
    assert "There were many tries in a short time" in pages[-1].text


def set_password(deployed: Deployed, password: str, *, user: str = USERNAME) -> None:
    """Somebody changes it in Ongoing."""
    warehouse = deployed.ongoing.warehouse(WAREHOUSE)
    users = tuple(replace(one, password=password) if one.username == user else one for one in warehouse.users)
    deployed.ongoing.put_warehouse(replace(warehouse, users=users))
