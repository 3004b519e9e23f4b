"""A definition as the document that whoever shares a procedure reads and sends (PURE)."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from casework.procedures.package import JSON_SCALARS

WIDTH = 120
_BREAKS = re.compile("[\x85\u2028\u2029]")  # YAML 1.1 takes them for ends of lines, and would fold them into a space


class _Dumper(yaml.SafeDumper):
    """What any reader of YAML, old or new, takes for text is written so that it is text: `"no"`, `"2026-01-01"`."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own interface
        first: [*resolvers] for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if _BREAKS.search(value) else None)


_Dumper.add_representer(str, _text)
for _tag, _pattern, _first in JSON_SCALARS:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, _first)


def to_yaml(definition: Mapping[str, Any]) -> str:
    """The document that `package.load_yaml` reads as this definition."""
    return yaml.dump(definition, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
