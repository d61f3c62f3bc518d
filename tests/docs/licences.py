"""The licences of what is installed, against those that we accept: `python -m tests.docs.licences`."""

import json
import subprocess
import sys

ACCEPTED = (
    "apache",
    "bsd",
    "isc",
    "mit",
    "mpl-2.0",
    "mozilla public license 2.0",
    "psf",
    "python software foundation",
    "lgpl",
    "gnu lesser general public license",
    "zlib",
    "unlicense",
    "cc0",
)
OURS = {"purser"}


def main() -> int:
    """Prints the list; 1 where a licence is none of the accepted ones."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    refused = []
    for package in sorted(listed, key=lambda entry: entry["Name"].lower()):
        name, licence = package["Name"], " ".join(package["License"].split())[:80]
        print(f"{name:30} {package['Version']:22} {licence}")
        if name not in OURS and not any(word in licence.lower() for word in ACCEPTED):
            refused.append(f"{name}: {licence}")
    if refused:
        print("\nNot on the list of accepted licences:", *refused, sep="\n  ", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
