"""The networks that compare.py measures, and their files.

The programs read these files for a workload NAME:

    NAME.spec  lines `key value`: dims (with commas), m, hidden, lr, agree_steps, kind
    NAME.bin   b"PEERBIN1", u64 count, then for each array: u64 length of its name, its name,
               u64 rows, u64 columns, float64 row by row; all little endian; X, Y, W1, b1, ...
"""
import struct
import typing

import numpy as np


class Workload(typing.NamedTuple):
    dims: list  # units of each layer, from the features on
    m: int  # examples
    types: list = ["f32"]
    hidden: str = "relu"  # activation of the hidden layers; the last one has a sigmoid
    rate: float = 0.0
    steps: int = 0  # training steps before costs are compared; 0 for a prediction

    @property
    def weights(self):
        return sum(n * n_prev for n_prev, n in zip(self.dims, self.dims[1:]))

    @property
    def title(self):
        name = "-".join(map(str, self.dims)) + " tanh" * (self.hidden == "tanh")
        return f"{'' if self.steps else 'predict '}{name}, {self.m}"


TABLE = [
    Workload([12288, 7, 1], 209, ["f64", "f32"], rate=0.0075, steps=20),
    Workload([12288, 20, 7, 5, 1], 209, ["f64", "f32"], rate=0.0075, steps=20),
    Workload([2, 4, 1], 400, ["f64"], "tanh", rate=1.2, steps=200),
    Workload([784, 512, 256, 1], 128, rate=0.05, steps=20),
    Workload([1024, 1024, 1024, 1024, 1], 1024, rate=0.05, steps=3),
    Workload([784, 512, 256, 1], 1),
    Workload([784, 512, 256, 1], 1024),
]
BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 512, 1024]
SWEEPS = {
    "predict-small": [Workload([784, 512, 256, 1], m) for m in BATCHES],
    "predict-wide": [Workload([256, 1000, 1000, 1], m) for m in BATCHES],
    "train-batches": [Workload([784, 128, 64, 1], m, rate=0.05, steps=5)
                      for m in [1, 4, 8, 16, 32, 64, 256, 1024, 4096]],
    "train-widths": [Workload([n, n, n, 1], m, rate=0.05, steps=5)
                     for n, m in [(2 ** k, 32) for k in range(4, 12)] + [(128, 512)]],
}
LATENCY = [Workload(dims, 64) for dims in
           [[30, 16, 8, 1], [784, 512, 256, 1], [256, 1000, 1000, 1]]]


def random_networks(seed, count):
    """Networks to predict with: 1 to 6 layers, widths 8 to 4096, 1 to 100 outputs and examples.

    Numbers are uniform on a logarithmic scale. Half of the widths are multiples of 8.
    """
    random = np.random.RandomState(seed)  # its numbers are the same in every version of NumPy

    def number(low, high):
        return min(int(low * ((high + 1) / low) ** random.rand()), high)

    def width():
        n = number(8, 4096)
        return n if random.rand() < 0.5 else n // 8 * 8

    networks = []
    for _ in range(count):
        depth = 1 + int(6 * random.rand())
        dims = [width() for _ in range(depth)] + [number(1, 100)]
        networks.append(Workload(dims, number(1, 100)))
    return networks


def choose(options):
    """The workloads that the options name, by the names of their files."""
    if options.latency:
        chosen = LATENCY
    elif options.workloads == "random":
        chosen = random_networks(options.seed, options.count)
    else:
        chosen = TABLE if options.workloads == "table" else SWEEPS[options.workloads]
    if options.types:
        chosen = [workload._replace(types=options.types.split(",")) for workload in chosen]
    return {f"W{i + 1}": workload for i, workload in enumerate(chosen)}


def arrays(workload):
    """X, Y and the weights of a workload, always float64. A prediction has biases."""
    dims, m = workload.dims, workload.m
    rng = np.random.RandomState(7)
    out = {"X": rng.rand(dims[0], m), "Y": (rng.rand(dims[-1], m) < 0.5).astype(np.float64)}
    for l in range(1, len(dims)):
        out[f"W{l}"] = rng.randn(dims[l], dims[l - 1]) / np.sqrt(dims[l - 1])
        out[f"b{l}"] = np.zeros((dims[l], 1)) if workload.steps else rng.randn(dims[l], 1) / 10
    return out


def write_files(folder, name, workload):
    spec = dict(dims=",".join(map(str, workload.dims)), m=workload.m, hidden=workload.hidden,
                lr=workload.rate, agree_steps=max(workload.steps, 1),
                kind="train" if workload.steps else "infer")
    (folder / f"{name}.spec").write_text("".join(f"{k} {v}\n" for k, v in spec.items()))
    with open(folder / f"{name}.bin", "wb") as file:
        content = arrays(workload)
        file.write(b"PEERBIN1" + struct.pack("<Q", len(content)))
        for key, array in content.items():
            file.write(struct.pack("<Q", len(key)) + key.encode())
            file.write(struct.pack("<QQ", *array.shape) + array.astype("<f8").tobytes())


def read_files(folder, name, dtype):
    """The workload of NAME.spec, and the arrays of NAME.bin in a type."""
    lines = (folder / f"{name}.spec").read_text().splitlines()
    spec = dict(line.split(" ", 1) for line in lines)
    steps = int(spec["agree_steps"]) if spec["kind"] == "train" else 0
    workload = Workload([int(n) for n in spec["dims"].split(",")], int(spec["m"]),
                        hidden=spec["hidden"], rate=float(spec["lr"]), steps=steps)
    content = {}
    with open(folder / f"{name}.bin", "rb") as file:
        number = lambda: struct.unpack("<Q", file.read(8))[0]
        assert file.read(8) == b"PEERBIN1"
        for _ in range(number()):
            key = file.read(number()).decode()
            rows, columns = number(), number()
            array = np.frombuffer(file.read(8 * rows * columns), "<f8").reshape(rows, columns)
            content[key] = array.astype(dtype)
    return workload, content
