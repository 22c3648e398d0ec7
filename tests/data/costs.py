"""Writes costs.json: costs and their gradients, by PyTorch and scikit-learn.

    python3 tests/data/costs.py

Needs numpy, torch and scikit-learn. The sum over the outputs is averaged over the examples, and a
gradient is that of the sum, as in the course.
"""
import json
import pathlib

import numpy as np
import torch
from sklearn.metrics import mean_pinball_loss
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

TYPES = {"f32": torch.float32, "f64": torch.float64}


def regressions(a, y):
    cases = []
    for name, loss in [("mean absolute error", torch.nn.L1Loss(reduction="sum")),
                       ("Huber 0.5", torch.nn.HuberLoss(delta=0.5, reduction="sum")),
                       ("Huber 1.35", torch.nn.HuberLoss(delta=1.35, reduction="sum"))]:
        outputs = torch.tensor(a, requires_grad=True)
        value = loss(outputs, torch.tensor(y))
        value.backward()
        cases.append(dict(cost=name, value=value.item() / 7, gradient=outputs.grad.tolist()))
    for quantile in [0.1, 0.5, 0.9]:
        value = 2 * mean_pinball_loss(y.ravel(), a.ravel(), alpha=quantile)
        cases.append(dict(cost=f"quantile {quantile}", value=value))
    return cases


def differentiated(loss, inputs, dtype):
    """The mean over the examples, and the gradient of the sum by the inputs (outputs, examples)."""
    inputs = torch.tensor(inputs, dtype=dtype, requires_grad=True)
    total = loss(inputs)
    total.backward()
    return dict(value=total.item() / inputs.shape[1], gradient=inputs.grad.tolist())


def poisson(random):
    """Counts, some of them 0. The logits, and the outputs of the second part, are exact in f32."""
    z = np.round(2 * random.randn(2, 9) * 64) / 64
    rates = np.round(np.exp(z) * 256 + 1) / 256
    y = random.poisson(2 * rates).astype(float)
    y[0, 2] = 0.5  # not an integer
    assert (y == 0).any()
    cases = []
    for name, dtype in TYPES.items():
        targets = torch.tensor(y, dtype=dtype)
        of_logits = torch.nn.PoissonNLLLoss(log_input=True, full=False, reduction="sum")
        of_rates = torch.nn.PoissonNLLLoss(log_input=False, full=False, eps=0, reduction="sum")
        cases.append({"type": name,
                      "logits": differentiated(lambda z: of_logits(z, targets), z, dtype),
                      "rates": differentiated(lambda a: of_rates(a, targets), rates, dtype)})
    return dict(z=z.tolist(), rates=rates.tolist(), y=y.tolist(), cases=cases)


def smoothing(random):
    """Cross-entropies of smoothed labels, plain and with weights of the examples."""
    z = np.round(3 * random.randn(4, 9) * 64) / 64
    classes, labels = random.randint(4, size=9), random.randint(2, size=(4, 9))
    weights = np.array([0.5, 1, 2, 0, 3, 1, 0.25, 1, 4])
    cases = []
    for name, dtype in TYPES.items():
        y = torch.tensor(labels, dtype=dtype)
        for epsilon in [0.0, 0.1, 0.5]:
            for weighted in [False, True]:
                w = torch.tensor(weights if weighted else np.ones(9), dtype=dtype)

                def categorical(z):
                    terms = cross_entropy(z.T, torch.tensor(classes), label_smoothing=epsilon,
                                          reduction="none")
                    return (w * terms).sum()

                def binary(z):
                    smooth = (1 - epsilon) * y + epsilon / 2
                    terms = binary_cross_entropy_with_logits(z, smooth, reduction="none")
                    return (w * terms).sum()

                cases.append({"type": name, "epsilon": epsilon, "weighted": weighted,
                              "categorical": differentiated(categorical, z, dtype),
                              "binary": differentiated(binary, z, dtype)})
    return dict(z=z.tolist(), classes=classes.tolist(), labels=labels.tolist(),
                weights=weights.tolist(), cases=cases)


def main():
    random = np.random.RandomState(1)
    a, y = random.randn(2, 7), random.randn(2, 7)
    a[0, 3] = y[0, 3]  # no error
    file = dict(torch=torch.__version__, a=a.tolist(), y=y.tolist(), cases=regressions(a, y),
                poisson=poisson(random), smoothing=smoothing(random))
    path = pathlib.Path(__file__).resolve().with_suffix(".json")
    path.write_text(json.dumps(file, indent=1) + "\n")


if __name__ == "__main__":
    main()
