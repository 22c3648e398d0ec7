"""Writes activations.json: values and derivatives of activations, and gradients of PyTorch.

    python3 tests/data/activations.py

Needs mpmath, numpy and torch. "z" are numbers of f32. "functions" has for each activation the exact
value and derivative at each z, rounded once to f64; PyTorch agrees, which the script checks. "networks"
has the gradients of PyTorch in f64 for each activation in the hidden layer with each cost, and in the
output layer with the squared error. The costs are means over the examples of sums over the outputs.
"""
import json
import pathlib

import numpy as np
import torch
from mpmath import erfc, exp, expm1, log1p, mp, mpf, pi, sqrt

HERE = pathlib.Path(__file__).resolve().parent
mp.prec = 4000  # for 1 + e^z at z = -700
torch.set_default_dtype(torch.float64)

LINEAR = 2 * sqrt(2 / pi)
CUBIC = LINEAR * mpf("0.044715")


def sigmoid(z):
    return 1 / (1 + exp(-z))


def silu(z):
    s = sigmoid(z)
    return z * s, s * (1 + z * (1 - s))


def gelu(z):
    below = erfc(-z / sqrt(mpf(2))) / 2
    return z * below, below + z * exp(-z * z / 2) / sqrt(2 * pi)


def gelu_tanh(z):
    s = sigmoid(LINEAR * z + CUBIC * z**3)
    return z * s, s + z * s * (1 - s) * (LINEAR + 3 * CUBIC * z * z)


def elu(alpha):
    return lambda z: (z, mpf(1)) if z > 0 else (alpha * expm1(z), alpha * exp(z))


FUNCTIONS = {
    "exponential": (lambda z: (exp(z), exp(z)), torch.exp),
    "softplus": (lambda z: (log1p(exp(z)), sigmoid(z)), torch.nn.Softplus(threshold=40)),
    "ELU 1": (elu(1), torch.nn.ELU()),
    "ELU 0.25": (elu(mpf(0.25)), torch.nn.ELU(0.25)),
    "ELU -0.5": (elu(mpf(-0.5)), torch.nn.ELU(-0.5)),
    "SiLU": (silu, torch.nn.SiLU()),
    "GELU": (gelu, torch.nn.GELU()),
    "GELU tanh": (gelu_tanh, torch.nn.GELU(approximate="tanh")),
}


def numbers():
    rng = np.random.default_rng(4)
    large = [-1e4, -746, -700, -110, -104, -90, -38, -30, -22, -21.5, -16, -14.5, -12, -11.1, 9, 20, 40, 88]
    small = [-1e-30, -1e-7, -1e-3, 0, 1e-20, 1e-5]
    around = [-0.34657, -1.0397, -1.2784, -0.7518, 0.34657, 1.0397]  # ends of a reduction, extrema
    z = large + small + around + list(rng.uniform(-12, 6, 60)) + list(rng.uniform(-2, 2, 60))
    return [float(np.float32(x)) for x in z]


def values(z):
    result = {}
    for name, (exact, module) in FUNCTIONS.items():
        pairs = [tuple(map(float, exact(mpf(x)))) for x in z]
        a, slope = (list(column) for column in zip(*pairs))
        x = torch.tensor(z, requires_grad=True)
        found = module(x)
        found.sum().backward()
        for theirs, ours in ((found.detach(), a), (x.grad, slope)):
            size = np.maximum(1, np.abs(ours))
            error = np.abs(theirs.numpy() - ours) / size
            assert error.max() < 1e-14, (name, error.max(), z[error.argmax()])
        result[name] = {"a": a, "derivative": slope}
    return result


def networks():
    rng = np.random.default_rng(5)
    sizes = [3, 4, 2]
    layers = [
        (rng.normal(size=(n, k)) * 0.7, rng.normal(size=(n, 1)) * 0.3)
        for k, n in zip(sizes, sizes[1:])
    ]
    x = rng.normal(size=(3, 6)) * 1.5
    labels = np.array([[0, 1, 1, 0, 1, 0], [1, 0, 0, 1, 0, 1]], float)
    values = rng.normal(size=(2, 6))

    def gradients(hidden, output, cost):
        parameters = [[torch.tensor(p, requires_grad=True) for p in layer] for layer in layers]
        (w1, b1), (w2, b2) = parameters
        a = output(w2 @ hidden(w1 @ torch.tensor(x) + b1) + b2)
        cost(a).backward()
        return [[p.grad.tolist() for p in layer] for layer in parameters]

    y, t = torch.tensor(labels), torch.tensor(values)
    softmax = torch.nn.Softmax(dim=0)
    costs = {
        "binary cross-entropy": (torch.sigmoid, lambda a: -(y * a.log() + (1 - y) * (1 - a).log()).sum() / 6),
        "categorical cross-entropy": (softmax, lambda a: -(y * a.log()).sum() / 6),
        "mean squared error": (lambda z: z, lambda a: ((a - t) ** 2).sum() / 6),
    }
    cases = []
    for name, (_, module) in FUNCTIONS.items():
        for cost, (output, value) in costs.items():
            cases.append({"hidden": name, "cost": cost, "gradients": gradients(module, output, value)})
        square = costs["mean squared error"][1]
        cases.append({"output": name, "cost": "mean squared error", "gradients": gradients(torch.tanh, module, square)})
    layers = [[p.tolist() for p in layer] for layer in layers]
    return {"layers": layers, "x": x.tolist(), "labels": labels.tolist(), "values": values.tolist(), "cases": cases}


z = numbers()
data = {"torch": torch.__version__.split("+")[0], "z": z, "functions": values(z), "networks": networks()}
(HERE / "activations.json").write_text(json.dumps(data, indent=None) + "\n")
