"""Who did something: the user of the WMS, and the name that was given in a browser, as several may share a user."""

LONGEST = 40  # letters of a name
_BESIDE_LETTERS = frozenset(" -'\u2019")


def clean_name(typed: str) -> str:
    """A name as it is shown to colleagues: letters and digits, and what stands between them in names.

    Nothing else: it stands in mails too, where a sign more would make an address of it.
    """
    kept = "".join(sign if sign.isalnum() or sign in _BESIDE_LETTERS else " " for sign in typed[: 4 * LONGEST])
    return " ".join(kept.split())[:LONGEST].strip()


def said_by(username: str, name: str) -> str:
    """How the history calls somebody: the user is proven, the name is only said."""
    return f"{name} ({username})" if name else username
