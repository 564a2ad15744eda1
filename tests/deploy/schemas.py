"""Writes schemas of resources as files that kubeconform finds, and strict ones.

The arguments: `kubernetes` or `custom`; a folder of JSON schemas that name each other by addresses
of the web, or one of resource definitions (YAML); and the folder for the schemas.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def strict(schema: Any) -> Any:
    """The same, refusing fields that it does not name; as the API server's strict validation."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: {name: strict(each) for name, each in value.items()}
        if key == "properties"
        else strict(value)
        for key, value in schema.items()
    }
    if made.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    open_ended = made.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in made
    if made.get("type") == "object" and "properties" in made and not open_ended:
        made["additionalProperties"] = False
    return made


def definitions(folder: Path) -> Iterator[dict[str, Any]]:
    """Every definition of a resource in a folder's files."""
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.load_all(path.read_text(), LOADER):
            if document and document["kind"] == "CustomResourceDefinition":
                yield document["spec"]


def write_kubernetes(source: Path, target: Path) -> None:
    """The same files, naming each other as neighbours."""
    target.mkdir(parents=True)
    for path in source.glob("*.json"):
        text = path.read_text().replace('"/api/_definitions.json', '"_definitions.json')
        schema = json.loads(text)
        schema.pop("$id", None)
        (target / path.name).write_text(json.dumps(schema))


def write_custom(source: Path, target: Path) -> None:
    """One file for each version of each resource: GROUP/kind_version.json."""
    for spec in definitions(source):
        folder = target / spec["group"]
        folder.mkdir(parents=True, exist_ok=True)
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            # What every object has, which definitions leave to the API server.
            text = {"type": "string"}
            own = {"apiVersion": text, "kind": text, "metadata": {"type": "object"}}
            schema["properties"].update(own)
            path = folder / f"{spec['names']['kind'].lower()}_{version['name']}.json"
            path.write_text(json.dumps(schema))


if __name__ == "__main__":
    write = {"kubernetes": write_kubernetes, "custom": write_custom}[sys.argv[1]]
    write(Path(sys.argv[2]), Path(sys.argv[3]))
