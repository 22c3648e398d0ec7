"""The tables of compare.py, from the times of the programs."""
import datetime
import os
import pathlib
import platform
import statistics

import numpy as np

import peers

OURS = "dnn-blocks"
WEIGHTS = {OURS: "parameters", f"{OURS}-packed": "packed", f"{OURS}-bf16": "bf16"}
WAYS = ["row", "column", "row, scaled"]


def number(us, like):
    """Microseconds or milliseconds, with the digits that another time has."""
    return f"{us:.1f}" if like < 100 else f"{us:.0f}" if like < 1000 else f"{us / 1e3:.3g}"


def short(us):
    return f"{number(us, us)} {'us' if us < 1000 else 'ms'}"


def spread(values):
    """The median with the quartiles."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{short(middle)} ({number(low, middle)} to {number(high, middle)})"


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def machine(options):
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        name = next(l for l in text.splitlines() if l.startswith("model name")).split(":")[1]
        name += " (AVX-512)" if " avx512f" in text else " (AVX2)" if " avx2" in text else ""
    versions = {peers.version(peer): None for peer in options.peers if peer not in WEIGHTS}
    return (f"Measured on {datetime.date.today()}, {name.strip()}, {os.cpu_count()} processors; "
            f"{', '.join(versions)}.")


def table(works, cells, options, best):
    """A table for each number of threads. A sweep has quartiles, the fastest peer and a summary, and
    a prediction in a sweep the least time that the processor allows."""
    sweep = options.workloads != "table"
    lines = [machine(options), ""]
    for threads in options.threads:
        title = f"{threads} thread" + "s" * (threads > 1)
        bounds = ["bound"] if best else []
        lines.append(row(title, *options.peers, "ratio", *["fastest"] * sweep, *bounds))
        lines.append("|---" * (len(options.peers) + 2 + sweep + len(bounds)) + "|")
        ratios = []
        for name, work in works.items():
            for kind in work.types:
                times = {peer: cells.get((peer, threads, (name, kind))) for peer in options.peers}
                texts = ["-" if t is None else spread(t) if sweep else short(statistics.median(t))
                         for t in times.values()]
                ratio, fastest = compare(times)
                lines.append(row(f"{work.title}, {kind}", *texts, f"{ratio:.2f}" if ratio else "-",
                                 *[fastest] * sweep,
                                 *[bound(work, kind, best[threads]) for _ in bounds]))
                if ratio:
                    ratios.append((ratio, work, kind))
        lines += ["", *summary(ratios), ""] if sweep and ratios else [""]
    return "\n".join(lines)


def bound(work, kind, best):
    """The least time: the weights read once, or all multiply-adds, and which of the two."""
    size = {"f32": 1, "f64": 2}[kind]
    reading = 1e6 * 4 * size * work.weights / best["bytes"][str(4 * work.weights)]
    adding = 1e6 * size * work.weights * work.m / best["multiply_adds"]
    return f"{short(max(reading, adding))}, {'reading' if reading > adding else 'arithmetic'}"


def compare(times):
    """Our time over the fastest with the same digits, and the name of that peer."""
    medians = {peer: statistics.median(t) for peer, t in times.items()
               if t and not peer.endswith("-bf16")}
    ours = [medians.pop(peer) for peer in WEIGHTS if peer in medians]
    fastest = min(medians, key=medians.get, default="-")
    return (ours[-1] / medians[fastest] if ours and medians else None), fastest


def summary(ratios):
    """The mean and the largest ratio: of all cells, and of few and of more examples."""
    lines = []
    for type_ in dict.fromkeys(kind for _, _, kind in ratios):
        groups = {"all": range(1, 10 ** 9), "1 to 8 examples": range(1, 9),
                  "more than 8 examples": range(9, 10 ** 9)}
        for title, examples in groups.items():
            found = [(r, work.title) for r, work, kind in ratios
                     if kind == type_ and work.m in examples]
            if found:
                values, (largest, cell) = [r for r, _ in found], max(found)
                lines.append(f"- {type_}, {title}: geometric mean "
                             f"{statistics.geometric_mean(values):.3f}, mean "
                             f"{statistics.mean(values):.3f}, largest {largest:.3f} ({cell})")
    return lines


def latency(works, cells, options):
    """p50 and p99 of one example, given in three ways."""
    lines = [machine(options), ""]
    for threads in options.threads:
        columns = [f"{peer}, {p}" for peer in options.peers for p in ["p50", "p99"]]
        lines.append(row(f"{threads} thread" + "s" * (threads > 1), "one example as", *columns))
        lines.append("|---" * (len(columns) + 2) + "|")
        for name, work in works.items():
            for kind in work.types:
                for way in WAYS:
                    texts = []
                    for peer in options.peers:
                        pairs = cells.get((peer, threads, (name, kind, way)))
                        texts += [short(statistics.median(p)) for p in zip(*pairs)] if pairs \
                            else ["-", "-"]
                    title = "-".join(map(str, work.dims))
                    lines.append(row(f"{title}, {kind}", way, *texts))
        lines.append("")
    return "\n".join(lines)
