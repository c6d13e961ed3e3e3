#!/usr/bin/env python3
"""G-02: every method of every service, called at every server with every identity."""

import pathlib
import subprocess
import sys
import tomllib
import unittest

import harness

PERMISSION_DENIED, UNAVAILABLE = 7, 14
SERVERS = ("offline-signer", "release-signer", "content-signer", "delegation-manager", "mirror-syncer")
IDENTITIES = (*SERVERS, "operator", "developer")


class CallerMatrix(unittest.TestCase):
    def test_g02_a_method_answers_its_callers_and_nobody_else(self):
        with harness.System() as system:
            system.start("offline-signer")   # which stopped after the demo's ceremony
            allowed, servers = {}, []
            for name in SERVERS:
                config = tomllib.loads(system.config(name).read_text())
                allowed[name] = config["callers"]
                servers += ["--server", f"{name}={config['service']['listen']}"]

            # Certificates of our CA for every identity; one of a foreign CA; none at all; and one of our
            # CA with a name that no table knows.
            folder = system.folder / "identities"
            ca = system.home / "pki"
            issue = [f"--issue={name}={folder / name}" for name in (*IDENTITIES, "stranger")]
            harness.run([harness.BIN / "rind-pki", f"--ca-dir={ca}", *issue])
            harness.run([harness.BIN / "rind-pki", f"--ca-dir={system.folder / 'foreign'}",
                         f"--issue=delegation-manager={folder / 'foreign-ca'}"])
            (folder / "foreign-ca/ca.pem").write_bytes((folder / "operator/ca.pem").read_bytes())
            (folder / "no-certificate").mkdir()
            (folder / "no-certificate/ca.pem").write_bytes((folder / "operator/ca.pem").read_bytes())
            outside = ("foreign-ca", "no-certificate")
            identities = []
            for name in (*IDENTITIES, "stranger", *outside):
                identities += ["--identity", f"{name}={folder / name}"]

            done = harness.run([harness.BIN.parent / "tests/caller_matrix", *servers, *identities])
            cells = [line.split("\t") for line in done.stdout.splitlines()]
            methods = {method for _, method, _, _ in cells}
            self.assertGreater(len(methods), 20)
            self.assertEqual(len(cells), len(SERVERS) * (len(IDENTITIES) + 3) * len(methods))
            let_in = 0
            for server, method, identity, code in cells:
                cell = f"{identity} calls {method} at {server}: code {code}"
                if identity in outside:
                    self.assertEqual(int(code), UNAVAILABLE, cell)
                elif identity in allowed[server].get(method, ()):
                    self.assertNotIn(int(code), (PERMISSION_DENIED, UNAVAILABLE), cell)
                    let_in += 1
                else:
                    self.assertEqual(int(code), PERMISSION_DENIED, cell)
            self.assertEqual(let_in, sum(len(who) for table in allowed.values() for who in table.values()))
            print(f"{len(cells)} cells, {let_in} let in")


if __name__ == "__main__":
    sys.exit(unittest.main())
