"""Gives answers the shape that the options say."""

import gzip
import re
from dataclasses import replace
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring

from local.http import Reply
from local.ongoing.options import EmptyList, Encoding, Lists, Shape, Success
from local.ongoing.soap import XSI, element, nil_element, text_element

_TAG = re.compile(r"(</?)([A-Za-z]+)")


def listed(shape: Shape, name: str, items: list[str]) -> str:
    """A list under its name."""
    if not items:
        match shape.empty_list:
            case EmptyList.EMPTY:
                return element(name)
            case EmptyList.NIL:
                return nil_element(name)
            case EmptyList.MISSING:
                return ""
    match shape.lists:
        case Lists.WRAPPED:
            return element(name, *items)
        case Lists.BARE:
            return "".join(items)
        case Lists.DEEPER:
            return element(name, element(f"ArrayOf{name}", *items))


def success(shape: Shape) -> str:
    """What says that a call succeeded."""
    match shape.success:
        case Success.SAID:
            return text_element("Success", "true")
        case Success.WITH_MESSAGE:
            return text_element("Success", "true") + text_element("Message", "The invoices were read.")
        case Success.MISSING:
            return ""


def renamed(shape: Shape, xml: str) -> str:
    """Things by the names and in the form that they have on the wire."""
    if shape.renamed:
        xml = _TAG.sub(lambda match: f"{match[1]}{shape.renamed.get(match[2], match[2])}", xml)
    if shape.as_attributes:
        xml = _as_attributes(xml)
    if shape.namespace_each:
        xml = _TAG.sub(lambda match: f'{match[0]} xmlns="urn:{match[2]}"' if match[1] == "<" else match[0], xml)
    return xml


def _as_attributes(xml: str) -> str:
    root = fromstring(f'<r xmlns:xsi="{XSI}">{xml}</r>')
    for parent in [one for one in root.iter() if one is not root]:
        for child in [one for one in parent if _is_simple(one)]:
            if child.tag not in parent.attrib and child.tag not in ("Success", "Message"):
                parent.set(child.tag, child.text or "")
                parent.remove(child)
    return "".join(tostring(child, encoding="unicode") for child in root)


def _is_simple(one: Element) -> bool:
    return len(one) == 0 and not one.attrib and bool((one.text or "").strip())


def encoded(shape: Shape, reply: Reply) -> Reply:
    """The document as it is sent."""
    match shape.encoding:
        case Encoding.UTF_8:
            return reply
        case Encoding.UTF_16:
            return replace(
                reply, body=reply.body.decode().replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16")
            )
        case Encoding.GZIP:
            return replace(reply, body=gzip.compress(reply.body, mtime=0))
