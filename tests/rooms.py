"""Holds the source to docs/architecture.md: each room includes only the rooms named beside it in the table there and the
public headers (convviz/), and mpi.h is included in parallel/ alone.

Usage: rooms.py PROJECT
"""
import pathlib
import re
import sys


def allowed_rooms(architecture):
    """{room: set of rooms it may include}, from the rows `| base/ | ... | rooms |` of the table."""
    rows = re.findall(r"^\| (\w+)/ \|[^|]*\|([^|]*)\|$", architecture, re.MULTILINE)
    table = {room: set(rooms.split()) for room, rooms in rows}
    for rooms in table.values():
        if "all" in rooms:
            rooms |= set(table)
    return table


def violations(paths, table):
    for path in sorted(paths):
        room = path.parent.name
        if path.suffix not in {".c", ".h", ".inc", ".def"}:
            continue
        if room not in table:
            yield f"{path}: room {room}/ is not in the table"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
            if not include:
                continue
            name = include.group(1)
            other = name.split("/")[0]
            if name == "mpi.h" and room != "parallel":
                yield f"{path}:{number}: mpi.h outside of parallel/"
            if '"' in line and other not in {room, "convviz"} | table[room]:
                yield f"{path}:{number}: {room}/ includes {name}, allowed: {' '.join(sorted(table[room])) or 'none'}"


def main():
    project = pathlib.Path(sys.argv[1])
    table = allowed_rooms((project / "docs/architecture.md").read_text())
    if len(table) < 14:
        sys.exit(f"docs/architecture.md: {len(table)} rooms in the table, expected 14")
    found = list(violations([*project.glob("src/*/*"), *project.glob("bench/*")], table))
    print("\n".join(found) or f"{len(table)} rooms keep to their table")
    sys.exit(bool(found))


main()
