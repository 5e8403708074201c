"""XML from outside: parsed without entities, errors by file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ptssp_sklearn.exceptions import DatasetError


def xml_elements(path: Path, wanted: frozenset[str]) -> Iterator[Any]:
    """Give the elements of some names as they end; each is emptied after it was used.

    Raises
    ------
    DatasetError
        If the file is no XML or declares entities; names file and line.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        depth, inside = 0, 0
        for event, element in iterparse(str(path), events=("start", "end")):
            if event == "start":
                if depth == 0:
                    root = element
                depth += 1
                inside += element.tag in wanted
                continue
            depth -= 1
            if element.tag in wanted:
                inside -= 1
                if not inside:
                    yield element
            if not inside and depth <= 1:
                root.clear()
    except DefusedXmlException as error:
        raise DatasetError(
            f"Got '{path}', XML that declares entities ({type(error).__name__}), which label "
            "files have no need of. Export it again."
        ) from None
    except ParseError as error:
        line, column = error.position
        raise DatasetError(
            f"Got '{path}', line {line}, column {column}: no valid XML ({error.msg})."
        ) from None
    except (OSError, UnicodeDecodeError, LookupError, ValueError) as error:
        raise DatasetError(f"Got '{path}', which cannot be read as XML ({error}).") from None


def xml_root(path: Path) -> str:
    """Give the name of the outermost element; empty where the file is no XML."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        for _, element in iterparse(str(path), events=("start",)):
            return str(element.tag)
    except DefusedXmlException:
        return _named_root(path)
    except (ParseError, OSError, ValueError, LookupError):
        pass
    return ""


def _named_root(path: Path) -> str:
    """Find the outermost element of XML that declares entities, without parsing it."""
    text = path.read_bytes()[:100_000]
    return next((n for n in ("annotations", "annotation") if f"<{n}>".encode() in text), "")
