#!/usr/bin/env python3
"""A signer refuses a part of a release: the rest goes out, and the answer says both."""

import json
import sqlite3
import sys
import unittest

import harness

FORGED = "rind-hello"


class RefusedRelease(unittest.TestCase):
    def forge(self, system, change):
        """Changes the evidence of FORGED in the manager's state behind its back, while it is down."""
        system.kill_any("delegation-manager")
        with sqlite3.connect(system.home / "delegation-manager/state.db") as connection:
            [(signature,)] = connection.execute(
                "SELECT evidence_signature FROM projects WHERE name = ?", (FORGED,))
            connection.execute("UPDATE projects SET evidence_signature = ? WHERE name = ?",
                               (change(signature), FORGED))
        connection.close()
        system.start("delegation-manager")

    def snapshot_version(self, system):
        return next(row["version"] for row in system.rind_json("status", check=False)["roles"]
                    if row["role"] == "snapshot")

    def verdict(self, system, target):
        return system.rind_json("explain", target, check=False)["verdict"]

    def test_s06_one_forged_project_is_refused_and_named_and_the_rest_is_published(self):
        with harness.System() as system:
            names = {path.name for path in (system.upstream.folder / "projects").iterdir()}
            other = sorted(names - {FORGED})[0]
            system.rind("sync")
            system.rind("release")
            # By itself the manager would publish what is ingested before its state can be changed.
            config = system.config("delegation-manager")
            config.write_text(config.read_text().replace("automatic = true", "automatic = false"))
            system.kill("delegation-manager")
            system.start("delegation-manager")
            forged = system.upstream.add_wheel(FORGED, "8.0").name
            system.rind("sync", FORGED)
            self.forge(system, lambda signature: bytes([signature[0] ^ 1]) + signature[1:])
            # What it found when it started is out already: the pages, which no role lists yet.
            before = self.snapshot_version(system)
            honest = system.upstream.add_wheel(other, "8.0").name
            system.rind("sync", other)
            done = system.rind("--json", "release", check=False)
            self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
            answer = json.loads(done.stdout)
            self.assertTrue(answer["published"])
            self.assertEqual(answer["snapshot_version"], before + 1)
            self.assertGreaterEqual(len(answer["refused"]), 1)
            for refused in answer["refused"]:
                self.assertRegex(refused["role"], r"^bin-[0-9a-f]$")
                self.assertEqual(refused["rule"], "S-06")
                self.assertIn(refused["role"], refused["text"])
            self.assertEqual(system.rind_json("status", check=False)["last_error"].count("S-06: "),
                             len(answer["refused"]))
            snapshot = json.loads(system.public(f"metadata/{before + 1}.snapshot.json").read_text())
            last = json.loads(system.public(f"metadata/{before}.snapshot.json").read_text())
            for refused in answer["refused"]:
                name = f"{refused['role']}.json"
                self.assertEqual(snapshot["signed"]["meta"][name], last["signed"]["meta"][name])
            self.assertEqual(self.verdict(system, f"files/{FORGED}/rind_hello-1.0-py3-none-any.whl"),
                             "verified")

            # Again: nothing else is left to publish, and a person reads one line for each role.
            again = system.rind("release", check=False)
            self.assertEqual(again.returncode, 1, again.stdout + again.stderr)
            lines = [line for line in again.stdout.splitlines() if line.startswith("refused  ")]
            self.assertEqual([line.split()[1:3] for line in lines],
                             [[refused["role"], "S-06"] for refused in answer["refused"]])
            self.assertIn(f"nothing is released: snapshot v{before + 1}", again.stdout)

            # The manager publishes what waits when it starts.
            self.forge(system, lambda signature: bytes([signature[0] ^ 1]) + signature[1:])
            mended = system.rind_json("release")
            self.assertEqual(mended["refused"], [])
            self.assertEqual(self.snapshot_version(system), before + 2)
            self.assertEqual(system.rind_json("status")["last_error"], "")
            for target in (f"files/{FORGED}/{forged}", f"files/{other}/{honest}"):
                self.assertEqual(self.verdict(system, target), "verified")


if __name__ == "__main__":
    sys.exit(unittest.main())
