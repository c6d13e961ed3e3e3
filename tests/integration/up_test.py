#!/usr/bin/env python3
"""`rind up` twice, in the foreground, and stopped by Ctrl-C."""

import pathlib
import signal
import subprocess
import sys
import time
import unittest

import harness


class Up(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = harness.System().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__(None, None, None)

    def running(self):
        """Name and id of every process of the home that has not ended."""
        found = {}
        for path in (self.system.home / "run").glob("*.pid"):
            pid = int(path.read_text().split()[0])
            if not harness.process_is_gone(pid):
                found[path.stem] = pid
        return found

    def offline_signer_serves(self):
        services = self.system.rind_json("status")["services"]
        return {row["name"]: row["serving"] for row in services}["offline-signer"]

    def up(self, *options):
        return harness.run([harness.BIN / "rind", "up", "--home", self.system.home, "--detach", *options])

    def test_up_starts_what_is_missing_and_leaves_the_rest_alone(self):
        before = self.running()
        self.assertEqual(set(before), {"content-signer", "release-signer", "delegation-manager",
                                       "mirror-syncer", "web", "gateway"})
        again = self.up()
        self.assertIn("runs already", again.stdout + again.stderr)
        self.assertEqual(self.running(), before)

        ceremony = self.up("--with-offline-signer")
        self.assertIn("runs already but for offline-signer", ceremony.stdout + ceremony.stderr)
        with_signer = self.running()
        self.assertEqual({name: pid for name, pid in with_signer.items() if name != "offline-signer"},
                         before)
        harness.wait_for(self.offline_signer_serves, "the manager to reach the offline signer")
        self.up("--with-offline-signer")
        self.assertEqual(self.running(), with_signer, "the second time there is nothing to start")

        self.system.kill("gateway")
        self.up()
        mended = self.running()
        self.assertNotEqual(mended.pop("gateway"), with_signer.pop("gateway"))
        self.assertEqual(mended, with_signer)
        self.assertLess(self.system.get(self.system.index)[0], 500, "the new gateway answers")

        other = harness.run([harness.BIN / "rind", "up", "--home", self.system.home, "--detach",
                             "--newest-releases", "1"], check=False)
        self.assertEqual(other.returncode, 1, "other settings need a stop first")
        self.assertIn("rind down", other.stderr)
        self.system.down()
        self.assertEqual(self.running(), {}, "down stops the offline signer too")
        self.up()

    def test_ctrl_c_ends_every_service_and_the_next_up_works(self):
        self.system.down()
        log = self.system.folder / "foreground.log"
        with open(log, "wb") as out:
            foreground = subprocess.Popen(
                [str(harness.BIN / "rind"), "up", "--home", str(self.system.home), "--with-offline-signer"],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        try:
            # It writes its own id once it watches over the others.
            harness.wait_for(lambda: "supervisor" in self.running() or foreground.poll() is not None,
                             "rind up to watch over its services")
            running = self.running()
            self.assertEqual(set(running), {"offline-signer", "content-signer", "release-signer",
                                            "delegation-manager", "mirror-syncer", "web", "gateway",
                                            "supervisor"}, log.read_text())
            self.assertEqual(running.pop("supervisor"), foreground.pid)
            children = pathlib.Path(f"/proc/{running['web']}/task/{running['web']}/children")
            workers = {int(pid) for pid in children.read_text().split()}
            self.assertTrue(workers, "nginx has workers of its own")
            begin = time.monotonic()
            foreground.send_signal(signal.SIGINT)
            self.assertEqual(foreground.wait(timeout=10), 0, log.read_text())
            self.assertLess(time.monotonic() - begin, 10)
        finally:
            if foreground.poll() is None:
                foreground.kill()
                foreground.wait(timeout=20)
        left = [pid for pid in {*running.values(), *workers} if not harness.process_is_gone(pid)]
        self.assertEqual(left, [], log.read_text())
        self.assertNotIn("was killed", log.read_text())
        self.assertEqual(list((self.system.home / "run").glob("*.pid")), [])

        self.up()
        self.assertTrue(self.system.rind_json("status")["created"])
        self.assertEqual(self.system.rind("check").returncode, 0)
        self.assertLess(self.system.get(self.system.index)[0], 500)


if __name__ == "__main__":
    sys.exit(unittest.main())
