"""Fetch a version of @scalar/api-reference, and compress its files into library.zip.

Run ``python tests/api/reference/update.py 1.76.0`` with the new version, and then the tests in
this folder. It needs npm and node.

The files are served as they are published. npm compares the package with its checksum, which
library.json keeps.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile, ZipInfo

SCALAR = Path(__file__).parents[3] / "futuretracker/api/reference/scalar"
PACKAGE = "@scalar/api-reference"
# The standalone module for browsers, and the modules that it loads when they are needed.
FILES = ("package/dist/browser/standalone.esm.js", "package/dist/browser/chunks/*.js")
BROTLI = """
    const zlib = require("node:zlib"), fs = require("node:fs");
    const params = {[zlib.constants.BROTLI_PARAM_QUALITY]: 11};
    for (const file of process.argv.slice(1))
        fs.writeFileSync(
            `${file}.br`, zlib.brotliCompressSync(fs.readFileSync(file), {params}));
"""


def main(version: str) -> None:
    """Write library.zip and library.json."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        packed = subprocess.run(
            ["npm", "pack", f"{PACKAGE}@{version}", "--json"],
            cwd=home,
            check=True,
            capture_output=True,
        )
        [about] = json.loads(packed.stdout)
        with tarfile.open(home / about["filename"]) as archive:
            archive.extractall(home, filter="data")
        files = sorted(file for pattern in FILES for file in home.glob(pattern))
        subprocess.run(["node", "-e", BROTLI, *map(str, files)], check=True)
        root = home / "package/dist/browser"
        with ZipFile(SCALAR / "library.zip", "w") as library:
            for file in files:
                name = file.relative_to(root).as_posix()
                brotli = Path(f"{file}.br").read_bytes()
                library.writestr(ZipInfo(f"{name}.br"), brotli)
                library.writestr(
                    ZipInfo(f"{name}.gz"), gzip.compress(file.read_bytes(), 9, mtime=0)
                )
    note = {
        "package": PACKAGE,
        "version": version,
        "license": "MIT",
        "integrity": about["integrity"],
        "files": len(files),
    }
    (SCALAR / "library.json").write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
