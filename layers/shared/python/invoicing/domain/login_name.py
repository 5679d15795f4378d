"""Who tries to sign in: names and networks that are the same although they are written differently."""

from ipaddress import IPv6Address, ip_address, ip_network
from unicodedata import category, normalize


def fold_user(name: str) -> str:
    """What two ways of writing one user name have in common: width, case, and letters that nobody sees."""
    seen = "".join(letter for letter in normalize("NFKC", name) if category(letter) != "Cf")
    return normalize("NFKC", seen.casefold()).strip()


def network_of(address: str) -> str:
    """Whom an address belongs to: of IPv6 everybody has at least a /64, and may write any of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))


def named_network(address: str) -> str:
    """What a log may say of where somebody comes from: a /24, or a /48 of IPv6; nothing of what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    seen = mapped or parsed
    return str(ip_network((seen, 48 if isinstance(seen, IPv6Address) else 24), strict=False))
