"""Whose work a study rests on, as entities of an RO-Crate: data sets, encoders, benchmarks, their papers and licences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.records import JSON

# Names that SPDX has a page for; anything else is told in its own words.
_SPDX = re.compile(r"(Apache|MIT|BSD|CC0|CC-BY|GPL|LGPL|MPL)[A-Za-z0-9.-]*")
_TYPES = {"data set": "Dataset", "encoder": "CreativeWork", "benchmark": "CreativeWork"}


def ref(name: str) -> JSON:
    """Returns a reference to an entity."""
    return {"@id": name}


def refs(names: Iterable[str]) -> JSON | list[JSON]:
    """Returns references to entities, each once; a single one stands by itself, as RO-Crate wishes."""
    found = [ref(name) for name in dict.fromkeys(names)]
    return found[0] if len(found) == 1 else found


def slug(text: str) -> str:
    """Returns a text as the end of an identifier."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-").lower()


def identifier(source: JSON) -> str:
    """Returns the id of a data set, an encoder or a benchmark."""
    return f"#{slug(source['kind'])}-{source['name']}"


def licence(source: JSON) -> str | None:
    """Returns the id of a source's licence; none where none is on file."""
    name = source["licence"]
    if not name:
        return None
    return f"https://spdx.org/licenses/{name}" if _SPDX.fullmatch(name) else f"#licence-{slug(name)}"


def licences(sources: Iterable[JSON]) -> list[str]:
    """Returns the ids of the licences of some sources, each once."""
    return list(dict.fromkeys(name for source in sources if (name := licence(source))))


def paper(source: JSON) -> str:
    """Returns the id of what is to be cited for a source; the address of a benchmark is that of its program."""
    return (source["kind"] != "benchmark" and source["url"]) or f"#paper-{slug(source['kind'])}-{source['name']}"


def credited(sources: Iterable[JSON]) -> Iterator[JSON]:
    """Yields the entities of sources, of what is to be cited for them and of their licences."""
    for source in sources:
        terms = licence(source)
        entity: JSON = {
            "@id": identifier(source),
            "@type": _TYPES[source["kind"]],
            "name": source["name"],
            "description": "; ".join(text for text in (source["title"], source["note"], _cite(source)) if text),
            "citation": ref(paper(source)),
        }
        yield {**entity, "license": ref(terms)} if terms else entity
        # Data sets may share a paper and yet owe different people: who is to be cited stands with each.
        is_told_by_citation = source["kind"] == "benchmark"
        name = source["citation"] if is_told_by_citation else source["paper"] or source["title"]
        yield {"@id": paper(source), "@type": "ScholarlyArticle", "name": name}
        if terms:
            yield {"@id": terms, "@type": "CreativeWork", "name": source["licence"], "description": source["licence"]}


def _cite(source: JSON) -> str:
    return f"to be cited: {source['citation']}" if source["citation"] else ""
