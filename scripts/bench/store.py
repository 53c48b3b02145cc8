"""The files of a run: written whole or not at all, and read again by --resume and --compare."""
import json
import os
import pathlib

import chart
import report

SAME = ("processor", "processors", "commit", "program", "threads", "isa", "settings")


class StoreError(Exception):
    """A file that can't be used; the text says which and why."""


def write(path, content):
    path.with_name(path.name + ".part").write_text(content, encoding="utf-8")
    os.replace(path.with_name(path.name + ".part"), path)


def save(folder, records):
    write(folder / "bench.json", json.dumps(records, indent=1) + "\n")
    write(folder / "bench.md", report.markdown(records))
    write(folder / "bench.svg", chart.svg(records))


def load(path):
    try:
        found = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        if not isinstance(found, list) or not all(isinstance(r, dict) and "kind" in r for r in found):
            raise ValueError("expected a list of records")
        return found
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: {error}") from None


def earlier(folder, system, say):
    """Records of an earlier run in the same folder, if they are of the same machine, commit and settings."""
    if not (folder / "bench.json").exists():
        return []
    old = load(folder / "bench.json")
    before = next((r for r in old if r["work"] == "system"), {})
    if any(before.get(k) != system[k] for k in SAME):
        say("--resume: the records there are of another machine, commit or setting: all is measured anew")
        return []
    return [r for r in old if r["work"] != "system"]
