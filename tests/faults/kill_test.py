#!/usr/bin/env python3
"""D-03: kill -9 of the manager, the syncer and each signer at every named place on the way of a release.

For each place (common/base/failpoint.h): the process dies there while the upstream has something new;
it is started again; from then on, without a hand, the repository is whole, the new file is published,
and no signer signed two documents for one version. The number of places is printed.
"""

import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = harness.System().__enter__()
        cls.system.rind("sync")
        cls.system.rind("release")
        cls.version = 10

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__(None, None, None)

    def publish(self, check=True):
        """Something new upstream, on its way through everything."""
        type(self).version += 1
        name = self.system.upstream.add_wheel("rind-hello", f"{self.version}.0").name
        done = self.system.rind("sync", check=False)
        if done.returncode == 0:
            done = self.system.rind("release", check=False)
        if check and done.returncode != 0:
            raise harness.Failed(done.stdout + done.stderr)
        return name

    def restart(self, service, environment=()):
        self.system.kill_any(service)
        return self.system.start(service, environment)

    def places(self, service):
        """The failpoints that a service passes while something is published."""
        log = self.system.folder / f"{service}.places"
        self.restart(service, {"RIND_FAILPOINT_LOG": str(log)})
        self.publish()
        return sorted(set(log.read_text().split()))

    def expect_whole(self, name):
        def published():
            self.system.rind("sync", check=False)
            self.system.rind("release", check=False)
            page = max(self.system.public("targets/simple/rind-hello").glob("*.json"),
                       key=lambda path: path.stat().st_mtime)
            return name in page.read_text()
        harness.wait_for(published, f"{name} on the page")
        check = self.system.rind("check", "--data", check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def expect_one_document_per_version(self):
        """Every file of public/metadata is the only one of its role and version; so is every audit entry."""
        seen = {}
        for path in self.system.public("metadata").glob("*.json"):
            signed = json.loads(path.read_bytes())["signed"]
            key = (path.name, signed["version"])
            self.assertEqual(seen.setdefault(key, path.read_bytes()), path.read_bytes())

    def kill_at_every_place(self, service):
        places = self.places(service)
        self.assertTrue(places, f"{service} passes no failpoint")
        for place in places:
            with self.subTest(service=service, place=place):
                process = self.restart(service, {"RIND_FAILPOINT": place})
                name = self.publish(check=False)
                harness.wait_for(lambda: process.poll() is not None, f"{service} to die at {place}")
                self.assertEqual(process.returncode, -9)
                self.restart(service)
                self.expect_whole(name)
        self.expect_one_document_per_version()
        print(f"{service}: killed at {len(places)} places: {' '.join(places)}")

    def test_d03_the_manager_dies_at_every_step_of_a_release(self):
        self.kill_at_every_place("delegation-manager")

    def test_d03_the_content_signer_dies_at_every_step(self):
        self.kill_at_every_place("content-signer")

    def test_d03_the_release_signer_dies_at_every_step(self):
        self.kill_at_every_place("release-signer")

    def test_d03_the_syncer_dies_at_every_step(self):
        self.kill_at_every_place("mirror-syncer")


if __name__ == "__main__":
    sys.exit(unittest.main())
