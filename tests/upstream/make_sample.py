#!/usr/bin/env python3
"""Builds the sample that the sample PyPI serves: small projects with wheels and sdists.

    make_sample.py DIR [--no-system-wheels]

The result is the same, byte for byte, at every run (except for Debian's own wheels, which are copied
when they are there): times are fixed and archives are written member by member. Layout:

    DIR/projects/<project>/<file>            the distributions
    DIR/projects/<project>/project.json      {"<file>": {"yanked": "reason", "upload-time": "..."}}
    DIR/serial                               a counter; raise it when something changes
"""

import argparse
import base64
import gzip
import hashlib
import io
import json
import pathlib
import shutil
import sys
import tarfile
import zipfile

ZIP_TIME = (2024, 1, 1, 0, 0, 0)
UNIX_TIME = 1704067200
SYSTEM_WHEELS = pathlib.Path("/usr/share/python-wheels")


# The build backend that each sdist carries (PEP 517, backend-path): it needs nothing but Python, so an
# sdist builds offline whatever setuptools the mirror has.
BACKEND = '''"""Builds this one project's wheel."""
import base64, hashlib, pathlib, zipfile

WHEEL = "Wheel-Version: 1.0\\nGenerator: rind-sample 1\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    metadata = pathlib.Path("PKG-INFO").read_text()
    facts = dict(line.split(": ", 1) for line in metadata.split("\\n\\n")[0].splitlines())
    stem = facts["Name"].replace("-", "_") + "-" + facts["Version"]
    info = stem + ".dist-info/"
    files = {p.as_posix(): p.read_text() for p in sorted(pathlib.Path(".").glob("*/*.py"))}
    files[info + "METADATA"], files[info + "WHEEL"] = metadata, WHEEL
    if pathlib.Path("entry_points.txt").exists():
        files[info + "entry_points.txt"] = pathlib.Path("entry_points.txt").read_text()
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        record += name + ",sha256=" + digest.rstrip("=") + "," + str(len(text.encode())) + "\\n"
    files[info + "RECORD"] = record + info + "RECORD,,\\n"
    name = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return name


def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError("this is an sdist already")
'''


class Release:
    """One release of one project: what goes into its wheel and its sdist."""

    def __init__(self, name, version, source, *, requires=(), python=">=3.7", scripts=None,
                 summary="A sample project", yanked=None, wheel=True, sdist=True):
        self.name, self.version, self.source = name, version, source
        self.requires, self.python, self.scripts = list(requires), python, scripts or {}
        self.summary, self.yanked, self.wheel, self.sdist = summary, yanked, wheel, sdist
        self.module = name.replace("-", "_")

    @property
    def stem(self):
        return f"{self.module}-{self.version}"

    def metadata(self):
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}",
                 f"Summary: {self.summary}", "License: Apache-2.0",
                 f"Requires-Python: {self.python}"]
        lines += [f"Requires-Dist: {r}" for r in self.requires]
        return "\n".join(lines) + f"\n\n# {self.name}\n\n{self.summary}.\n"

    def entry_points(self):
        if not self.scripts:
            return None
        return "[console_scripts]\n" + "".join(f"{k} = {v}\n" for k, v in self.scripts.items())

    def wheel_name(self):
        return f"{self.stem}-py3-none-any.whl"

    def sdist_name(self):
        return f"{self.stem}.tar.gz"

    def wheel_bytes(self):
        info = f"{self.stem}.dist-info"
        files = {f"{self.module}/__init__.py": self.source,
                 f"{info}/METADATA": self.metadata(),
                 f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: rind-sample 1\n"
                                  "Root-Is-Purelib: true\nTag: py3-none-any\n",
                 f"{info}/top_level.txt": f"{self.module}\n"}
        if self.entry_points():
            files[f"{info}/entry_points.txt"] = self.entry_points()
        record = []
        for name, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record.append(f"{name},sha256={digest.rstrip(b'=').decode()},{len(text.encode())}")
        record.append(f"{info}/RECORD,,")
        files[f"{info}/RECORD"] = "\n".join(record) + "\n"
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, text in files.items():
                member = zipfile.ZipInfo(name, ZIP_TIME)
                member.external_attr = 0o644 << 16
                # Stored, not deflated: zlib's output differs from version to version.
                archive.writestr(member, text.encode(), zipfile.ZIP_STORED)
        return out.getvalue()

    def sdist_bytes(self):
        files = {"PKG-INFO": self.metadata(),
                 "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
                                   'backend-path = ["."]\n',
                 "backend.py": BACKEND,
                 f"{self.module}/__init__.py": self.source}
        if self.entry_points():
            files["entry_points.txt"] = self.entry_points()
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for folder in ("", f"/{self.module}"):
                member = tarfile.TarInfo(self.stem + folder)
                member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, UNIX_TIME
                archive.addfile(member)
            for name, text in files.items():
                member = tarfile.TarInfo(f"{self.stem}/{name}")
                member.size, member.mode, member.mtime = len(text.encode()), 0o644, UNIX_TIME
                archive.addfile(member, io.BytesIO(text.encode()))
        out = io.BytesIO()
        with gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=0,
                           mtime=UNIX_TIME) as packed:
            packed.write(plain.getvalue())
        return out.getvalue()


def module(text, version):
    return f'"""A sample module."""\n\n__version__ = "{version}"\n\n\n{text}'


HELLO = '''def greeting():
    return "Hello from behind the rind."


def main():
    print(greeting())
'''
CHEESE = '''import rind_hello


def slice_of(kind="{kind}"):
    return rind_hello.greeting() + " Here is some " + kind + "."
'''
MOULD = "BLUE = True\n"
CAVE = '''import rind_cheese


def ripen(days):
    return rind_cheese.slice_of() + " It is " + str(days) + " days old."
'''


def releases():
    yield Release("rind-hello", "1.0", module(HELLO, "1.0"), summary="Says hello",
                  scripts={"rind-hello": "rind_hello:main"})
    for version, kind in (("0.9", "curd"), ("1.0", "brie"), ("1.1", "gouda"), ("1.2", "comte"),
                          ("2.0rc1", "stilton")):
        yield Release("rind-cheese", version, module(CHEESE.format(kind=kind), version),
                      requires=["rind-hello>=1.0"], summary="A cheese", sdist=version == "1.2",
                      yanked="spoilt: the milk was sour" if version == "1.1" else None)
    yield Release("rind-mould", "0.1", module(MOULD, "0.1"), python=">=3.7", sdist=False,
                  summary="A mould")
    yield Release("rind-mould", "0.2", module(MOULD, "0.2"), python=">=3.99", sdist=False,
                  summary="A mould for a Python that does not exist yet")
    yield Release("rind-cave", "1.0", module(CAVE, "1.0"), summary="Where it ripens",
                  requires=["rind-cheese>=1.0", "rind_mould; python_version >= '3.7'",
                            "rind-thermometer; extra == 'measure'"])


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def build(folder, system_wheels=True):
    """Writes the sample below `folder`; returns {project: [file names]}."""
    folder = pathlib.Path(folder)
    projects, facts = {}, {}
    for day, release in enumerate(releases(), start=1):
        for wanted, name, content in (
                (release.wheel, release.wheel_name(), release.wheel_bytes),
                (release.sdist, release.sdist_name(), release.sdist_bytes)):
            if not wanted:
                continue
            write(folder / "projects" / release.name / name, content())
            projects.setdefault(release.name, []).append(name)
            fact = {"upload-time": f"2024-01-{day:02}T12:00:00.000000Z"}
            if release.yanked is not None:
                fact["yanked"] = release.yanked
            facts.setdefault(release.name, {})[name] = fact
    for name, fact in facts.items():
        write(folder / "projects" / name / "project.json",
              (json.dumps(fact, indent=1, sort_keys=True) + "\n").encode())
    if system_wheels and SYSTEM_WHEELS.is_dir():
        for wheel in sorted(SYSTEM_WHEELS.glob("*.whl")):
            project = wheel.name.split("-")[0].lower().replace("_", "-")
            target = folder / "projects" / project / wheel.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(wheel, target)
            projects.setdefault(project, []).append(wheel.name)
    if not (folder / "serial").exists():
        write(folder / "serial", b"1000\n")
    return projects


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--no-system-wheels", action="store_true",
                        help=f"leave out the wheels in {SYSTEM_WHEELS}")
    options = parser.parse_args()
    projects = build(options.folder, not options.no_system_wheels)
    files = [options.folder / "projects" / p / n for p, names in projects.items() for n in names]
    size = sum(f.stat().st_size for f in files)
    print(f"sample: {len(projects)} projects, {len(files)} files, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
