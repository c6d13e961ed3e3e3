#!/usr/bin/env python3
"""README.md's console blocks are what containers_test.py runs, and are read as they are meant."""

import re
import sys
import unittest

import readme


class Readme(unittest.TestCase):
    def test_the_quick_start_has_the_blocks_that_the_containers_test_runs(self):
        first = [block[0].command for block in readme.steps()]
        self.assertEqual([command.split(" ")[0:2] for command in first],
                         [["git", "clone"], ["python3", "-m"], ["docker", "compose"],
                          ["docker", "compose"], ["docker", "compose"]])
        self.assertEqual(first[2:], ["docker compose run --rm rind demo tamper",
                                     "docker compose up -d", "docker compose down -v"])

    def test_no_command_stands_outside_of_them(self):
        rest = re.sub(r"^```console\n.*?^```$", "", readme.README.read_text(), flags=re.M | re.S)
        self.assertEqual(re.findall(r"^\$ .*", rest, re.M), [])

    def test_output_is_compared_in_order_and_abridged(self):
        (block,) = readme.steps("```console\n$ rind explain x  # why\nVERIFIED x  sha256 29...\n"
                                "  online  bin-0c v2   expires in 23 h 58 m\n```\n")
        (step,) = block
        self.assertEqual(step.command, "rind explain x")
        good = "noise\nVERIFIED x sha256 29ab\nmore\n  online   bin-0c v31  expires in 1 h 2 m\n"
        self.assertIsNone(step.missing(good))
        for bad in ("", "VERIFIED x sha256 30ab\n", good.replace("0c", "0d"),
                    "\n".join(reversed(good.splitlines())), good.replace("VERIFIED", "NOT VERIFIED")):
            with self.subTest(bad):
                self.assertIsNotNone(step.missing(bad))

    def test_a_command_that_shows_an_error_is_one_that_fails(self):
        (block,) = readme.steps("```console\n$ pip\nERROR: no\n$ rind\nput back\n```\n")
        self.assertEqual([step.fails for step in block], [True, False])


if __name__ == "__main__":
    sys.exit(unittest.main())
