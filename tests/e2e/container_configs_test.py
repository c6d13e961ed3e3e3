#!/usr/bin/env python3
"""The configs that go into the containers, read by the programs that will read them there."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RIND_BIN", ROOT / "build/release/bin"))
PROGRAMS = {
    "offline-signer": "rind-offline-signer",
    "release-signer": "rind-online-signer",
    "content-signer": "rind-online-signer",
    "delegation-manager": "rind-delegation-manager",
    "mirror-syncer": "rind-mirror-syncer",
    "gateway": "rind-gateway",
}


class ContainerConfigs(unittest.TestCase):
    def check(self, name, **environment):
        config = ROOT / "docker/config" / f"{name}.toml"
        return subprocess.run([BIN / PROGRAMS[name], "--config", config, "--check-config"],
                              env=dict(os.environ, **environment), text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)

    def test_every_config_is_in_order(self):
        named = {path.stem for path in (ROOT / "docker/config").glob("*.toml")}
        self.assertEqual(named - {"client"}, set(PROGRAMS))
        for name in PROGRAMS:
            with self.subTest(name):
                done = self.check(name)
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_build_stage_installs_what_a_build_needs(self):
        sections = re.split(r"^\[(\w+)\]$", (ROOT / "packages.txt").read_text(), flags=re.M)
        listed = set(dict(zip(sections[1::2], sections[2::2]))["build"].split())
        stage = (ROOT / "docker/Dockerfile").read_text().split("WORKDIR")[0]
        # Tests are not built there, and a compiler cache would start empty.
        missing = listed - set(stage.split()) - {"ccache", "libgtest-dev", "libgmock-dev"}
        self.assertEqual(missing, set(), "of packages.txt [build], not in the build stage of docker/Dockerfile")

    def test_what_env_turns_to_a_real_index_is_taken(self):
        done = self.check("mirror-syncer", RIND_UPSTREAM_INDEX="https://index.example.org/simple/",
                          RIND_PROJECTS_NAMES="six, idna",
                          RIND_UPSTREAM_ALLOW_PRIVATE_ADDRESSES="false")
        self.assertEqual(done.returncode, 0, done.stdout)
        done = self.check("mirror-syncer", RIND_UPSTREAM_ALLOW_PRIVATE_ADDRESSES="maybe")
        self.assertEqual(done.returncode, 1)
        self.assertIn("RIND_UPSTREAM_ALLOW_PRIVATE_ADDRESSES is 'maybe'", done.stdout)

    def offline_signer(self, **environment):
        config = ROOT / "docker/config/offline-signer.toml"
        return subprocess.run([BIN / "rind-offline-signer", "--config", config], check=False,
                              env=dict(os.environ, **environment), text=True, timeout=30,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_a_demo_signer_of_a_made_repository_has_nothing_to_approve(self):
        # It waited for ever at the second `docker compose up`, for a manager that never came.
        done = self.offline_signer(RIND_POLICY_BOOTSTRAP_DONE_FILE=__file__)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"nothing to approve: {__file__} says that the repository is made", done.stdout)
        self.assertIn("RIND_POLICY_BOOTSTRAP=none", done.stdout)

    def test_it_serves_while_the_repository_is_not_made_or_when_it_is_asked_to(self):
        # Here it gets as far as its ledger, which is not there.
        missing = "/nowhere/ledger"
        for environment in ({"RIND_POLICY_BOOTSTRAP_DONE_FILE": "/nowhere/settings.json"},
                            {"RIND_POLICY_BOOTSTRAP_DONE_FILE": __file__,
                             "RIND_POLICY_BOOTSTRAP": "none"}):
            with self.subTest(environment):
                done = self.offline_signer(RIND_LEDGER_DIRECTORY=missing, **environment)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(missing, done.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main())
