"""What compare.py and tables.py share: the name of the processor, and tables in Markdown files."""

import pathlib
import platform


def processor():
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        name = next((l.split(":")[1] for l in lines if l.startswith("model name")), name)
    return name.strip()


def insert(path, mark, text):
    """Replaces the text between the comments `<!-- mark -->` and `<!-- /mark -->`."""
    before, rest = path.read_text().split(f"<!-- {mark} -->\n", 1)
    after = rest.split(f"<!-- /{mark} -->", 1)[1]
    path.write_text(f"{before}<!-- {mark} -->\n{text}<!-- /{mark} -->{after}")
