#!/usr/bin/env python3
"""A project on its way from unclaimed over recently-claimed to claimed, as a verifying client sees it."""

import pathlib
import sys
import unittest

import harness

PROJECT = "rind-hello"
WHEEL = f"files/{PROJECT}/rind_hello-1.0-py3-none-any.whl"


class Claims(unittest.TestCase):
    def chain(self, system, target=WHEEL):
        """The targets roles through which a verifying client finds a target, by `rind explain`: those
        of offline keys, of online keys, of developers."""
        explained = system.rind_json("explain", target)
        self.assertEqual(explained["verdict"], "verified", explained)
        file = explained["files"][0]
        self.assertEqual(file["path"], target)
        roles = [role.split()[0] for role in file["offline"] + file["online"] + file["project"]]
        return [role for role in roles if role not in ("root", "snapshot", "timestamp")]

    def project(self, system, *arguments, check=True):
        return harness.run(
            [harness.BIN / "rind-project", "--config", system.home / "developer/client.toml",
             "--home", system.folder / "projects", *arguments], check=check)

    def test_s08_each_step_from_unclaimed_to_claimed(self):
        with harness.System() as system:
            system.rind("sync")
            system.rind("release")
            self.assertTrue(self.chain(system)[-1].startswith("bin-"))

            passphrase = system.folder / "passphrase"
            passphrase.write_text("correct horse battery staple\n")
            passphrase.chmod(0o600)
            self.project(system, "init", PROJECT, "--passphrase-file", passphrase)
            self.project(system, "claim", PROJECT, "--yes", "--passphrase-file", passphrase)
            self.assertTrue(self.chain(system)[-1].startswith("bin-"), "a request changes nothing")
            waiting = system.rind_json("claims", "list", "--waiting")["claims"]
            self.assertEqual([claim["project"] for claim in waiting], [PROJECT])

            # Another officer's key is not the one that the content-signer pins.
            other = system.folder / "other.key"
            system.rind("claims", "keygen", "--out", other, "--no-passphrase")
            refused = system.rind("claims", "authorise", PROJECT, "--key", other, "--no-passphrase",
                                  "--yes", check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertTrue(self.chain(system)[-1].startswith("bin-"))

            system.rind("claims", "authorise", PROJECT, "--key", system.home / "officer/officer.key",
                        "--no-passphrase", "--yes")
            self.assertEqual(self.chain(system), ["targets", "recently-claimed", f"project.{PROJECT}"])

            # The upstream is not asked for this project any more: a new file there does not come.
            system.upstream.add_wheel(PROJECT, "6.6")
            system.rind("sync", check=False)
            system.rind("release")
            _, _, page = system.get(system.index + PROJECT + "/", "application/vnd.pypi.simple.v1+json")
            self.assertNotIn("rind_hello-6.6", page.decode())

            # A release by the developer, signed with the project's own key.
            wheel = system.upstream.add_wheel(PROJECT, "7.0")
            local = pathlib.Path(system.folder / wheel.name)
            local.write_bytes(wheel.read_bytes())
            self.project(system, "add", PROJECT, local, "--yes", "--passphrase-file", passphrase)
            self.project(system, "push", PROJECT)
            self.assertEqual(self.chain(system, f"files/{PROJECT}/{wheel.name}")[-1], f"project.{PROJECT}")

            # Promotion: a person at the offline signer reads the difference and approves.
            self.assertNotEqual(system.rind("promote", PROJECT, "--no-wait", check=False).returncode, 0,
                                "the offline signer has stopped")
            offline = system.start("offline-signer")
            proposal = system.rind_json("promote", PROJECT, "--no-wait")["proposal"]
            signer = [harness.BIN / "rind-offline-signer"]
            config = ["--config", system.config("offline-signer")]
            review = harness.run([*signer, "review", *config, proposal]).stdout
            for word in ("claimed", PROJECT, proposal):
                self.assertIn(word, review)
            harness.run([*signer, "approve", *config, proposal, "--yes"])
            done = system.rind("promote", PROJECT)
            self.assertIn("published", done.stdout)
            offline.terminate()
            offline.wait(timeout=20)
            self.assertEqual(self.chain(system), ["targets", "claimed", f"project.{PROJECT}"])
            self.assertEqual(system.rind("check", "--data", check=False).returncode, 0)

            # And pip still installs it.
            python = system.python_with_pip()
            system.kill("gateway")
            system.start("gateway")
            self.assertIn("Successfully installed rind-hello-7.0",
                          system.pip_install(python, f"{PROJECT}==7.0").stdout)


if __name__ == "__main__":
    sys.exit(unittest.main())
