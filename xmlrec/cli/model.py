"""``xmlrec info`` and ``xmlrec verify``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from xmlrec.cli.options import JsonOption

ModelArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Model directory")]


def info(model: ModelArgument, as_json: JsonOption = False) -> None:
    """Say what a model was trained on and how."""
    from xmlrec.models import current_version, model_digest, read_manifest

    manifest = read_manifest(model)
    manifest["version"] = current_version(model)
    manifest["digest"] = model_digest(model)
    manifest["bytes"] = sum(file["bytes"] for file in manifest.pop("files").values())
    if as_json:
        typer.echo(json.dumps(manifest, ensure_ascii=False))
        return
    rows = flat(manifest)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        typer.echo(f"{name:<{width}}  {value}")


def flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return nested values with their dotted names."""
    rows: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += flat(value, f"{prefix}{name}.")
        else:
            rows.append(
                (prefix + name, ", ".join(map(str, value)) if isinstance(value, list) else value)
            )
    return rows


def verify(model: ModelArgument) -> None:
    """Check every file of a model against its digest."""
    from xmlrec.models import current_version, verify_model

    manifest = verify_model(model)
    size = sum(file["bytes"] for file in manifest["files"].values())
    number = current_version(model)
    version = f", version {number} of its taxonomy" if number else ""
    n_files = len(manifest["files"])
    typer.echo(f"{model}: {n_files} files, {size:,} bytes{version}, every digest matches")


def schema(
    audit: Annotated[bool, typer.Option("--audit", help="Of a row of an audit")] = False,
) -> None:
    """Print the JSON Schema of a result row."""
    from xmlrec.catalog import AUDIT_SCHEMA, RESULT_SCHEMA

    typer.echo(json.dumps(AUDIT_SCHEMA if audit else RESULT_SCHEMA, indent=1))
