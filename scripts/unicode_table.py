"""Ranges of the code points that are letters (\\p{L}) and numbers (\\p{N}), as a C++ header.

usage: unicode_table.py > src/data/text/unicode_table.hpp

Takes the newest data that are installed: those of the package unicodedata2, or else Python's own. Runs of one category
are joined, unassigned code points between them are not.
"""
try:
    import unicodedata2 as unicodedata
except ImportError:
    import unicodedata

COLUMNS = 120


def ranges(major):
    """[first, last] of every run of code points whose category begins with `major`."""
    found = []
    for point in range(0x110000):
        if unicodedata.category(chr(point))[0] != major:
            continue
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def table(name, text):
    items = [f"{{{first:#x}, {last:#x}}}," for first, last in ranges(text)]
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + 1 + len(item) > COLUMNS - 4:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + item
    lines[-1] = lines[-1][:-1]
    body = "\n".join("    " + line for line in lines)
    return f"inline constexpr CodeRange {name}[] = {{\n{body}}};"


print(f"""/// Letters and numbers of Unicode {unicodedata.unidata_version}; made by scripts/unicode_table.py, not to be edited.
#pragma once

namespace atelier::inline v0::data {{

struct CodeRange {{
  char32_t first, last;  // both belong to it
}};

// clang-format off
{table("letter_ranges", "L")}
{table("number_ranges", "N")}
// clang-format on

}}  // namespace atelier::inline v0::data""")
