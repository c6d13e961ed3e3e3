"""Reads what a signer remembers: ledger.log and audit.log, as docs/formats/ledger.md has them.

Read apart from the signers' own code, so that a test doesn't believe the program that it judges.
"""

import hashlib
import json
import pathlib
import struct

MAGIC = b"rind-ledger-v1\n"


class Payload:
    """The members of records, one after another."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        piece = self.data[self.at:self.at + count]
        if len(piece) != count:
            raise ValueError("a record is cut short")
        self.at += count
        return piece

    def number(self):
        return struct.unpack("<q", self.take(8))[0]

    def text(self):
        return self.take(self.number())   # signatures and files are texts too, and no UTF-8


def frames(data):
    """The payload of each frame; a last one that is incomplete is the signer's to cut."""
    if not data.startswith(MAGIC):
        raise ValueError("no ledger")
    at = len(MAGIC)
    while at + 8 <= len(data):
        length = struct.unpack_from("<I", data, at)[0]
        if hashlib.sha256(data[at:at + 4]).digest()[:4] != data[at + 4:at + 8]:
            return
        payload = data[at + 8:at + 8 + length]
        if hashlib.sha256(payload).digest()[:16] != data[at + 8 + length:at + 24 + length]:
            return
        yield payload
        at += 24 + length


def intents(folder):
    """(role, version, sha256 of the document in hex) of every intent in a ledger."""
    for payload in frames((pathlib.Path(folder) / "ledger.log").read_bytes()):
        record = Payload(payload)
        while record.at < len(payload):
            kind = record.take(1)
            if kind == b"H":
                record.text(), record.text()
                for _ in range(record.number()):
                    record.text(), record.text()
            elif kind == b"I":
                yield record.text().decode(), record.number(), record.take(32).hex()
                record.number(), record.number()
                for _ in range(record.number()):
                    record.take(32), record.take(32), record.number(), record.number()
                if record.take(1) == b"\1":
                    record.number(), record.text()
                for _ in range(record.number()):
                    record.text(), record.number()
            elif kind == b"S":
                record.text(), record.number(), record.text(), record.text()
                record.take(32), record.number()
            else:
                raise ValueError(f"a record of kind {kind}")


def audit(folder):
    """Every line of an audit log, its chain checked."""
    previous = "0" * 64
    for line in (pathlib.Path(folder) / "audit.log").read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            return   # cut short by a crash
        entry = json.loads(line)
        if entry["previous"] != previous:
            raise ValueError(f"line {entry['n']}: the chain is broken")
        previous = hashlib.sha256(line.rstrip(b"\n")).hexdigest()
        yield entry
