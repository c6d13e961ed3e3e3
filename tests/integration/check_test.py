#!/usr/bin/env python3
"""`rind check` finds what differs and names it; `rind destroy` deletes what it says and nothing else."""

import os
import sys
import unittest

import harness

WHEEL = "rind_hello-1.0-py3-none-any.whl"


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = harness.System().__enter__()
        cls.system.rind("sync")
        cls.system.rind("release")

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__(None, None, None)

    def expect_difference(self, *named, exit_code=1):
        done = self.system.rind("check", "--data", check=False)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        for name in named:
            self.assertIn(name, done.stdout + done.stderr)
        self.assertEqual(self.clean(), exit_code)

    def clean(self):
        return self.system.rind("check", "--data", check=False).returncode

    def flipped(self, path):
        """Changes one byte of a file for the duration of a `with`."""
        class Flip:
            def __enter__(inner):
                inner.good = path.read_bytes()
                path.chmod(0o644)
                path.write_bytes(inner.good[:-1] + bytes([inner.good[-1] ^ 1]))

            def __exit__(inner, *_):
                path.write_bytes(inner.good)
        return Flip()

    def test_a_whole_repository_matches(self):
        self.assertEqual(self.clean(), 0)

    def test_one_byte_of_a_blob(self):
        blob = self.system.blob_of("rind-hello", WHEEL)
        with self.flipped(blob):
            self.expect_difference(blob.name[:8])
        self.assertEqual(self.clean(), 0)

    def test_one_byte_of_a_bin(self):
        newest = max(self.system.public("metadata").glob("*.bin-*.json"),
                     key=lambda path: int(path.name.split(".")[0]))
        with self.flipped(newest):
            self.expect_difference(newest.name.split(".")[1])
        self.assertEqual(self.clean(), 0)

    def test_a_missing_blob(self):
        blob = self.system.blob_of("rind-hello", WHEEL)
        away = self.system.folder / "away"
        os.rename(blob, away)
        try:
            self.expect_difference(blob.name[:8])
        finally:
            os.rename(away, blob)
        self.assertEqual(self.clean(), 0)

    def test_a_file_that_nobody_lists(self):
        for folder in (self.system.home / "blobs/sha256/ab", self.system.public("metadata")):
            folder.mkdir(exist_ok=True)
            stranger = folder / "stranger.bin"
            stranger.write_bytes(b"?")
            try:
                self.expect_difference("stranger.bin")
            finally:
                stranger.unlink()
        self.assertEqual(self.clean(), 0)

    def test_what_can_not_be_read_is_neither_yes_nor_no(self):
        # Root reads everything, so a manager that root starts goes without that right.
        root = os.geteuid() == 0
        wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if root else []
        self.system.kill_any("delegation-manager")
        self.system.start("delegation-manager", wrapper=wrapper)
        timestamp = self.system.public("metadata/timestamp.json")
        timestamp.chmod(0)
        try:
            self.expect_difference("timestamp", exit_code=2)
        finally:
            timestamp.chmod(0o644)
        self.assertEqual(self.clean(), 0)


class Destroy(unittest.TestCase):
    def test_destroy_deletes_what_it_says_and_create_starts_anew(self):
        with harness.System() as system:
            system.rind("sync")
            system.rind("release")
            old_root = system.public("metadata/1.root.json").read_bytes()
            foreign = [system.public("README"), system.home / "blobs/notes.txt"]
            for path in foreign:
                path.write_text("not rind's\n")
            blob = system.blob_of("rind-hello", WHEEL)

            refused = system.rind("destroy", check=False)   # nobody there to say yes
            self.assertNotEqual(refused.returncode, 0)
            self.assertTrue(system.public("metadata/timestamp.json").exists())

            system.rind("destroy", "--yes", "--keys")
            self.assertEqual([p for p in system.public("metadata").rglob("*") if p.is_file()]
                             if system.public("metadata").exists() else [], [])
            self.assertTrue(blob.exists(), "blobs stay without --blobs")
            for path in foreign:
                self.assertTrue(path.exists(), path)

            system.down()
            system.up()
            new_root = system.public("metadata/1.root.json").read_bytes()
            self.assertNotEqual(old_root, new_root)
            system.rind("sync")
            system.rind("release")
            self.assertEqual(system.rind("check", "--data", check=False).returncode, 1,
                             "the foreign files are listed by nothing")
            for path in foreign:
                path.unlink()
            self.assertEqual(system.rind("check", "--data", check=False).returncode, 0)


if __name__ == "__main__":
    sys.exit(unittest.main())
