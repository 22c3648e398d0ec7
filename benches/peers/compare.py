"""Times dnn-blocks, NumPy and PyTorch on the same work and prints the table of benches/README.md.

    python3 benches/peers/compare.py [--rounds 3] [--write]

Needs numpy, torch and cargo, which builds the Rust program. Each program runs in its own process,
pinned to one or two processors, with the same arrays and initial weights. The programs run in turn,
round after round. A cell is the median over the rounds of the median over the steps. A step is
forward, cost read back, backward and update of every parameter. The script fails if the costs
differ after some steps. --write puts the table into benches/README.md.

The Rust program reads these files for a workload NAME:

    NAME.spec  lines `key value`: dims (with commas), m, hidden, lr, agree_steps, kind
    NAME.bin   b"PEERBIN1", u64 count, then for each array: u64 length of its name, its name,
               u64 rows, u64 columns, float64 row by row; all little endian; X, Y, W1, b1, ...
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
OURS = "dnn-blocks"
PEERS = [OURS, "numpy", "torch", "torch.compile"]
TOLERANCE = {"f64": 1e-9, "f32": 2e-5}
WORKLOADS = {
    # name: layers, examples, hidden activation, rate, types, steps before costs are compared
    "W1": ([12288, 7, 1], 209, "relu", 0.0075, ["f64", "f32"], 20),
    "W2": ([12288, 20, 7, 5, 1], 209, "relu", 0.0075, ["f64", "f32"], 20),
    "W3": ([2, 4, 1], 400, "tanh", 1.2, ["f64"], 200),
    "W4": ([784, 512, 256, 1], 128, "relu", 0.05, ["f32"], 20),
    "W5": ([1024, 1024, 1024, 1024, 1], 1024, "relu", 0.05, ["f32"], 3),
    "W6": ([784, 512, 256, 1], 1, "relu", 0.0, ["f32"], 0),
    "W7": ([784, 512, 256, 1], 1024, "relu", 0.0, ["f32"], 0),
}
TITLES = {
    "W1": "12288-7-1, 209",
    "W2": "12288-20-7-5-1, 209",
    "W3": "2-4-1 tanh, 400",
    "W4": "784-512-256-1, 128",
    "W5": "1024-1024-1024-1024-1, 1024",
    "W6": "predict 784-512-256-1, 1",
    "W7": "predict 784-512-256-1, 1024",
}


def arrays(name):
    """X, Y and the weights of a workload, always float64."""
    dims, m = WORKLOADS[name][:2]
    rng = np.random.RandomState(7)
    out = {"X": rng.rand(dims[0], m), "Y": (rng.rand(1, m) < 0.5).astype(np.float64)}
    for l in range(1, len(dims)):
        out[f"W{l}"] = rng.randn(dims[l], dims[l - 1]) / np.sqrt(dims[l - 1])
        out[f"b{l}"] = np.zeros((dims[l], 1))
    return out


def write_files(folder, name):
    dims, m, hidden, rate, _, agree = WORKLOADS[name]
    spec = dict(dims=",".join(map(str, dims)), m=m, hidden=hidden, lr=rate,
                agree_steps=max(agree, 1), kind="train" if agree else "infer")
    (folder / f"{name}.spec").write_text("".join(f"{k} {v}\n" for k, v in spec.items()))
    with open(folder / f"{name}.bin", "wb") as file:
        content = arrays(name)
        file.write(b"PEERBIN1" + struct.pack("<Q", len(content)))
        for key, array in content.items():
            file.write(struct.pack("<Q", len(key)) + key.encode())
            file.write(struct.pack("<QQ", *array.shape) + array.tobytes())


def numpy_step(name, dtype):
    """The course's functions, in one piece."""
    dims, m, hidden, rate, _, agree = WORKLOADS[name]
    a = {k: v.astype(dtype) for k, v in arrays(name).items()}
    x, y, depth = a["X"], a["Y"], len(dims) - 1
    w = [a[f"W{l + 1}"] for l in range(depth)]
    b = [a[f"b{l + 1}"] for l in range(depth)]

    def forward():
        outputs = [x]
        for l in range(depth):
            z = w[l] @ outputs[-1] + b[l]
            if l + 1 == depth:
                outputs.append(1 / (1 + np.exp(-z)))
            else:
                outputs.append(np.maximum(z, 0) if hidden == "relu" else np.tanh(z))
        return outputs

    def train():
        outputs = forward()
        al = outputs[-1]
        cost = -(np.log(al) @ y.T + np.log(1 - al) @ (1 - y).T).item() / m
        dz = al - y
        for l in range(depth - 1, -1, -1):
            dw, db = dz @ outputs[l].T / m, dz.sum(axis=1, keepdims=True) / m
            if l:
                da = w[l].T @ dz
                dz = da * (outputs[l] > 0) if hidden == "relu" else da * (1 - outputs[l] ** 2)
            w[l] -= dtype(rate) * dw
            b[l] -= dtype(rate) * db
        return cost

    return train if agree else lambda: float(forward()[-1].astype(np.float64).mean())


def torch_step(name, dtype, threads, compiled):
    import torch
    torch.set_num_threads(threads)
    dims, m, hidden, rate, _, agree = WORKLOADS[name]
    kind = torch.float64 if dtype is np.float64 else torch.float32
    a = {k: torch.tensor(v, dtype=kind) for k, v in arrays(name).items()}
    x, y = a["X"].T.contiguous(), a["Y"].T.contiguous()
    layers = []
    for l in range(1, len(dims)):
        layer = torch.nn.Linear(dims[l - 1], dims[l], dtype=kind)
        with torch.no_grad():
            layer.weight.copy_(a[f"W{l}"])
            layer.bias.copy_(a[f"b{l}"][:, 0])
        layers += [layer, torch.nn.ReLU() if hidden == "relu" else torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers[:-1])
    if not agree:
        call = torch.compile(net) if compiled else net

        def predict():
            with torch.inference_mode():
                return torch.sigmoid(call(x)).double().mean().item()
        return predict
    lossf = torch.nn.functional.binary_cross_entropy_with_logits
    optimiser = torch.optim.SGD(net.parameters(), lr=rate)
    loss = lambda: lossf(net(x), y)
    call = torch.compile(loss) if compiled else loss

    def train():
        optimiser.zero_grad()
        cost = call()
        cost.backward()
        optimiser.step()
        return cost.item()
    return train


def worker(options):
    for case in options.cases.split(","):
        name, kind = case.split(":")
        dtype = {"f64": np.float64, "f32": np.float32}[kind]
        if options.worker == "numpy":
            step = numpy_step(name, dtype)
        else:
            step = torch_step(name, dtype, options.threads, options.worker == "torch.compile")
        cost = step()
        for _ in range(max(WORKLOADS[name][5] - 1, 0 if WORKLOADS[name][5] else 20)):
            cost = step()
        times, begin = [], time.perf_counter()
        while len(times) < 3 or (time.perf_counter() - begin < options.budget_ms / 1e3
                                 and len(times) < 2000):
            start = time.perf_counter()
            step()
            times.append(1e6 * (time.perf_counter() - start))
        print(json.dumps(dict(workload=name, dtype=kind, final_cost=cost,
                              median_us_per_step=statistics.median(times))), flush=True)


def run(peer, threads, folder, options):
    cases = ",".join(f"{n}:{t}" for n, w in WORKLOADS.items() for t in w[4])
    if peer == OURS:
        command = [options.program or str(TARGET / "release/peer"), "--data", str(folder)]
    else:
        command = [sys.executable, __file__, "--worker", peer]
    command += ["--cases", cases, "--threads", str(threads),
                "--budget-ms", str(options.budget_ms)]
    names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
    env = dict(os.environ, **{name: str(threads) for name in names})
    pin = None
    if hasattr(os, "sched_setaffinity"):
        cpus = sorted(os.sched_getaffinity(0))[-threads:]
        pin = lambda: os.sched_setaffinity(0, cpus)
    lines = subprocess.run(command, env=env, preexec_fn=pin, check=True,
                           stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def measure(options):
    if not options.program:
        subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "dnn-blocks-peers",
                        "--target-dir", str(TARGET)], check=True, cwd=ROOT)
    cells, costs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in WORKLOADS:
            write_files(folder, name)
        for _ in range(options.rounds):
            for threads in sorted({1, min(2, os.cpu_count() or 1)}):
                for peer in options.peers.split(","):
                    for line in run(peer, threads, folder, options):
                        case = (line["workload"], line["dtype"])
                        cells.setdefault((peer, threads, case), []).append(
                            line["median_us_per_step"])
                        costs.setdefault(case, []).append((line["final_cost"], peer))
    for (name, kind), found in costs.items():
        low, high = min(found), max(found)
        if high[0] - low[0] > TOLERANCE[kind] * abs(high[0]):
            sys.exit(f"{name} {kind}: the costs of {low[1]} and {high[1]} differ: "
                     f"{low[0]!r}, {high[0]!r}")
    return {key: statistics.median(values) for key, values in cells.items()}


def short(us):
    return f"{us:.1f} us" if us < 100 else f"{us:.0f} us" if us < 1000 else f"{us / 1e3:.3g} ms"


def machine():
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        name = next(l for l in text.splitlines() if l.startswith("model name")).split(":")[1]
        name += " (AVX-512)" if " avx512f" in text else " (AVX2)" if " avx2" in text else ""
    versions = [f"NumPy {np.__version__}"]
    try:
        import torch
        versions.append(f"PyTorch {torch.__version__}")
    except ImportError:
        pass
    return f"{name.strip()}, {os.cpu_count()} processors; {', '.join(versions)}"


def table(cells, options):
    peers = [p for p in options.peers.split(",") if p != OURS]
    lines = []
    for threads in sorted({key[1] for key in cells}):
        lines += ["| " + " | ".join([f"{threads} thread" + "s" * (threads > 1), OURS] + peers
                                   + ["ratio"]) + " |",
                  "|---" * (len(peers) + 3) + "|"]
        for name, workload in WORKLOADS.items():
            for kind in workload[4]:
                ours = cells[OURS, threads, (name, kind)]
                others = [cells[peer, threads, (name, kind)] for peer in peers]
                ratio = f"{ours / min(others):.2f}" if others else "-"
                lines.append("| " + " | ".join([f"{TITLES[name]}, {kind}", short(ours)]
                                               + [short(us) for us in others] + [ratio]) + " |")
        lines.append("")
    return "\n".join([f"Measured on {datetime.date.today()}, {machine()}.", ""] + lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget-ms", type=float, default=200)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--write", action="store_true", help="put the table into benches/README.md")
    parser.add_argument("--program", help="a build of `peer`, instead of a new release build")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--cases", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(options)
    text = table(measure(options), options)
    print(text)
    if options.write:
        readme = ROOT / "benches" / "README.md"
        before, rest = readme.read_text().split("<!-- speed -->\n", 1)
        after = rest.split("<!-- /speed -->", 1)[1]
        readme.write_text(f"{before}<!-- speed -->\n{text}<!-- /speed -->{after}")


if __name__ == "__main__":
    main()
