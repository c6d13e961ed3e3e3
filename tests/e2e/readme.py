"""The commands that README.md shows, with what it says they print.

A block between ```console and ``` holds commands after "$ ", each followed by lines of its output,
abridged: `...` stands for anything, left-out lines are not marked. A command that shows an ERROR line
is one that fails.
"""

import dataclasses
import pathlib
import re

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
# What differs from day to day: versions of roles and how long something lasts.
VARIES = re.compile(r"\bv\d+\b|\b\d+ (?:d|h|m|s)\b")


@dataclasses.dataclass
class Step:
    command: str
    printed: list

    @property
    def fails(self):
        return any(line.startswith("ERROR") for line in self.printed)

    def missing(self, output):
        """The first line of the README that `output` does not hold, after those before it; or None."""
        lines = iter(output.splitlines())
        for shown in self.printed:
            parts = re.split(r"(\.\.\.)", shown.strip())
            pattern = "".join(".*" if part == "..." else _pattern(part) for part in parts)
            if not any(re.fullmatch(pattern, line.strip()) for line in lines):
                return shown
        return None


def _pattern(text):
    """`text` as a regular expression in which numbers that vary match any number, and runs of blanks
    any run."""
    out, at = "", 0
    for found in VARIES.finditer(text):
        out += re.escape(text[at:found.start()]) + re.sub(r"\d+", r"\\d+", found.group())
        at = found.end()
    return re.sub(r"(?:\\ )+", r"\\s+", out + re.escape(text[at:]))


def steps(text=None):
    """Block after block, each a list of Step."""
    blocks = []
    for block in re.findall(r"^```console\n(.*?)^```$", text or README.read_text(), re.M | re.S):
        found = []
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:].split("  #")[0].strip(), []))
            else:
                found[-1].printed.append(line)
        blocks.append(found)
    return blocks
