"""What a thief of the online keys would publish.

Opens the signers' sealed key files with their passphrases, as somebody who owns the host could
(docs/formats/sealed-file.md), and re-signs a copy of the public tree: a bin with one more target, a
snapshot and a timestamp over it. All signatures are genuine; only the offline roles are out of reach.
"""

import hashlib
import json
import pathlib
import shutil

import nacl.bindings
import nacl.pwhash.argon2id
import nacl.signing

MAGIC = b"rind-sealed-v1\n"


def open_sealed(path, passphrase, purpose):
    """The secret in a sealed file."""
    data = pathlib.Path(path).read_bytes()
    assert data.startswith(MAGIC), f"{path}: not a sealed file"
    rest = data[len(MAGIC):]
    passes, kib = (int.from_bytes(rest[i:i + 4], "little") for i in (0, 4))
    salt, nonce, box = rest[8:24], rest[24:48], rest[48:]
    key = nacl.pwhash.argon2id.kdf(32, passphrase, salt, opslimit=passes, memlimit=kib * 1024)
    additional = data[:len(data) - len(box)] + purpose.encode()
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(box, additional, nonce, key)


def canonical(value):
    from securesystemslib.formats import encode_canonical
    return encode_canonical(value).encode()


class Thief:
    """Holds every online key of the system whose home folder it was given."""

    def __init__(self, home):
        self.home = pathlib.Path(home)

    def _key(self, service, role):
        passphrase = (self.home / service / "passphrase").read_bytes().rstrip(b"\n")
        seed = open_sealed(self.home / service / "keys" / f"{role}.key", passphrase, f"rind key {role}")
        return nacl.signing.SigningKey(seed)

    @staticmethod
    def _sign(key, signed):
        public = key.verify_key.encode().hex()
        key_object = {"keytype": "ed25519", "keyval": {"public": public}, "scheme": "ed25519"}
        key_id = hashlib.sha256(canonical(key_object)).hexdigest()
        signature = key.sign(canonical(signed)).signature.hex()
        return canonical({"signatures": [{"keyid": key_id, "sig": signature}], "signed": signed})

    def forge(self, source, destination, target, content):
        """Copies the public tree and puts `target` with `content` into its bin there."""
        source, destination = pathlib.Path(source), pathlib.Path(destination)
        shutil.copytree(source, destination)
        metadata = destination / "metadata"
        timestamp = json.loads((metadata / "timestamp.json").read_bytes())["signed"]
        number = timestamp["meta"]["snapshot.json"]["version"]
        snapshot = json.loads((metadata / f"{number}.snapshot.json").read_bytes())["signed"]

        bins = sorted(name for name in snapshot["meta"] if name.startswith("bin-"))
        bits = len(bins).bit_length() - 1
        index = int(hashlib.sha256(target.encode()).hexdigest()[:8], 16) >> (32 - bits)
        role = bins[index].removesuffix(".json")
        version = snapshot["meta"][f"{role}.json"]["version"]
        document = json.loads((metadata / f"{version}.{role}.json").read_bytes())["signed"]

        digest = hashlib.sha256(content).hexdigest()
        document["version"] = version + 1
        document["targets"][target] = {"hashes": {"sha256": digest}, "length": len(content)}
        forged = self._sign(self._key("content-signer", "bins"), document)
        (metadata / f"{version + 1}.{role}.json").write_bytes(forged)
        meta = snapshot["meta"][f"{role}.json"]
        meta["version"] = version + 1
        if "hashes" in meta:
            meta["hashes"] = {"sha256": hashlib.sha256(forged).hexdigest()}
            meta["length"] = len(forged)

        snapshot["version"] = number + 1
        forged = self._sign(self._key("release-signer", "snapshot"), snapshot)
        (metadata / f"{number + 1}.snapshot.json").write_bytes(forged)
        timestamp["version"] += 1
        timestamp["meta"]["snapshot.json"] = {
            "version": number + 1,
            "length": len(forged),
            "hashes": {"sha256": hashlib.sha256(forged).hexdigest()},
        }
        (metadata / "timestamp.json").write_bytes(
            self._sign(self._key("release-signer", "timestamp"), timestamp))

        folder, _, name = target.rpartition("/")
        blob = destination / "targets" / folder / f"{digest}.{name}"
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
