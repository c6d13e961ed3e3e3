#!/usr/bin/env python3
"""Every key of a repository in a PKCS#11 token: SoftHSM2, ECDSA P-256.

The signers are the real programs, hardened as always; they learn of the token by the environment of a
script that stands in their place, since `rind up` writes configs for key files.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

import harness

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SIGNERS = ("offline-signer", "release-signer", "content-signer")


def make_token(folder):
    """A new token; the environment that names it to a signer."""
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    harness.run(["softhsm2-util", "--init-token", "--free", "--label", "rind", "--pin", "4711", "--so-pin", "0815"],
                env={**os.environ, "SOFTHSM2_CONF": str(settings)})
    pin = folder / "pin"
    pin.touch(mode=0o600)
    pin.write_text("4711\n")
    return {"SOFTHSM2_CONF": settings, "RIND_KEYS_BACKEND": "pkcs11", "RIND_KEYS_PKCS11_MODULE": MODULE,
            "RIND_KEYS_PKCS11_TOKEN": "rind", "RIND_KEYS_PKCS11_PIN_FILE": pin,
            "RIND_KEYS_PKCS11_SCHEME": "ecdsa-sha2-nistp256"}


def programs_with(environment, folder):
    """A folder of all programs in which the signers run with `environment` too."""
    shutil.copytree(harness.BIN, folder)
    exports = "".join(f"export {name}='{value}'\n" for name, value in environment.items())
    for name in {harness.PROGRAMS[signer] for signer in SIGNERS}:
        real = folder / f"{name}.real"
        (folder / name).rename(real)
        (folder / name).write_text(f'#!/bin/sh\n{exports}exec "{real}" "$@"\n')
        (folder / name).chmod(0o755)
    return folder


class Token(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rind-token-"))
        cls.programs = harness.BIN
        harness.BIN = programs_with(make_token(cls.folder), cls.folder / "bin")
        cls.system = harness.System().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__(*sys.exc_info())
        harness.BIN = cls.programs
        shutil.rmtree(cls.folder)

    def schemes(self, version=1):
        root = json.loads(self.system.public(f"metadata/{version}.root.json").read_text())["signed"]
        return {key["scheme"] for key in root["keys"].values()}

    def verified(self, wanted):
        return self.system.rind_json("explain", wanted)["verdict"] == "verified"

    def test_s12_a_repository_whose_keys_never_left_the_token(self):
        self.system.rind("sync")
        self.system.rind("release")
        self.assertEqual(self.schemes(), {"ecdsa-sha2-nistp256"})
        self.assertTrue(self.verified("rind-hello==1.0"))
        for signer in SIGNERS:
            self.assertEqual(list((self.system.home / signer / "keys").glob("*.key")), [], signer)
        self.system.rind("check", "--data")

        # Signers that died log in again and go on from their ledgers.
        for signer in ("content-signer", "release-signer"):
            self.system.kill(signer)
        self.system.up()
        self.system.upstream.add_wheel("rind-hello", "9.9")
        self.system.rind("sync")
        self.system.rind("release")
        self.assertTrue(self.verified("rind-hello==9.9"))
        self.system.rind("check", "--data")


if __name__ == "__main__":
    unittest.main()
