"""What a dashboard says when it is sent: its keys and filters, read from the JSON it becomes."""

from collections.abc import Iterable, Iterator
from typing import Any


def keys_of(panels: Iterable[Any]) -> set[str]:
    """Keys of tracked runs that panels show."""
    return {key for panel in panels for key in _keys(_json(panel)["config"])}


def _json(thing: Any) -> dict[str, Any]:
    found: dict[str, Any] = thing._to_model().model_dump(mode="json", by_alias=True)
    return found


def _keys(tree: Any) -> Iterator[str]:
    """Metrics of plots, media, and the tables that charts and table panels query."""
    if isinstance(tree, list):
        for each in tree:
            yield from _keys(each)
    if not isinstance(tree, dict):
        return
    for name in ("metrics", "mediaKeys"):
        yield from tree.get(name) or []
    if tree.get("name") == "tableKey":
        yield tree["value"]
    if "val" in tree and "/" in str(tree["val"]):
        yield tree["val"]
    for each in tree.values():
        yield from _keys(each)
