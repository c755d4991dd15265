"""The arguments of each provider's resources, from the documents in ``schemas/``.

A document names the arguments that the files use, and all that a resource requires. After a name,
``!`` means required and ``^`` computed. A list holds the type of its elements, and an object is
nested. Blocks say how many there may be: ``{?}`` none or one, ``{1}`` one, ``{*}`` any number,
``{+}`` at least one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tfplugin_proto import tfplugin6_4_pb2 as pb

SCHEMAS = Path(__file__).with_name("schemas")
NAME = re.compile(r"(?P<name>\w+)(?P<mark>[!^]?)(?: \{(?P<amount>[?1*+])\})?")
LIMITS = {"?": (0, 1), "1": (1, 1), "*": (0, 0), "+": (1, 0)}  # 0 items at most: no limit


def schemas_of(provider: str) -> dict[str, pb.Schema]:
    """Return the schema of each resource of a provider."""
    document = json.loads((SCHEMAS / f"{provider}.json").read_text())
    return {name: pb.Schema(version=0, block=_block(given)) for name, given in document.items()}


def computed_of(provider: str, resource: str) -> list[str]:
    """Return the arguments that only the provider knows."""
    block = schemas_of(provider)[resource].block
    return [one.name for one in block.attributes if one.computed]


def _block(document: dict[str, Any]) -> pb.Schema.Block:
    attributes, blocks = [], []
    for key, value in document.items():
        name, mark, amount = _parts(key)
        if amount:
            least, most = LIMITS[amount]
            nesting = pb.Schema.NestedBlock.NestingMode.LIST
            blocks.append(
                pb.Schema.NestedBlock(
                    type_name=name,
                    block=_block(value),
                    nesting=nesting,
                    min_items=least,
                    max_items=most,
                )
            )
        else:
            attributes.append(_attribute(name, mark, value))
    return pb.Schema.Block(attributes=attributes, block_types=blocks)


def _attribute(name: str, mark: str, value: Any) -> pb.Schema.Attribute:
    made = pb.Schema.Attribute(
        name=name, required=mark == "!", computed=mark == "^", optional=not mark
    )
    nested = value[0] if isinstance(value, list) else value
    if isinstance(nested, dict):
        modes = pb.Schema.Object.NestingMode
        members = [_attribute(*_parts(key)[:2], each) for key, each in nested.items()]
        nesting = modes.LIST if isinstance(value, list) else modes.SINGLE
        made.nested_type.CopyFrom(pb.Schema.Object(attributes=members, nesting=nesting))
    else:
        made.type = json.dumps(["list", nested] if isinstance(value, list) else value).encode()
    return made


def _parts(key: str) -> tuple[str, str, str | None]:
    found = NAME.fullmatch(key)
    assert found, key
    return found["name"], found["mark"], found["amount"]
