"""Errors, named by the reaction they ask for.

    InvoicingError
    ├── RetryLaterError             nothing to fix by hand; the next run tries again
    │   ├── NotSentError            nothing left this machine
    │   ├── RateLimitedError        refused, because there were too many calls
    │   ├── AccessRefusedError      the access token was refused; the call was not carried out
    │   ├── UnknownOutcomeError     a write may or may not have happened: look before trying again
    │   ├── OutOfTimeError          the rest is for the next run
    │   └── WriteBackFailedError    Fortnox has the invoice; Ongoing did not take its number and mark
    ├── ReconnectRequiredError      the keys to Fortnox are dead; an administrator must approve again
    ├── HeldError                   a person must fix something; carries the issue that says what
    │   ├── InvoiceHeldError        stops one invoice
    │   └── IntegrationHeldError    stops the whole integration
    ├── WmsLoginRefusedError        the WMS knows no such system, user or password
    ├── UpstreamContractError       an answer that we do not understand: our bug, or a changed API
    │   └── WmsNotUnderstoodError   the WMS's answer; whoever runs this service mends it
    ├── SpecificationError          charges that do not come to their invoice: nothing is shown or attached
    ├── ConfigurationError          this installation is set up wrongly
    ├── UnreadableTokensError       a token answer without what it must have: as if there were none
    ├── ChangedMeanwhileError       somebody else was faster: read again, then decide again
    ├── CannotOpenError             sealed elsewhere, or damaged: as if it were not there
    ├── GrantRefusedError           the token endpoint says no to one key: the next one is tried
    ├── ClientRefusedError          the token endpoint says no to our client: touches no tenant, stops all
    └── AlreadyExistsError          Fortnox has it already: as good as created

Adapters refine some of them. What a use case answers a person with (a refused sign-in, consent or form) stands with
that use case and asks for no reaction.

Messages are for the log. They never carry a body, a query string, a token or a password.
"""

from collections.abc import Iterable

from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_knowledge import Misunderstanding


class InvoicingError(Exception):
    """Root of all errors that ask for a reaction."""


class RetryLaterError(InvoicingError):
    """The other side did not do what we asked, and trying again later is safe."""


class NotSentError(RetryLaterError):
    """The request never left this machine (name, connection or TLS handshake failed)."""


class RateLimitedError(RetryLaterError):
    """The other side refused the call because there were too many."""


class AccessRefusedError(RetryLaterError):
    """The access token was refused and the call not carried out. Whether the keys are dead is found out elsewhere."""


class UnknownOutcomeError(RetryLaterError):
    """The request may have been carried out; the answer is missing or unreadable."""


class ReconnectRequiredError(InvoicingError):
    """Fortnox accepts none of our keys, definitively."""


class HeldError(InvoicingError):
    """Something that a person must fix."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.code)
        self.issue = issue


class InvoiceHeldError(HeldError):
    """One invoice cannot be sent until its issue is fixed."""


def invoice_held(code: IssueCode, **params: str) -> InvoiceHeldError:
    """The error that holds an invoice, with what its issue says."""
    return InvoiceHeldError(Issue(code=code, params=params))


class IntegrationHeldError(HeldError):
    """No invoice of the integration can be sent until the issue is fixed."""


class WmsLoginRefusedError(InvoicingError):
    """The WMS refused system, user or password; which of them is not told apart on purpose."""


class UpstreamContractError(InvoicingError):
    """An answer outside everything that is documented or was ever seen."""


class WmsNotUnderstoodError(UpstreamContractError):
    """The WMS answered as no model says: its interface has changed, or was never seen like this.

    `unknown` are names that it used, `missing` those that it should have used: of elements, never what they hold.
    """

    def __init__(
        self, message: str, *, kind: Misunderstanding, unknown: Iterable[str] = (), missing: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.unknown = tuple(unknown)
        self.missing = tuple(missing)


class UnreadableTokensError(InvoicingError):
    """A token answer without what it must have. The message never carries the answer."""


class ConfigurationError(InvoicingError):
    """A setting of this installation is missing or wrong; only the service operator can fix it."""
