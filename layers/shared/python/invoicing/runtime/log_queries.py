"""What runbooks ask of the log: one query for each question, for CloudWatch Logs Insights.

They are kept here and not in the runbooks, so that each is tried on lines that the functions really wrote
(tests/functions/test_log_queries.py), and is typed by nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FUNCTIONS: Final = (
    "landing",
    "oauth_callback",
    "portal",
    "dispatch_syncs",
    "sync_invoices",
    "keep_tokens",
    "notify_operators",
)
_WITH_KEYS = ("portal", "sync_invoices", "keep_tokens")  # those that use the token engine
_READS_WMS = ("sync_invoices", "landing", "portal")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """`of` are the logs that it asks: functions, or `pages` for what the gateway answered."""

    about: str
    of: tuple[str, ...]
    text: str


_NEWEST = "sort @timestamp desc"

QUERIES: Final[Mapping[str, LogQuery]] = {
    "everything": LogQuery(
        about="all that was done for one integration: runs, keys, mails, people (with --of)",
        of=FUNCTIONS,
        text=f"filter ispresent(message) | fields @timestamp, message, outcome, reason, problem, notice | {_NEWEST}",
    ),
    "silent": LogQuery(
        about="integrations without a good run, since when, and why",
        of=("notify_operators",),
        text='filter message in ["integration_without_run", "integration_unreadable"] '
        f"| fields @timestamp, integration, since, problem, reason | {_NEWEST}",
    ),
    "failed-runs": LogQuery(
        about="runs that could not do their work, by reason",
        of=("sync_invoices",),
        text='filter message in ["run_failed", "invoice_failed"] '
        "| stats count(*) as times, latest(@timestamp) as last by integration, reason | sort times desc",
    ),
    "slow": LogQuery(
        about="systems of Ongoing that do not answer",
        of=("sync_invoices",),
        text='filter message = "run_finished" and problem = "wms_not_answering" '
        "| stats count(*) as times by integration | sort times desc",
    ),
    "errors": LogQuery(
        about="functions that ended with an error: defects, time-outs, what AWS refused",
        of=FUNCTIONS,
        text='filter level = "ERROR" or outcome = "our_fault" or message = "our_defect" '
        "or @message like /\\[ERROR\\]|Task timed out|Runtime\\.ExitError|Runtime exited/ "
        f"| fields @timestamp, @log, message, reason, integration, @message | {_NEWEST}",
    ),
    "defects": LogQuery(
        about="invoices and runs that a defect of ours stopped",
        of=("sync_invoices",),
        text=f'filter message = "our_defect" | fields @timestamp, integration, invoice, reason, where | {_NEWEST}',
    ),
    "unhidden": LogQuery(
        about="messages that come again only after half an hour",
        of=("sync_invoices",),
        text='filter message in ["messages_not_hidden", "messages_not_removed"] '
        f"| fields @timestamp, message, reason | {_NEWEST}",
    ),
    "pages": LogQuery(
        about="pages that broke: route, status, reference",
        of=("pages",),
        text="filter status >= 500 "
        f"| fields @timestamp, method, route, status, integrationMs, integrationError, requestId | {_NEWEST}",
    ),
    "broken-pages": LogQuery(
        about="why a page broke; the reference is the one that the page shows",
        of=("landing", "oauth_callback", "portal"),
        text='filter message in ["page_failed", "page_crashed", "page_unavailable"] '
        f"| fields @timestamp, @log, reference, message, reason, where | {_NEWEST}",
    ),
    "third-sink": LogQuery(
        about="keys that could be stored nowhere but in a line of the log",
        of=_WITH_KEYS,
        text=f'filter message = "token_third_sink" | fields @timestamp, integration, version, @message | {_NEWEST}',
    ),
    "client-refused": LogQuery(
        about="calls that Fortnox refused because of our client id and secret",
        of=_WITH_KEYS,
        text=f'filter outcome = "client_refused" | fields @timestamp, @log, integration, reason | {_NEWEST}',
    ),
    "key-faults": LogQuery(
        about="keys that could not be used, and it is our fault",
        of=_WITH_KEYS,
        text='filter outcome = "our_fault" '
        "| stats count(*) as times, latest(@timestamp) as last by integration, reason | sort times desc",
    ),
    "unsettled": LogQuery(
        about="refreshes that stay unfinished, and what is in the way",
        of=("keep_tokens",),
        text='filter message in ["token_unsettled", "token_recovery"] '
        f"| fields @timestamp, integration, seconds, outcome, reason | {_NEWEST}",
    ),
    "lost-answers": LogQuery(
        about="refreshes without a clear answer, and why",
        of=_WITH_KEYS,
        text='filter message = "token_outcome_unknown" | stats count(*) as times by reason | sort times desc',
    ),
    "healed": LogQuery(
        about="what became of keys in trouble",
        of=_WITH_KEYS,
        text='filter message like /token_healed_by/ or message in ["token_dead", "token_works_again"] '
        "| stats count(*) as times by message",
    ),
    "repeated-writes": LogQuery(
        about="writes of keys that were found done already",
        of=_WITH_KEYS,
        text='filter message = "token_write_repeated" '
        "| stats count(*) as times by write, integration, bin(5m) | sort times desc",
    ),
    "refused-keys": LogQuery(
        about="keys that Fortnox refused, with its word",
        of=_WITH_KEYS,
        text='filter message in ["token_dead", "token_refused_once", "token_mass_refusal"] '
        "| stats count(*) as times, earliest(@timestamp) as first by reason, message | sort first",
    ),
    "objective": LogQuery(
        about="of all times that somebody needs a key, how many get one, by day",
        of=("sync_invoices", "portal"),
        text='filter message = "token_access" and outcome not in ["held", "needs_human"] '
        '| fields strcontains("served_stored renewed healed", outcome) as good '
        "| stats avg(good) * 100 as percent, count(*) as calls, pct(duration_ms, 99) as slowest_ms by bin(1d)",
    ),
    "worst-keys": LogQuery(
        about="whose keys fail most often, and why",
        of=("sync_invoices", "portal"),
        text='filter message = "token_access" and outcome in ["retry_later", "our_fault", "client_refused"] '
        "| stats count(*) as times, latest(reason) as why by integration | sort times desc | limit 20",
    ),
    "lost-keys": LogQuery(
        about="keys that may have been lost by us",
        of=_WITH_KEYS,
        text='filter message in ["token_dead", "token_outcome_unknown", "token_third_sink", "token_refused"] '
        "| fields @timestamp, integration, message, reason | sort integration, @timestamp",
    ),
    "mails": LogQuery(
        about="mails that were sent, could not be sent, or bounced",
        of=("notify_operators",),
        text='filter message in ["notice_sent", "notice_failed", "notice_not_sent", "mail_bounced", "notices_watched"] '
        f"| fields @timestamp, message, integration, notice, kind, lasting, reason, late | {_NEWEST}",
    ),
    "confirmations": LogQuery(
        about="mails to confirm an address, and saved settings",
        of=("portal",),
        text='filter message in ["mail_limited", "mail_to_confirm", "settings_saved"] '
        f"| fields @timestamp, message, integration | {_NEWEST}",
    ),
    "guesses": LogQuery(
        about="sign-ins that were refused, by hashed network and user",
        of=("landing",),
        text='filter message = "sign_in_refused" '
        "| stats count(*) as tries by integration, network, user | sort tries desc",
    ),
    "networks": LogQuery(
        about="where refused requests come from: a /24, of IPv6 a /48",
        of=("landing", "portal"),
        text='filter message = "served" and status in [400, 403, 429] '
        "| stats count(*) as times by from, route | sort times desc",
    ),
    "sign-ins": LogQuery(
        about="sign-ins that worked, by hashed network and user",
        of=("landing",),
        text='filter message = "signed_in" | stats count(*) as times by integration, network, user | sort times desc',
    ),
    "disconnected": LogQuery(
        about="who disconnected",
        of=("portal",),
        text=f'filter message = "integration_disconnected" | fields @timestamp, integration | {_NEWEST}',
    ),
    "fortnox-drift": LogQuery(
        about="names in Fortnox's answers that were never seen, or are missing",
        of=("sync_invoices",),
        text='filter message = "fortnox_drift" '
        "| stats count(*) as times, earliest(@timestamp) as first by kind, thing, element, integration | sort first",
    ),
    "wms-drift": LogQuery(
        about="names and filters in Ongoing's answers that were never seen",
        of=_READS_WMS,
        text='filter message in ["wms_name_unknown", "wms_filter_useless"] '
        f"| fields @timestamp, message, integration, element, times, filter | {_NEWEST}",
    ),
    "not-understood": LogQuery(
        about="answers of Ongoing that are not understood",
        of=_READS_WMS,
        text=f'filter message = "wms_not_understood" | fields @timestamp, integration, reason | {_NEWEST}',
    ),
}
