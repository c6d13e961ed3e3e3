#!/usr/bin/env python3
"""D-03: kill -9 of the manager, the syncer and each signer at every named place on the way of a release.

For each place (common/base/failpoint.h): the process dies there while the upstream has something new;
it is started again; from then on, without a hand, a verifying client finds the new file, the repository
is whole, and no signer ever bound two documents to one version. The same for the making of a repository,
with the offline signer. The places are printed.
"""

import collections
import hashlib
import json
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402
import signer_memory  # noqa: E402

SIGNERS = ("content-signer", "release-signer", "offline-signer")
# The manager publishes at once, so that nothing in this test asks it to.
AT_ONCE = {"RIND_PUBLISH_SETTLE": "0s"}


def signed_bytes(envelope):
    """The canonical document within a file that our encoder made."""
    return envelope[envelope.index(b'"signed":') + len(b'"signed":'):envelope.rindex(b"}")]


class OneDocumentPerVersion:
    """Collects (role, version) -> digest from every ledger, audit log and published file."""

    def __init__(self):
        self.digests = collections.defaultdict(set)
        self.refused = []

    def read(self, system):
        for signer in SIGNERS:
            folder = system.home / signer / "ledger"
            for role, version, digest in signer_memory.intents(folder):
                self.digests[role, version].add(digest)
            for entry in signer_memory.audit(folder):
                if entry["outcome"] == "refused":
                    self.refused.append(entry)
                else:
                    self.digests[entry["role"], entry["version"]].add(entry["sha256"])
        for path in system.public("metadata").glob("*.json"):
            role = path.name.removesuffix(".json").split(".", 1)[-1]
            data = path.read_bytes()
            version = json.loads(data)["signed"]["version"]
            self.digests[role, version].add(hashlib.sha256(signed_bytes(data)).hexdigest())

    def expect(self, test):
        twice = {key: found for key, found in self.digests.items() if len(found) != 1}
        test.assertEqual(twice, {}, "two documents for one version")
        test.assertEqual(self.refused, [], "a signer had to refuse what the recovery asked for")
        test.assertGreater(len(self.digests), 20)


def places_in(log):
    """Every passing of a place, "name:n" for its n-th; twice at most."""
    counts = collections.Counter(log.read_text().split() if log.exists() else [])
    return [f"{name}:{n}" for name, count in sorted(counts.items()) for n in range(1, min(count, 2) + 1)]


class Kill(unittest.TestCase):
    """A running system, with something new upstream each time."""

    @classmethod
    def setUpClass(cls):
        cls.system = harness.System().__enter__()
        cls.system.rind("sync")
        cls.system.rind("release")
        cls.version = 10
        cls.restart("delegation-manager")

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__(None, None, None)

    @classmethod
    def restart(cls, service, environment=()):
        cls.system.kill_any(service)
        return cls.system.start(service, {**AT_ONCE, **dict(environment)})

    def new_upstream(self):
        type(self).version += 1
        return self.system.upstream.add_wheel("rind-hello", f"{self.version}.0").name

    def expect_published(self, name):
        """Nobody asks for a release here; the syncer of this system is one that is run by hand."""
        harness.wait_for(lambda: self.system.rind("sync", check=False).returncode == 0, "a sync")
        harness.wait_for(lambda: self.system.rind("explain", name, check=False).returncode == 0,
                         f"a client to find {name}")

    def expect_whole(self):
        check = self.system.rind("check", "--data", check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def places(self, service):
        log = self.system.folder / f"{service}.places"
        self.restart(service, {"RIND_FAILPOINT_LOG": str(log)})
        self.expect_published(self.new_upstream())
        return places_in(log)

    def kill_at_every_place(self, service):
        places = self.places(service)
        self.assertGreater(len(places), 2, places)
        for place in places:
            with self.subTest(service=service, place=place):
                process = self.restart(service, {"RIND_FAILPOINT": place})
                name = self.new_upstream()
                self.system.rind("sync", check=False)
                harness.wait_for(lambda: process.poll() is not None, f"{service} to die at {place}")
                self.assertEqual(process.returncode, -9)
                self.restart(service)
                self.expect_published(name)
                self.expect_whole()
        found = OneDocumentPerVersion()
        found.read(self.system)
        found.expect(self)
        print(f"{service}: killed at {len(places)} places: {' '.join(places)}; "
              f"{len(found.digests)} versions, one document each", flush=True)

    def test_d03_the_manager_dies_at_every_step_of_a_release(self):
        self.kill_at_every_place("delegation-manager")

    def test_d03_the_content_signer_dies_at_every_step(self):
        self.kill_at_every_place("content-signer")

    def test_d03_the_release_signer_dies_at_every_step(self):
        self.kill_at_every_place("release-signer")

    def test_d03_the_syncer_dies_at_every_step(self):
        self.kill_at_every_place("mirror-syncer")


class KillWhileCreating(unittest.TestCase):
    """A system with keys and no repository, made anew for each place from a copy."""

    NEEDED = ("offline-signer", "content-signer", "release-signer", "delegation-manager")

    def setUp(self):
        self.system = harness.System()
        self.system.__enter__()
        self.addCleanup(self.system.__exit__, None, None, None)
        # What `rind up` made of signers and manager begins anew; certificates and configs stay.
        self.system.down()
        (self.system.home / "content-signer/receipt.pub").unlink()
        for signer in SIGNERS:
            shutil.rmtree(self.system.home / signer / "ledger")
            shutil.rmtree(self.system.home / signer / "keys")
            harness.run([harness.BIN / harness.PROGRAMS[signer], "init", "--config",
                         self.system.config(signer)])
        for path in (self.system.home / "delegation-manager").glob("state.db*"):
            path.unlink()
        for name in ("public", "bundle", "cache"):
            shutil.rmtree(self.system.home / name, ignore_errors=True)
        self.virgin = self.system.folder / "virgin"
        shutil.copytree(self.system.home, self.virgin)

    def create(self, victim, environment):
        """Starts everything and creates; the victim's process and what `rind create` did."""
        for service in self.NEEDED:
            self.system.kill_any(service)
        shutil.rmtree(self.system.home)
        shutil.copytree(self.virgin, self.system.home)
        running = {service: self.system.start(service, environment if service == victim else {})
                   for service in self.NEEDED}
        return running[victim], self.system.rind("create", check=False)

    def test_d03_a_creation_goes_on_after_a_death_at_every_step(self):
        for victim in ("delegation-manager", "offline-signer"):
            log = self.system.folder / f"{victim}.places"
            _, done = self.create(victim, {"RIND_FAILPOINT_LOG": str(log)})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            places = places_in(log)
            self.assertTrue(places)
            for place in places:
                with self.subTest(victim=victim, place=place):
                    process, done = self.create(victim, {"RIND_FAILPOINT": place})
                    harness.wait_for(lambda: process.poll() is not None, f"{victim} to die at {place}")
                    self.assertEqual(process.returncode, -9)
                    for service in ("offline-signer", victim):
                        # The offline signer may have sealed its keys; `rind up` starts it again too.
                        self.system.kill_any(service)
                        self.system.start(service)
                    # Whoever wants a repository asks again; one that was finished is there already.
                    done = self.system.rind("create", "--once", check=False)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    check = self.system.rind("check", "--data", check=False)
                    self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
                    found = OneDocumentPerVersion()
                    found.read(self.system)
                    found.expect(self)
            print(f"{victim}: killed at {len(places)} places of a creation: {' '.join(places)}",
                  flush=True)


if __name__ == "__main__":
    sys.exit(unittest.main())
