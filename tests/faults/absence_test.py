#!/usr/bin/env python3
"""Two weeks off: everything online has expired, and the system comes back by itself, whole.

The programs run with the wall clock two weeks ahead (Debian's faketime; clocks that only measure are
left alone). Before `rind up` says READY, every role of an online key is signed anew; a client that lives
in the same time accepts it, and one that is shown what was there before would not.
"""

import json
import os
import pathlib
import sys
import time
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402

DAYS = 14
LIBRARY = next((path for path in pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
TWO_WEEKS_LATER = {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"+{DAYS}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
WHEEL = "rind_hello-1.0-py3-none-any.whl"


def expiry(text):
    import datetime
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp()


@unittest.skipIf(LIBRARY is None, "needs Debian's package faketime")
class Absence(unittest.TestCase):
    def later(self):
        return unittest.mock.patch.dict(os.environ, TWO_WEEKS_LATER)

    def online(self, system):
        """(version, expiry) of everything that online keys sign, as published."""
        folder = system.public("metadata")
        timestamp = json.loads((folder / "timestamp.json").read_bytes())["signed"]
        number = timestamp["meta"]["snapshot.json"]["version"]
        snapshot = json.loads((folder / f"{number}.snapshot.json").read_bytes())["signed"]
        roles = {"timestamp": timestamp, "snapshot": snapshot}
        for name, meta in snapshot["meta"].items():
            role = name.removesuffix(".json")
            if role == "recently-claimed" or role.startswith("bin-"):
                roles[role] = json.loads((folder / f"{meta['version']}.{name}").read_bytes())["signed"]
        return {role: (signed["version"], expiry(signed["expires"])) for role, signed in roles.items()}

    def test_after_two_weeks_off_everything_online_is_signed_anew_before_ready(self):
        with harness.System() as system:
            system.rind("sync")
            system.rind("release")
            before = self.online(system)
            self.assertEqual(len(before), 3 + system.bins)
            then = time.time() + DAYS * 86400
            self.assertTrue(all(expires < then for _, expires in before.values()), before)
            old = (system.public("metadata/timestamp.json")).read_bytes()
            system.down()

            with self.later():
                system.up()
                after = self.online(system)
                self.assertEqual(set(after), set(before))
                for role, (version, expires) in after.items():
                    self.assertEqual(version, before[role][0] + 1, role)
                    self.assertGreater(expires, then, role)
                self.assertIn("VERIFIED", system.rind("explain", "rind-hello==1.0").stdout)
                check = system.rind("check", "--data", check=False)
                self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
                self.assertIn("Successfully installed rind-hello-1.0",
                              system.pip_install(system.python_with_pip(), "rind-hello==1.0").stdout)

                # And what comes after goes the usual way.
                name = system.upstream.add_wheel("rind-hello", "9.0").name
                system.rind("sync")
                system.rind("release")
                self.assertEqual(system.rind("explain", name).returncode, 0)

                # The same client refuses what was there before.
                path = system.public("metadata/timestamp.json")
                path.write_bytes(old)
                self.assertEqual(system.rind("explain", name, check=False).returncode, 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
