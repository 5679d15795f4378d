"""The page Before the 1st, as it is deployed: what the last look found, and the button that looks again."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing.domain.change import ChangeKind
from invoicing.domain.integration_settings import Language

from local.fortnox.seed import TENANT_ID
from local.ongoing.options import PriceLists
from local.ongoing.seed import STILL_GROWING, UNKNOWN, USERNAME, WAREHOUSE
from tests.functions.deployed import Browser


def test_nobody_is_asked_before_somebody_presses(operator: Browser) -> None:
    """The page can be loaded as often as one likes."""
    operator.deployed.fortnox.clear_calls()
    operator.deployed.ongoing.clear_calls()
    page = operator.look("/before")

    assert page.status == 200
    assert "Nobody has looked yet" in page.text
    assert [call for call in operator.deployed.fortnox.calls() if call.path.startswith("/3/")] == []
    assert operator.deployed.ongoing.calls == ()


def test_look_now_finds_what_would_stop_invoices_and_keeps_it(operator: Browser) -> None:
    """It writes nothing in Fortnox and in Ongoing; what it found is there for whoever looks later."""
    operator.deployed.fortnox.clear_calls()
    operator.deployed.ongoing.clear_calls()
    pressed = operator.press("/before")
    page = operator.look("/before", query={"notice": "looked"})

    assert (pressed.status, pressed.location.rpartition("/")[2]) == (303, "before?notice=looked")
    assert "Looked at:" in page.text
    assert "Row Övrigt arbete has no article number" in page.text
    assert "Kaffe &amp; Kakao AB" in page.body
    assert {call.method for call in operator.deployed.fortnox.calls() if call.path.startswith("/3/")} == {"GET"}
    assert {call.operation for call in operator.deployed.ongoing.calls} == {"GetInvoicesByQuery", "GetPriceListByQuery"}


@pytest.mark.parametrize("language", Language)
def test_what_could_not_be_looked_at_is_said(operator: Browser, language: Language) -> None:
    """In both languages, without an error."""
    operator.deployed.ongoing.set_options(price_lists=PriceLists.UNKNOWN)
    operator.press("/before")
    page = operator.look("/before", query={"lang": language})
    said = {Language.ENGLISH: "Price lists: Ongoing does not", Language.SWEDISH: "Prislistor: Ongoing lämnar inte"}

    assert page.status == 200
    assert said[language] in page.text


def test_what_was_found_about_a_month_that_is_over_is_not_shown(operator: Browser) -> None:
    """By then it has come, or has not."""
    operator.press("/before")
    shown = operator.look("/before").text
    outlook = operator.deployed.exports.outlook(WAREHOUSE)
    assert outlook is not None
    operator.deployed.clock.advance(timedelta(days=(outlook.first - outlook.at.date()).days))
    operator.login()

    assert "Nobody has looked yet" not in shown
    assert "Nobody has looked yet" in operator.look("/before").text


def test_a_form_that_no_page_of_this_session_sent_looks_at_nothing(operator: Browser) -> None:
    """Calls cost, and somebody else's page must not make them."""
    page = operator.press("/before", csrf="of-another")

    assert page.status == 403
    assert operator.deployed.exports.outlook(WAREHOUSE) is None


# ---- what a button mends


def foreseen(operator: Browser) -> str:
    """Somebody whose customer was never created gathers an invoice; gives the id of what was found."""
    ongoing = operator.deployed.ongoing
    growing = ongoing.invoice(WAREHOUSE, STILL_GROWING)
    ongoing.put_invoice(WAREHOUSE, replace(growing, id=8001, goods_owner_id=UNKNOWN))
    operator.press("/before")
    found = re.search(r"/mend\?cause=(\w+)", operator.look("/before").body)
    assert found is not None
    return found[1]


FORM = {"act": "create", "name": "Nystartad E-handel HB", "currency": "SEK", "vat_type": "SEVAT"}


def test_what_would_stop_an_invoice_is_mended_from_here_and_gone_at_once(operator: Browser) -> None:
    """No invoice waits for it; nobody has to wait for the night's look, and that finds the same."""
    cause = foreseen(operator)
    form = operator.look("/mend", query={"cause": cause})
    before = operator.deployed.exports.outlook(WAREHOUSE)
    pages = [operator.press("/mend", cause=cause, **FORM) for _ in range(2)]
    after = operator.deployed.exports.outlook(WAREHOUSE)
    shown = operator.look("/before", query={"notice": "mended"})
    wishes = [one.by for one in operator.deployed.integration.changes if one.kind is ChangeKind.MENDED]
    operator.press("/before")
    again = operator.look("/before").body

    assert "It would stop the next ones." in form.text
    assert 'value="Nystartad E-handel HB"' in form.body
    assert [page.location.rpartition("/")[2] for page in pages] == ["before?notice=mended", "issues?notice=cause_gone"]
    assert wishes == [USERNAME]
    assert operator.deployed.fortnox.state()["companies"][TENANT_ID]["customers"]["9999"]["Active"] is True
    assert before is not None
    assert after is not None
    assert before.trouble_count - after.trouble_count == 1
    assert f'id="{cause}"' not in shown.body
    assert f"cause={cause}" not in again


def test_a_lost_answer_is_finished_by_the_next_click(operator: Browser) -> None:
    """It stays on the page until somebody knows."""
    cause = foreseen(operator)
    operator.deployed.fortnox.clear_calls()
    operator.deployed.fortnox.add_faults(
        [
            {"match": {"method": "POST", "path_regex": "^/3/customers"}, "effect": "after", "times": 1},
            {"match": {"method": "GET", "path_regex": "^/3/customers", "nth": 2}, "effect": "before", "times": 1},
        ]
    )
    lost = operator.press("/mend", cause=cause, **FORM)
    still = operator.look("/before").body
    again = operator.press("/mend", cause=cause, **FORM)

    assert lost.status == 503
    assert f'id="{cause}"' in still
    assert again.location.endswith("/before?notice=mended")
    assert [one.method for one in operator.deployed.fortnox.calls()].count("POST") == 1


def test_an_old_wish_is_not_finished_for_what_lacked_after_it(operator: Browser) -> None:
    """Somebody in Fortnox created it since the look: it was there already, and no mail says that it was us."""
    cause = foreseen(operator)
    operator.press("/mend", cause=cause, **FORM)
    operator.deployed.fortnox.person_deletes_customer(TENANT_ID, "9999")
    operator.deployed.clock.advance(timedelta(minutes=5))
    again = foreseen(operator)
    operator.deployed.fortnox.person_creates_customer(TENANT_ID, {"CustomerNumber": "9999", "Name": "Nystartad"})
    page = operator.press("/mend", cause=again, **FORM)

    assert cause == again
    assert page.location.endswith("/before?notice=was_mended")
