"""The help, which needs no sign-in: contents with a search, and one address for each topic and each kind of issue."""

from invoicing.domain.issue import Fixer, IssueCode
from invoicing.pages.browser import Answer
from invoicing.pages.serve import Visit
from invoicing.rendering.views import HelpTopicView, HelpView, Message

_LONGEST = 100  # letters of what is looked for


def contents(visit: Visit) -> Answer:
    """GET /help"""
    from invoicing.rendering.help_texts import find_issues, find_topics

    query = visit.request.query.get("q", "").strip()[:_LONGEST]
    found = find_issues(query, visit.language)
    by_fixer = {fixer: tuple(one for one in found if one.fixer is fixer) for fixer in Fixer}
    view = HelpView(
        topics=find_topics(query, visit.language),
        issues={fixer: issues for fixer, issues in by_fixer.items() if issues},
        query=query,
    )
    return Answer(body=visit.pages.help(view, visit.language))


def topic(visit: Visit) -> Answer:
    """GET /help/{topic}"""
    from invoicing.rendering.help_texts import HELP_TEXTS, SETTINGS, meaning_of

    name = visit.params["topic"]
    code = name.replace("-", "_")
    if name in HELP_TEXTS:
        view = HelpTopicView(text=HELP_TEXTS[name])
    elif code in set(IssueCode) and "_" not in name:
        view = HelpTopicView(issue=meaning_of(IssueCode(code), visit.language))
    else:
        return visit.message(Message.NOT_FOUND, status=404, continue_path="/help")
    if name == SETTINGS:
        from invoicing.pages.settings_form import sections

        view = view._replace(sections=sections())
    return Answer(body=visit.pages.help_topic(view, visit.language))
