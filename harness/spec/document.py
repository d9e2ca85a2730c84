"""The one place where YAML is parsed: file → validated spec, or every problem with its line.

Anchors, aliases, tags, merge keys and doubled keys are refused: a spec says what it means where it stands.
"""

from __future__ import annotations

import json
from copy import deepcopy
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from harness import plugin
from harness.errors import Problem, SpecError
from harness.spec.base import Spec

S = TypeVar("S", bound=Spec)
Loc = tuple[str | int, ...]
MAX_DEPTH = 40
TAG = "tag:yaml.org,2002:"
TAGS = frozenset(TAG + word for word in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map"))
# Seeds, counts and rates fit into 64 bits; what does not would overflow somewhere later.
LARGEST = 2**63


def load(path: Path, model: type[S]) -> S:
    """Returns the spec in a YAML file. Raises SpecError with every problem: file, line, field, rule, near miss."""
    data, lines = read(path)
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise SpecError(_explain(error, model, path, data, lines)) from None


def read(path: Path) -> tuple[Any, dict[Loc, int]]:
    """Returns a YAML file's plain data and the line of each field. Raises SpecError for anything but plain YAML."""
    data, lines = _parsed(path, _text(path))
    return deepcopy(data), lines  # the caller may change what it gets


# A check reads a file for its spec and for its lines, and the catalogue reads it again; parsing is what takes the time.
@lru_cache(maxsize=256)
def _parsed(path: Path, text: str) -> tuple[Any, dict[Loc, int]]:
    parser = YAML(typ="safe", pure=True)
    parser.max_depth = MAX_DEPTH
    parser.composer.warn_double_anchors = False  # every anchor is refused below
    try:
        node = parser.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, message = mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context or error}"
        if isinstance(error, MaxDepthExceededError):
            message = f"nested deeper than {MAX_DEPTH} levels"
        raise SpecError([Problem(str(path), line, "", message)]) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: the character U+{error.character:04X} is not allowed"
        raise SpecError([Problem(str(path), line, "", message)]) from None
    if node is None:
        raise SpecError([Problem(str(path), 1, "", "the file is empty", "see `harness schema`")])
    lines: dict[Loc, int] = {}
    return _plain(node, (), path, lines, parser), lines


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        near = plugin.near(path.name, (p.name for p in path.parent.glob("*.yaml")))
        raise SpecError([Problem(str(path), None, "", "no such file", near)]) from None
    except OSError as error:
        raise SpecError([Problem(str(path), None, "", f"cannot be read: {error.strerror}")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte 0x{data[error.start]:02x}"
        raise SpecError([Problem(str(path), line, "", message, "save the file as UTF-8")]) from None


def _plain(node: Node, loc: Loc, path: Path, lines: dict[Loc, int], parser: YAML) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(loc, line)
    field = dotted(loc)
    if getattr(node, "anchor", None):
        message = "anchors and aliases are not part of a spec"
        raise SpecError([Problem(str(path), line, field, message, "write the value out where it stands")])
    if str(node.tag) not in TAGS:
        message = f"the tag {str(node.tag).replace(TAG, '!!')} is not part of a spec"
        raise SpecError([Problem(str(path), line, field, message, "write a plain value; quote what is text")])
    if isinstance(node, ScalarNode):
        value = _scalar(node, parser)
        if any("\ud800" <= c <= "\udfff" for c in node.value):
            message = f"{node.value!a} holds half a character"
            raise SpecError([Problem(str(path), line, field, message, "write the character itself")])
        if isinstance(value, int | float) and not -LARGEST < value < LARGEST:
            shown = node.value if len(node.value) < 40 else f"{node.value[:37]}..."
            raise SpecError([Problem(str(path), line, field, f"{shown} is not a finite number of at most 64 bits")])
        return value
    if isinstance(node, SequenceNode):
        return [_plain(child, (*loc, i), path, lines, parser) for i, child in enumerate(node.value)]
    assert isinstance(node, MappingNode)
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode) or str(key_node.tag).endswith("merge"):
            raise SpecError([Problem(str(path), key_line, field, "keys are plain words")])
        key = str(key_node.value)
        if key in mapping:
            where = dotted((*loc, key))
            raise SpecError([Problem(str(path), key_line, where, "this key stands here twice")])
        lines[(*loc, key)] = key_line
        mapping[key] = _plain(value_node, (*loc, key), path, lines, parser)
    return mapping


def _scalar(node: ScalarNode, parser: YAML) -> Any:
    """Returns what a scalar says. What looks like a number or a date but is none was meant as text."""
    if node.tag == f"{TAG}timestamp":
        return node.value
    try:
        return parser.constructor.construct_object(node, deep=True)
    except (KeyError, ValueError):
        return node.value


def dotted(loc: Loc) -> str:
    """Returns a location as `vary.seed[2]`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def line_of(loc: Loc, lines: dict[Loc, int]) -> int:
    """Returns the line of a field, or of the nearest thing around it."""
    for end in range(len(loc), -1, -1):
        if loc[:end] in lines:
            return lines[loc[:end]]
    return 1


def _explain(error: ValidationError, model: type[BaseModel], path: Path, data: Any, lines: dict[Loc, int]) -> list[Problem]:
    problems = []
    found = error.errors(include_url=False)
    for item in found:
        n = len(item["loc"])
        if item["type"] == "too_short" and any(other["loc"][:n] == item["loc"] for other in found if len(other["loc"]) > n):
            continue  # only sound items are counted, so a wrong one would be told twice
        loc, hint = _real(item["loc"], data, lines), ""
        loc, message = _named(loc, item["msg"].removeprefix("Value error, "), lines)
        if item["type"] == "extra_forbidden":
            message = "unknown field"
            hint = plugin.near(str(item["loc"][-1]), _fields_at(model, item["loc"][:-1]))
        elif item["type"] == "missing":
            message = "this field is required"
        elif item["type"] == "union_tag_not_found":
            meant = get_close_matches("kind", item["input"], 1)
            loc, message = (*loc, *(meant or ["kind"])), "unknown field" if meant else "this field is required"
            hint = "did you mean 'kind'?" if meant else ""
        elif item["type"] == "union_tag_invalid":
            loc, message = (*loc, "kind"), f"no kind {item['ctx']['tag']!r}"
            hint = plugin.near(item["ctx"]["tag"], _quoted(item["ctx"]["expected_tags"]))
        elif item["type"] != "value_error":
            shown = repr(item["input"])
            hint = f"it is {shown if len(shown) < 60 else shown[:57] + '...'}"
            if item["type"] == "literal_error":
                hint += "; " + plugin.near(str(item["input"]), _quoted(item["ctx"]["expected"]))
        problems.append(Problem(str(path), line_of(loc, lines), dotted(loc), message, hint))
    return problems


def _quoted(words: str) -> list[str]:
    return [part for part in words.split("'") if part not in ("", ", ", " or ")]


def _named(loc: Loc, message: str, lines: dict[Loc, int]) -> tuple[Loc, str]:
    """Moves the field that a rule's message begins with (`options.max_length: ...`) to the location."""
    field, _, rest = message.partition(": ")
    inner = (*loc, *(int(part) if part.isdigit() else part for part in field.split(".")))
    return (inner, rest) if rest and inner[: len(loc) + 1] in lines else (loc, message)


def _real(loc: Loc, data: Any, lines: dict[Loc, int]) -> Loc:
    """Drops what pydantic adds to a location (union members, discriminators) and the file does not have."""
    real: Loc = ()
    for i, part in enumerate(loc):
        is_last = i == len(loc) - 1
        # A part of a claim of the kind `value` has a field of that name too.
        is_kind = isinstance(data, dict) and data.get("kind") == part
        if is_last or ((*real, part) in lines and not is_kind):
            real = (*real, part)
            data = None if is_last else data[part]
    return real


def _fields_at(model: Any, loc: Loc) -> list[str]:
    """Returns the field names that are allowed at `loc`, walking the annotations."""
    options = _models(model)
    for part in loc:
        inner: list[Any] = []
        for option in options:
            if isinstance(option, type) and issubclass(option, BaseModel) and part in option.model_fields:
                inner += _models(option.model_fields[str(part)].annotation)
            elif isinstance(option, type) and issubclass(option, BaseModel):
                kind = option.model_fields.get("kind")
                if (kind and part in get_args(kind.annotation)) or part == option.__name__:
                    inner.append(option)
        options = inner or options
    names = {f for o in options if isinstance(o, type) and issubclass(o, BaseModel) for f in o.model_fields}
    return sorted(names)


def _models(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, tuple, dict) or hasattr(annotation, "__metadata__"):
        return [m for arg in get_args(annotation) for m in _models(arg)]
    return []
