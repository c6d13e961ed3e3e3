#!/usr/bin/env python3
"""Compares rind's canonical JSON with securesystemslib's, byte for byte (SECURITY.md P-05).

Usage: canonical_form_test.py [PATH/TO/rind-canonicalise] [--count 10000] [--seed 20261122]
Without a path the program is $RIND_BIN/../tests/rind-canonicalise, where the build puts it.

Documents are generated from the seed: every kind of value, members in any order, every class of
character in every spelling that JSON has for it. Exit code 0: all agree; 1: the first differences
are printed.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys

from securesystemslib.formats import encode_canonical

# No NUL, surrogate, U+FFFE or U+FFFF: rind refuses those and securesystemslib does not.
CHARACTERS = (
    list(map(chr, range(1, 128))) * 2
    + ['"', "\\", "/", "\n"] * 8
    + ["\u0080", "\u00e9", "\u07ff", "\u0800", "\u2028", "\ud7ff", "\ue000", "\ufeff", "\ufffd",
       "\uff61", "\U00010000", "\U0001f9c0", "\U0010fffd", "e\u0301"] * 4
)


def text(rng):
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.choice((0, 1, 2, 5, 20))))


def value(rng, depth):
    kind = rng.randrange(9 if depth else 6)
    if kind == 0:
        return rng.choice((0, -1, 1, 2**53 - 1, 2**63 - 1, -(2**63), rng.randrange(-10**18, 10**18)))
    if kind == 1:
        return rng.choice((True, False))
    if kind == 2:
        return None
    if kind < 6:
        return text(rng)
    if kind == 6:
        return [value(rng, depth - 1) for _ in range(rng.randrange(5))]
    return {text(rng): value(rng, depth - 1) for _ in range(rng.randrange(6))}


def string(rng, content):
    """One of the spellings that JSON has for a string."""
    named = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f",
             "/": "\\/"}
    out = []
    for character in content:
        how = rng.randrange(4)
        if character in named and (how < 2 or character == "/" and how < 3):
            out.append(named[character])
        elif character < " " or character in '"\\' or how == 0:
            units = character.encode("utf-16-be").hex()
            digits = [units[i:i + 4] for i in range(0, len(units), 4)]
            out += ["\\u" + (d.upper() if rng.randrange(2) else d) for d in digits]
        else:
            out.append(character)
    return '"' + "".join(out) + '"'


def document(rng, content):
    """JSON for a value, with random spelling, order and white space, on one line."""
    space = rng.choice(("", "", " ", "\t"))
    if isinstance(content, str):
        return string(rng, content)
    if isinstance(content, list):
        return "[" + space + ("," + space).join(document(rng, v) for v in content) + space + "]"
    if isinstance(content, dict):
        names = list(content)
        rng.shuffle(names)
        members = (string(rng, n) + space + ":" + space + document(rng, content[n]) for n in names)
        return "{" + space + ("," + space).join(members) + "}"
    return json.dumps(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    built = pathlib.Path(os.environ.get("RIND_BIN", "build/release/bin")).parent / "tests"
    parser.add_argument("program", nargs="?", default=str(built / "rind-canonicalise"))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20261122)
    arguments = parser.parse_args()

    rng = random.Random(arguments.seed)
    values = [value(rng, 4) for _ in range(arguments.count)]
    documents = [document(rng, v) for v in values]
    for content, line in zip(values, documents):
        assert json.loads(line) == content, "the generator spelt a value wrongly"
    run = subprocess.run([arguments.program], input="\n".join(documents).encode() + b"\n",
                         stdout=subprocess.PIPE, check=True, timeout=600)
    answers = run.stdout.split(b"\n")[:-1]
    if len(answers) != len(values):
        print(f"{len(values)} documents, {len(answers)} answers")
        return 1

    differences = 0
    for line, content, answer in zip(documents, values, answers):
        wanted = encode_canonical(content).encode()
        wanted = wanted.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
        if answer == wanted:
            continue
        differences += 1
        if differences <= 5:
            print(f"document: {line!r}\n  securesystemslib: {wanted!r}\n  rind:             {answer!r}")
    print(f"canonical form: {len(values)} documents, seed {arguments.seed}, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
