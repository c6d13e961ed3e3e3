#!/usr/bin/env python3
"""Wrong input to every command and every config: one line that says what and where, and no zero."""

import pathlib
import re
import sys
import tempfile
import unittest

import harness


def lines(done):
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


class WrongCommands(unittest.TestCase):
    CASES = [
        (["frobnicate"], "frobnicate"),
        (["sync", "not a name!"], "not a name!"),
        (["check", "--data", "../etc"], "../etc"),
        (["release", "--nonsense"], "--nonsense"),
        (["create", "--bins", "7"], "bins"),
        (["promote"], "promote"),
        (["explain"], "what"),
        (["explain", "rind-hello=="], "rind-hello=="),
        (["download"], "what"),
        (["claims", "authorise", "six"], "--key"),
        (["client", "refresh"], "metadata-dir"),
        (["up", "--bins", "12"], "bins"),
        (["up", "--upstream", "ftp://example.org/"], "ftp://example.org/"),
        (["--config", "/nowhere/client.toml", "status"], "/nowhere/client.toml"),
        (["completion", "tcsh"], "tcsh"),
    ]

    def test_every_command_says_what_is_wrong_in_few_words(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments, named in self.CASES:
                if arguments[0] == "up":
                    arguments = [*arguments, "--home", folder + "/home"]
                with self.subTest(arguments=arguments):
                    done = harness.run([harness.BIN / "rind", *arguments], check=False, cwd=folder)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertLessEqual(len(lines(done)), 2, lines(done))
                    self.assertIn(named, done.stdout + done.stderr)
                    self.assertNotRegex(done.stderr, r"terminate called|Assertion|core dumped")

    def test_every_command_without_a_running_system_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            tls = pathlib.Path(folder, "tls")
            harness.run([harness.BIN / "rind-pki", f"--ca-dir={folder}/ca", f"--issue=operator={tls}"])
            config = pathlib.Path(folder, "client.toml")
            config.write_text(
                '[tls]\nca = "tls/ca.pem"\ncertificate = "tls/certificate.pem"\nkey = "tls/key.pem"\n'
                '[services]\nmanager = "127.0.0.1:9"\nsyncer = "127.0.0.1:9"\n'
                'mirror = "http://127.0.0.1:9/"\ngateway = "http://127.0.0.1:9/"\n'
                '[client]\nbundle = "bundle"\ncache = "cache"\n')
            for command in (["sync"], ["release"], ["timestamp"], ["check"], ["claims", "list"],
                            ["promote", "--all"], ["destroy", "--yes"], ["create"], ["update"],
                            ["explain", "six==1"]):
                with self.subTest(command=command):
                    done = harness.run([harness.BIN / "rind", "--config", config, *command], check=False)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertLessEqual(len(lines(done)), 3, lines(done))
                    self.assertIn("rind", lines(done)[0])


class WrongConfigs(unittest.TestCase):
    """Each service's own config, with each of its keys spoilt in turn."""

    @classmethod
    def setUpClass(cls):
        cls.system = harness.System().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__(None, None, None)

    def verdict(self, service, text):
        path = self.system.config(service).with_name("wrong.toml")
        path.write_text(text)
        done = harness.run([harness.BIN / harness.PROGRAMS[service], "serve", "--config", path,
                            "--check-config"], check=False)
        path.unlink()
        return done

    def test_every_key_of_every_config(self):
        tried = 0
        for service in harness.SERVICES:
            good = self.system.config(service).read_text()
            self.assertEqual(self.verdict(service, good).returncode, 0, service)
            with self.subTest(service=service, wrong="an unknown key"):
                done = self.verdict(service, good + '\n[nonsense]\nkey = "x"\n')
                self.assertEqual(done.returncode, 1)
                self.assertIn("nonsense", done.stderr)
                self.assertIn("wrong.toml", done.stderr)
            section = ""
            for number, line in enumerate(good.splitlines()):
                if header := re.match(r"\[(\w+)\]", line):
                    section = header.group(1)
                entry = re.match(r"(\w+)\s*=\s*(.*)", line)
                if not entry or section == "callers":
                    continue
                key, value = entry.groups()
                wrong = "12" if value.startswith(('"', "[")) else '"twelve!"'
                spoilt = good.splitlines()
                spoilt[number] = f"{key} = {wrong}"
                with self.subTest(service=service, key=f"{section}.{key}"):
                    done = self.verdict(service, "\n".join(spoilt))
                    self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                    self.assertIn(f"{section}.{key}", done.stderr)
                    self.assertEqual(len(lines(done)), 1, lines(done))
                    tried += 1
        self.assertGreater(tried, 40)

    def test_a_config_that_is_no_toml_names_the_line(self):
        for service in harness.SERVICES:
            done = self.verdict(service, "[service\nlisten = 1\n")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"wrong\.toml.*(line )?1")


if __name__ == "__main__":
    sys.exit(unittest.main())
