"""Which address of one integration leads to which page, for those who are signed in."""

from invoicing.pages import (
    connection,
    customers,
    decision,
    history,
    invoices,
    issues,
    overview,
    preview,
    reconciliation,
    rehearsal,
    specification,
)
from invoicing.pages import settings as settings_page
from invoicing.pages.serve import Routes, signed_in

_HERE = "/integrations/{id}"
ROUTES: Routes = {
    ("GET", _HERE): signed_in(overview.status),
    ("GET", f"{_HERE}/setup"): signed_in(overview.setup),
    ("POST", f"{_HERE}/setup"): signed_in(overview.confirm),
    ("GET", f"{_HERE}/settings"): signed_in(settings_page.settings_form),
    ("POST", f"{_HERE}/settings"): settings_page.SAVE,
    ("POST", f"{_HERE}/confirm-address"): signed_in(settings_page.send_confirmation),
    ("POST", f"{_HERE}/sync"): signed_in(overview.sync),
    ("GET", f"{_HERE}/pause"): signed_in(overview.pause_form),
    ("POST", f"{_HERE}/pause"): signed_in(overview.pause_now),
    ("POST", f"{_HERE}/resume"): signed_in(overview.resume),
    ("GET", f"{_HERE}/connect"): signed_in(connection.connect_form),
    ("POST", f"{_HERE}/connect"): signed_in(connection.connect_again),
    ("POST", f"{_HERE}/sign-out-everywhere"): signed_in(connection.sign_out_all),
    ("GET", f"{_HERE}/disconnect"): signed_in(connection.disconnect_form),
    ("POST", f"{_HERE}/disconnect"): signed_in(connection.disconnect_now),
    ("GET", f"{_HERE}/rehearsal"): signed_in(rehearsal.rehearsal),
    ("POST", f"{_HERE}/rehearsal"): signed_in(rehearsal.rehearse_now),
    ("GET", f"{_HERE}/customers"): signed_in(customers.customers),
    ("POST", f"{_HERE}/customers"): signed_in(customers.agree),
    ("GET", f"{_HERE}/issues"): signed_in(issues.issues),
    ("POST", f"{_HERE}/issues/retry"): signed_in(issues.retry),
    ("GET", f"{_HERE}/invoices"): signed_in(invoices.invoices),
    ("GET", f"{_HERE}/invoices/{{invoice_id}}"): signed_in(invoices.invoice),
    ("GET", f"{_HERE}/invoices/{{invoice_id}}/preview"): signed_in(preview.preview),
    ("GET", f"{_HERE}/invoices/{{invoice_id}}/specification.pdf"): signed_in(specification.pdf),
    ("GET", f"{_HERE}/invoices/{{invoice_id}}/specification.csv"): signed_in(specification.csv),
    ("POST", f"{_HERE}/invoices/{{invoice_id}}/export"): signed_in(invoices.export),
    ("POST", f"{_HERE}/invoices/{{invoice_id}}/retry"): signed_in(invoices.retry),
    ("GET", f"{_HERE}/invoices/{{invoice_id}}/decide"): signed_in(decision.decision_form),
    ("POST", f"{_HERE}/invoices/{{invoice_id}}/decide"): signed_in(decision.decide),
    ("GET", f"{_HERE}/reconciliation.csv"): signed_in(reconciliation.reconciliation),
    ("GET", f"{_HERE}/history.csv"): signed_in(history.history),
    ("POST", "/logout"): connection.sign_out,
}
