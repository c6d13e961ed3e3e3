#!/usr/bin/env python3
"""The main job: sync, release, a real pip through the gateway; a byte changed and refused."""

import json
import sys
import time
import unittest

import harness

WHEEL = "rind_hello-1.0-py3-none-any.whl"


class Road(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = harness.System().__enter__()
        cls.system.rind("sync")
        cls.system.rind("release")

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__(None, None, None)

    def test_pip_installs_through_the_gateway_and_explain_says_why(self):
        python = self.system.python_with_pip()
        done = self.system.pip_install(python, "rind-hello==1.0")
        self.assertIn("Successfully installed rind-hello-1.0", done.stdout)
        greeting = harness.run([python.parent / "rind-hello"])
        self.assertTrue(greeting.stdout.strip())
        explained = self.system.rind("explain", "rind-hello==1.0").stdout
        for word in ("VERIFIED", f"files/rind-hello/{WHEEL}", "root v1", "targets v1", "unclaimed v1",
                     "bin-", "snapshot v", "timestamp v"):
            self.assertIn(word, explained)

    def test_c14_a_changed_byte_is_refused_with_the_reason_and_comes_back(self):
        blob = self.system.blob_of("rind-hello", WHEEL)
        good = blob.read_bytes()
        blob.chmod(0o644)
        blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        try:
            python = self.system.python_with_pip()
            # The gateway may hold a verified copy from before: only what is not cached is asked for.
            harness.run(["rm", "-rf", self.system.home / "gateway/cache/sha256"])
            refused = self.system.pip_install(python, "rind-hello==1.0", check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertRegex(refused.stdout + refused.stderr,
                             r"403 Client Error: rind refused: bin-\w+ v\d+ wants sha256 \w+(\.\.\.)?, web sent \w+")
            explained = self.system.rind("explain", "rind-hello==1.0", check=False)
            self.assertEqual(explained.returncode, 1)
        finally:
            blob.write_bytes(good)
        self.assertIn("Successfully installed", self.system.pip_install(python, "rind-hello==1.0").stdout)

    def test_what_is_not_there_is_absent_and_not_refused(self):
        status, _, _ = self.system.get(self.system.index + "no-such-project/")
        self.assertEqual(status, 404)

    def test_a_second_sync_brings_what_is_new(self):
        self.system.upstream.add_wheel("rind-hello", "5.0")
        self.system.rind("sync")
        self.system.rind("release")

        def listed():
            _, _, page = self.system.get(self.system.index + "rind-hello/", "application/vnd.pypi.simple.v1+json")
            return any(file["filename"].startswith("rind_hello-5.0") for file in json.loads(page)["files"])
        # The gateway looks for a new timestamp once in a while; a start looks at once.
        self.system.kill("gateway")
        self.system.start("gateway")
        self.assertTrue(listed())
        again = self.system.rind_json("sync")
        self.assertEqual(again["changed_projects"], 0)

    def test_status_shows_everything_at_a_glance(self):
        status = self.system.rind_json("status")
        roles = {row["role"]: row for row in status["roles"]}
        for role in ("root", "targets", "claimed", "unclaimed", "recently-claimed", "bins", "snapshot",
                     "timestamp"):
            self.assertIn(role, roles)
            self.assertGreaterEqual(roles[role]["version"], 1)
            self.assertGreater(roles[role]["expires"], time.time())
            self.assertTrue(roles[role]["key_ids"], role)
        text = self.system.rind("status").stdout
        for word in ("timestamp", "delegation-manager", "mirror-syncer", "gateway", "projects"):
            self.assertIn(word, text)

    def test_the_plain_index_is_off(self):
        status, _, _ = self.system.get(self.system.mirror + "simple/rind-hello/")
        self.assertEqual(status, 404)


class Bootstrap(unittest.TestCase):
    """`rind create --once --sync`, for which the gateway of a compose stack waits."""

    def test_it_is_done_once_something_is_mirrored_and_stays_done_without_the_upstream(self):
        with harness.System() as system:
            projects = [path.name for path in (system.upstream.folder / "projects").iterdir()]
            system.upstream.faults(broken_page=projects)
            broken = system.rind("create", "--once", "--sync", check=False)
            self.assertEqual(broken.returncode, 1, "no project could be taken over")

            system.upstream.faults(broken_page=projects[:1])
            partly = system.rind("create", "--once", "--sync", check=False)
            self.assertEqual(partly.returncode, 0, partly.stdout + partly.stderr)

            system.upstream.stop()
            away = system.rind("create", "--once", "--sync", check=False)
            self.assertEqual(away.returncode, 0, away.stdout + away.stderr)
            self.assertIn("what is mirrored stays", away.stdout + away.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
