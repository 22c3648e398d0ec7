"""Times dnn-blocks and other libraries on the same work and prints tables.

    python3 benches/peers/compare.py [--rounds 3] [--write]
    python3 benches/peers/compare.py --workloads predict-small [--types f64]
    python3 benches/peers/compare.py --workloads random --seed 1 [--count 30]
    python3 benches/peers/compare.py --latency

Needs cargo, numpy and the packages of the chosen peers. Each program runs in its own process,
pinned to one or two processors, with the same arrays and initial weights. The programs run in turn,
round after round. A cell is the median over the rounds of the median over the steps. A training
step is forward, cost read back, backward and update of every parameter. A prediction begins and
ends with plain arrays. The script fails if the costs or the mean outputs differ. --write puts the
table into benches/README.md.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import peers
import report
import workloads
from report import OURS, WEIGHTS

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
TOLERANCE = {"f64": 1e-9, "f32": 2e-5, "bf16": 0.02}


def default_peers(options):
    """The usual peers of these workloads."""
    if options.latency:
        return f"{OURS},{OURS}-packed,numpy,onnxruntime"
    if options.workloads == "table":
        return f"{OURS},numpy,torch,torch.compile"
    if options.workloads.startswith("train"):
        return f"{OURS},numpy,torch,torch.compile,burn-flex,candle"
    return f"{OURS},{OURS}-packed,numpy,onnxruntime,openvino,burn-flex,candle"


def build(options):
    cargo = ["cargo", "build", "--release", "--quiet", "--target-dir", str(TARGET)]
    if set(options.peers) & set(WEIGHTS) and not options.program:
        subprocess.run(cargo + ["-p", "dnn-blocks-peers"], check=True, cwd=ROOT)
    for peer in options.peers:
        if peer in peers.CRATES:
            subprocess.run(cargo + ["--bin", peer], check=True, cwd=HERE / "rust")


def command(peer, options):
    if peer in WEIGHTS:
        program = [options.program or str(TARGET / "release/peer"), "--weights", WEIGHTS[peer]]
        if options.workloads != "table":
            program += ["--predict", options.predict]
    elif peer in peers.CRATES:
        program = [str(TARGET / "release" / peer)]
    else:
        program = [sys.executable, str(HERE / "peers.py"), "--peer", peer]
    return program + ["--latency"] * options.latency


def environment(threads):
    env = {name: value for name, value in os.environ.items()
           if name not in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]}  # they slow NumPy down
    for name in ["OMP", "MKL", "OPENBLAS", "RAYON", "CANDLE", "MATMUL"]:
        env[f"{name}_NUM_THREADS"] = str(threads)
    return env


def run(peer, threads, cases, folder, options):
    """The lines of JSON that one program prints, one for each case."""
    pin = None
    if hasattr(os, "sched_setaffinity"):
        cpus = sorted(os.sched_getaffinity(0))[-threads:]
        pin = lambda: os.sched_setaffinity(0, cpus)
    arguments = ["--data", str(folder), "--cases", ",".join(cases), "--threads", str(threads),
                 "--budget-ms", str(options.budget_ms)]
    lines = subprocess.run(command(peer, options) + arguments, env=environment(threads),
                           preexec_fn=pin, check=True, stdout=subprocess.PIPE,
                           text=True).stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def rooflines(works, options):
    """What the processor can do at best, by number of threads: see src/bin/roofline.rs."""
    if options.workloads == "table" or any(work.steps for work in works.values()):
        return {}
    program = pathlib.Path(options.program or TARGET / "release/peer").with_name("roofline")
    sizes = ",".join(sorted({str(4 * work.weights) for work in works.values()}))
    best = {}
    for threads in options.threads:
        command = [program, "--threads", str(threads), "--bytes", sizes]
        best[threads] = json.loads(subprocess.check_output(command, text=True))
    return best


def measure(works, options):
    """The times of every round, by peer, number of threads and case."""
    cells, costs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, work in works.items():
            workloads.write_files(folder, name, work)
        for turn in range(options.rounds):
            for threads in options.threads:
                for peer in options.peers:
                    cases = [f"{name}:{kind}" for name, work in works.items()
                             for kind in work.types if peers.can(peer, work, kind)]
                    if not cases:
                        continue
                    print(f"round {turn + 1}, threads {threads}, {peer}", file=sys.stderr)
                    for line in run(peer, threads, cases, folder, options):
                        case = (line["workload"], line["dtype"])
                        key = case + ((line["way"],) if options.latency else ())
                        time = (line["p50_us"], line["p99_us"]) if options.latency \
                            else line["median_us_per_step"]
                        cells.setdefault((peer, threads, key), []).append(time)
                        costs.setdefault(key, []).append((line["final_cost"], peer))
    for key, found in costs.items():
        agree(works, key, found)
    return cells


def agree(works, key, found):
    """Fails if costs or mean outputs differ. Those in bf16 may differ more."""
    exact = [pair for pair in found if not pair[1].endswith("-bf16")] or found[:1]
    for pairs, tolerance in [(exact, TOLERANCE[key[1]]), (found, TOLERANCE["bf16"])]:
        low, high = min(pairs), max(pairs)
        if not high[0] - low[0] <= tolerance * abs(high[0]):
            sys.exit(f"{works[key[0]].title}, {key[1]}: the costs of {low[1]} and {high[1]} "
                     f"differ: {low[0]!r}, {high[0]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default="table",
                        choices=["table", *workloads.SWEEPS, "random"])
    parser.add_argument("--seed", type=int, default=1, help="of the random networks")
    parser.add_argument("--count", type=int, default=30, help="how many random networks")
    parser.add_argument("--types", help="f32, f64 or both; f32 in sweeps")
    parser.add_argument("--latency", action="store_true", help="times of one example, p50 and p99")
    parser.add_argument("--rounds", type=int, help="3; 7 for sweeps")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--budget-ms", type=float, default=200, help="for each case and round")
    parser.add_argument("--peers", help="names with commas")
    parser.add_argument("--predict", default="rows", choices=["workspace", "columns", "rows"],
                        help="how dnn-blocks predicts in sweeps")
    parser.add_argument("--write", action="store_true", help="put the table into benches/README.md")
    parser.add_argument("--program", help="a build of `peer`, with `roofline` beside it")
    options = parser.parse_args()
    if options.write and (options.latency or options.workloads != "table"):
        parser.error("--write needs the workloads of the table")
    options.peers = (options.peers or default_peers(options)).split(",")
    known = [*WEIGHTS, *peers.PEERS, *peers.CRATES]
    if unknown := set(options.peers) - set(known):
        parser.error(f"no peer {', '.join(unknown)}; there are {', '.join(known)}")
    if options.latency and set(options.peers) & set(peers.CRATES):
        parser.error(f"--latency does not measure {', '.join(peers.CRATES)}")
    options.threads = [n for n in map(int, options.threads.split(",")) if n <= os.cpu_count()]
    if options.rounds is None:
        options.rounds = 3 if options.workloads == "table" else 7

    works = workloads.choose(options)
    build(options)
    if options.latency:
        text = report.latency(works, measure(works, options), options)
    else:
        best = rooflines(works, options)
        text = report.table(works, measure(works, options), options, best)
    print(text)
    if options.write:
        readme = ROOT / "benches" / "README.md"
        before, rest = readme.read_text().split("<!-- speed -->\n", 1)
        after = rest.split("<!-- /speed -->", 1)[1]
        readme.write_text(f"{before}<!-- speed -->\n{text}<!-- /speed -->{after}")


if __name__ == "__main__":
    main()
