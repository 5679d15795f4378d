"""What was typed in a settings form that could not be saved.

Somebody who was signed out, or signed in again in another tab, gets back what they had typed: it goes along through
the sign-in as hidden fields, and is shown for them to save. It is never saved by itself.
"""

from collections.abc import Mapping

from invoicing.domain.integration_settings import FIELDS

LONGEST = 500  # characters of one field that are shown again; every field that may be saved is shorter
_SEEN = "version"  # the hidden field with the fingerprint of the settings that the form was filled from
_OF = "integration"
_CARRIED = "carried."


def seen_in(form: Mapping[str, str]) -> str:
    """The fingerprint of the settings that a form was filled from."""
    return form.get(_SEEN, "")


def carried_from(integration_id: str, form: Mapping[str, str]) -> dict[str, str]:
    """What a sign-in form takes along of a settings form."""
    return {_OF: integration_id, **{name: form[name][:LONGEST] for name in (*FIELDS, _SEEN) if name in form}}


def carried_in(form: Mapping[str, str]) -> dict[str, str]:
    """What a sign-in form took along; empty if nothing."""
    integration_id = form.get(f"{_CARRIED}{_OF}", "")[:LONGEST]
    typed = {name.removeprefix(_CARRIED): value for name, value in form.items() if name.startswith(_CARRIED)}
    return carried_from(integration_id, typed) if integration_id else {}


def is_carried_for(integration_id: str, carried: Mapping[str, str]) -> bool:
    """Whether it was typed for this integration, and not for another one."""
    return carried.get(_OF) == integration_id
