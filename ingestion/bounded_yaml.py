"""YAML files that people put beside guidelines, read within bounds."""

from typing import Any, Final

import yaml

from services.core.errors import DocumentError

MAX_BYTES: Final = 2_000_000
"""Room for the entries of more than ten thousand guidelines."""

_MAX_NODES: Final = 300_000
_MAX_DEPTH: Final = 20
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one that python-frontmatter takes; libyaml's is about ten times as fast."""


def read_mapping(content: bytes) -> dict[Any, Any]:
    """The mapping that a YAML file holds; an empty file is an empty one.

    Raises:
        DocumentError: It is too large, not YAML, or not one mapping; the message has a line at most, no text of it.
    """
    if len(content) > MAX_BYTES:
        raise _too_large()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _invalid("not UTF-8 text") from exc
    loaded = read_value(text)
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise _invalid("not a mapping of fields")
    return loaded


def read_value(text: str) -> Any:
    """The value that a YAML text holds.

    Anchors are allowed but aliases are not, since a few lines of them stand for billions of values; nor are tags, which
    only choose other types than the text shows.

    Raises:
        DocumentError: It is too large, or not YAML; the message has a line at most, no text of it.
    """
    if len(text) > MAX_BYTES:
        raise _too_large()
    try:
        _check_events(text)
        return _load(text)
    except yaml.YAMLError as exc:
        mark = exc.problem_mark if isinstance(exc, yaml.MarkedYAMLError) else None
        raise _invalid(f"not YAML ({_line(mark)})") from exc
    except (ValueError, OverflowError) as exc:
        # A date such as 2026-02-30 looks like one to YAML, and only `datetime` knows better.
        raise _invalid("has a date or number that does not exist") from exc


def _check_events(text: str) -> None:
    """Before anything is built: events are read one at a time, so that depth costs no stack and size no memory."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _invalid(f"has an alias ({_line(event.start_mark)}): write the values out, or use `defaults`")
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            if getattr(event, "tag", None) is not None:
                raise _invalid(f"has a tag ({_line(event.start_mark)}): quote the value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH or nodes > _MAX_NODES:
            raise _invalid(f"has more than {_MAX_DEPTH} levels or {_MAX_NODES} values")


def _load(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_keys(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check_keys(node: yaml.Node) -> None:
    """YAML lets the last of two equal keys win without a word; here the first could have been the withdrawal."""
    if isinstance(node, yaml.MappingNode):
        seen: set[tuple[str, str]] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise _invalid(f"has a key twice ({_line(key.start_mark)})")
                seen.add((key.tag, key.value))
            _check_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item)


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}" if mark else "no line known"


def _too_large() -> DocumentError:
    return _invalid(f"larger than {MAX_BYTES // 1_000_000} MB")


def _invalid(message: str) -> DocumentError:
    return DocumentError(message, kind="metadata_invalid")
