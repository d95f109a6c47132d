"""Fetch what the portal takes from others, as `vendor.toml` names it: run by hand when a version changes.

Needs npm and asks its package registry. What it writes stays in the repository, so nobody else needs either;
a test holds the files to their checksums. `python tools/vendor.py --write` also writes new checksums.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src" / "xinglin" / "portal" / "static" / "vendor"
TABLE = FOLDER / "vendor.toml"


def main() -> None:
    """Fetch everything; fail where a checksum isn't the one written down, unless it is to be written."""
    text = TABLE.read_text(encoding="utf-8")
    for part in tomllib.loads(text)["part"]:
        with tempfile.TemporaryDirectory() as folder:
            made = build(part, Path(folder)) if "entry" in part else unpack(part, Path(folder))
            for name, source in made.items():
                shutil.copyfile(source, FOLDER / name)
        for one in part["file"]:
            found = hashlib.sha256((FOLDER / one["name"]).read_bytes()).hexdigest()
            if found != one["sha256"] and "--write" not in sys.argv:
                sys.exit(f"{one['name']} has the checksum {found}")
            text = text.replace(one["sha256"], found) if one["sha256"] else text
            if not one["sha256"]:
                place = text.index('sha256 = ""', text.index(f'name = "{one["name"]}"'))
                text = text[:place] + f'sha256 = "{found}"' + text[place + len('sha256 = ""') :]
    TABLE.write_text(text, encoding="utf-8")


def unpack(part: dict[str, object], folder: Path) -> dict[str, Path]:
    """Fetch a package and give its files by the names they get here."""
    packed = npm(folder, "pack", "--silent", f"{part['package']}@{part['version']}").splitlines()[-1]
    with tarfile.open(folder / packed) as tar:
        tar.extractall(folder, filter="data")
    return {one["name"]: folder / "package" / one["from"] for one in part["file"]}  # pyright: ignore


def build(part: dict[str, object], folder: Path) -> dict[str, Path]:
    """Bundle an entry of ours with the packages that it imports, minified, for a plain `<script>`."""
    npm(folder, "install", "--silent", f"{part['package']}@{part['version']}", f"esbuild@{part['esbuild']}")
    (folder / "entry.js").write_text(str(part["entry"]), encoding="utf-8")
    options = [
        "--bundle",
        "--minify",
        "--format=iife",
        f"--global-name={part['global']}",
        "--log-level=error",
    ]
    npm(folder, "exec", "--", "esbuild", "entry.js", *options, "--outfile=built.js")
    package = folder / "node_modules" / str(part["package"])
    return {
        one["name"]: package / one["from"] if "from" in one else folder / "built.js"
        for one in part["file"]  # pyright: ignore
    }


def npm(folder: Path, *arguments: str) -> str:
    """Run npm and give what it says."""
    done = subprocess.run(["npm", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
