"""Times a training step on one and on two processes, beside PyTorch: a table of docs/scaling.md.

    python3 benches/ranks/compare.py [--rounds 5] [--write docs/scaling.md]

Needs mpirun, cargo, and a Python with torch (--python). The network is 1024-1024-1024-1024-1 in
f32. Each process has one thread, pinned to its own processor. The programs run in turn, round
after round; a time is the median over the rounds of the median over the steps. "2 independent" are
two processes that train on half of the examples each, at the same time, without communication:
they show what the processors lose by sharing memory, caches and power. The costs of one and of two
processes must agree, for both libraries.
"""
import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAMES = {"ours": "dnn-blocks", "torch": "PyTorch DDP"}


def build():
    command = ["cargo", "build", "--profile", "bench", "-p", "benches", "--bench", "ranks",
               "--features", "mpi", "--message-format", "json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [m["executable"] for m in made
            if m.get("executable") and m["target"]["name"] == "ranks"][-1]


def start(command, cpu=None):
    env = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1",
               OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    pin = None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})
    return subprocess.Popen(command, env=env, preexec_fn=pin, stdout=subprocess.PIPE, text=True)


def result(*processes):
    outs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("a program failed")
    lines = [json.loads(l) for out in outs for l in out.splitlines() if l.startswith("{")]
    return max(lines, key=lambda line: line["median_us"])


def measure(options, program):
    cpus = sorted(os.sched_getaffinity(0))[:2]
    mpirun = ["mpirun", *shlex.split(options.mpirun), "--bind-to", "core", "-np", "2"]
    ddp = [options.python, str(HERE / "ddp.py")]
    cells = {}
    for _ in range(options.rounds):
        for m in options.examples:
            ask = lambda m: ["--examples", str(m), "--steps", str(options.steps)]
            silent = lambda: result(*[start([program, *ask(m // 2)], cpu) for cpu in cpus])
            runs = {
                "ours 1": lambda: result(start([program, *ask(m)], cpus[0])),
                "silent": silent,
                "ours 2": lambda: result(start([*mpirun, program, *ask(m)])),
                "torch 1": lambda: result(start([*ddp, *ask(m)], cpus[0])),
                "torch 2": lambda: result(start([*ddp, "--ranks", "2", *ask(m)])),
            }
            for name, run in runs.items():
                line = run()
                if (line["ranks"] == 2) != name.endswith("2"):
                    sys.exit(f"{name} ran on {line['ranks']} ranks")
                cells.setdefault((m, name), []).append(line["median_us"] / 1e3)
                if name != "silent":
                    cells.setdefault((m, "cost"), []).append(line["cost"])
    for m in options.examples:
        costs = cells.pop((m, "cost"))
        if max(costs) - min(costs) > 1e-3 * max(costs):
            sys.exit(f"the costs differ: {sorted(set(costs))}")
    return {key: statistics.median(values) for key, values in cells.items()}


def table(cells, options):
    lines = ["| examples | | 1 process | 2 independent | 2 processes | efficiency | of possible |",
             "|---|---|---|---|---|---|---|"]
    for m in options.examples:
        silent = cells[m, "silent"]
        for peer, name in NAMES.items():
            one, two = cells[m, f"{peer} 1"], cells[m, f"{peer} 2"]
            ours = peer == "ours"
            alone = f"{silent:.1f} ms ({one / silent / 2:.3f})" if ours else ""
            possible = f"{silent / two:.3f}" if ours else ""
            lines.append(f"| {m} | {name} | {one:.1f} ms | {alone} | {two:.1f} ms | "
                         f"{one / two / 2:.3f} | {possible} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--examples", type=lambda s: [int(m) for m in s.split(",")],
                        default=[1024, 4096])
    parser.add_argument("--python", default=sys.executable, help="one that has torch")
    parser.add_argument("--mpirun", default="", help="more arguments for mpirun")
    parser.add_argument("--program", help="ranks.rs, built before")
    parser.add_argument("--write", help="the file with the marked table")
    options = parser.parse_args()
    text = table(measure(options, options.program or build()), options)
    print(text)
    if options.write:
        path = pathlib.Path(options.write)
        before, rest = path.read_text().split("<!-- ranks -->\n", 1)
        after = rest.split("<!-- /ranks -->", 1)[1]
        path.write_text(f"{before}<!-- ranks -->\n{text}<!-- /ranks -->{after}")


if __name__ == "__main__":
    main()
