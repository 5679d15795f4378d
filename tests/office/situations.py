"""The situations that an office can be in, as both simulators make them: for tests, and for pictures."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from invoicing.application.change_integration import pause
from invoicing.domain.standing import Situation, Tone

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import USERNAME, WAREHOUSE
from local.ongoing.warehouse import User
from tests.office.day import MORE, Day


def troubled() -> Day:
    """The demo's month: six sent, six held, one that still grows."""
    day = Day()
    day.later()
    return day


def followed() -> Day:
    """Six sent, some weeks ago, and what people in Fortnox did with them since."""
    day = Day()
    day.fill_in(follow_payments="on")
    fortnox = day.world.fortnox
    fortnox.change_options({"payment_moves_last_modified": True})
    day.later()
    day.later(minutes=61)
    for number in ("1", "2", "3", "880012"):
        fortnox.person_acts(TENANT_ID, number, "bookkeep")
    fortnox.person_pays(TENANT_ID, "1")
    fortnox.person_pays(TENANT_ID, "2", Decimal(100))
    fortnox.change_entry(TENANT_ID, "invoices", "2", {"DueDate": "2026-02-27"})
    fortnox.person_acts(TENANT_ID, "3", "credit")
    row = {"ArticleNumber": "100", "DeliveredQuantity": "1", "Price": 80, "AccountNumber": 3041}
    fortnox.person_changes_invoice(TENANT_ID, "4", {"InvoiceRows": [row]})
    fortnox.person_acts(TENANT_ID, "5", "cancel")
    day.later(minutes=61)
    return day


def about_to_be_sent() -> Day:
    """Six sent to Fortnox, which wait for their hour to go to the customers by e-mail."""
    day = Day()
    day.fill_in(send_invoices="email")
    for number in day.world.fortnox.state()["companies"][TENANT_ID]["customers"]:
        day.world.fortnox.change_entry(TENANT_ID, "customers", number, {"EmailInvoice": f"{number}@kund.example"})
    day.later()
    return day


def ongoing_down() -> Day:
    """Ongoing cuts every call off."""
    day = troubled()
    day.world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=None))
    day.later()
    return day


def password_refused() -> Day:
    """Somebody changed the password in Ongoing, which ends that user's sign-ins; a colleague is in as another one."""
    day = troubled()
    warehouse = day.world.ongoing.warehouse(WAREHOUSE)
    colleague = User(username="lisa", password="blå-truck-3")
    day.world.ongoing.put_warehouse(replace(warehouse, users=(*warehouse.users, colleague)))
    day.office.log_in(username="lisa", password="blå-truck-3")
    users = (User(username=USERNAME, password="another"), colleague)
    day.world.ongoing.put_warehouse(replace(warehouse, users=users))
    day.later()
    return day


def password_mended() -> Day:
    """The new password is known here, and no run has come since. Nothing else is wrong."""
    day = many_sent()
    warehouse = day.world.ongoing.warehouse(WAREHOUSE)
    day.world.ongoing.put_warehouse(replace(warehouse, users=(User(username=USERNAME, password="another"),)))
    day.later()
    day.world.later(minutes=1)
    day.office.log_in(password="another")
    return day


def licence_gone() -> Day:
    """With sixty new invoices that wait for it."""
    day = troubled()
    day.add(60)
    day.world.fortnox.change_company(TENANT_ID, {"licences": []})
    day.later()
    return day


def approval_ended() -> Day:
    """The company withdrew its approval, with three new invoices."""
    day = troubled()
    day.add(3)
    day.break_keys()
    return day


def paused() -> Day:
    """By a colleague."""
    day = troubled()
    pause(day.world.change_tools(), day.integration, paused=True, by="anna")
    day.later()
    return day


def sixty_wait() -> Day:
    """Whose period has not ended."""
    day = Day()
    day.only()
    day.add(60, like=seed.STILL_GROWING)
    day.later()
    return day


def many_sent() -> Day:
    """Three hundred on one goods owner."""
    day = Day()
    day.only()
    day.add(300)
    day.later()
    return day


def fifty_held() -> Day:
    """Eight causes: seven accounts that are none, each on some invoices, and a customer that there is not."""
    day = Day()
    day.only()
    junk = next(one for one in seed.default_warehouse(day.world.today).invoices if one.id == seed.JUNK_ACCOUNT)
    for account in range(1, 8):
        charges = (replace(junk.charges[0], account=str(account)),)
        day.add(6, like=seed.JUNK_ACCOUNT, first=MORE + 10 * account, charges=charges)
    day.add(8, like=seed.UNKNOWN_CUSTOMER)
    day.later()
    return day


def just_created() -> Day:
    """Before the first run."""
    return Day()


def first_month() -> Day:
    """Created with the date that is proposed, on a day on which all of the month before is older than that."""
    day = Day(created=False)
    day.fill_in()
    return day


def to_try() -> Day:
    """Created, and waits until somebody has tried it."""
    day = Day(created=False)
    day.fill_in(start="to_try", from_date="2026-01-01")
    day.world.later(hours=2)
    return day


SITUATIONS: dict[str, tuple[Callable[[], Day], Situation, Tone]] = {
    "Ongoing down": (ongoing_down, Situation.NOT_ANSWERING, Tone.BAD),
    "password refused": (password_refused, Situation.STOPPED, Tone.BAD),
    "password mended": (password_mended, Situation.WORKS_AGAIN, Tone.CALM),
    "licence gone": (licence_gone, Situation.STOPPED, Tone.BAD),
    "approval ended": (approval_ended, Situation.APPROVAL_ENDED, Tone.BAD),
    "paused": (paused, Situation.PAUSED, Tone.WARN),
    "60 waiting": (sixty_wait, Situation.ALL_SENT, Tone.GOOD),
    "300 sent": (many_sent, Situation.ALL_SENT, Tone.GOOD),
    "50 held of 8 causes": (fifty_held, Situation.HELD, Tone.WARN),
    "just created": (just_created, Situation.NOT_BEGUN, Tone.CALM),
    "first month": (first_month, Situation.NOT_BEGUN, Tone.CALM),
    "to be tried": (to_try, Situation.TO_TRY, Tone.WARN),
    "a month with troubles": (troubled, Situation.HELD, Tone.WARN),
}
