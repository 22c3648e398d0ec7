"""Writes costs.json: costs of regressions and their gradients, by PyTorch and scikit-learn.

    python3 tests/data/costs.py

Needs numpy, torch and scikit-learn. The sum over two outputs is averaged over the seven examples, and
a gradient is that of the sum, as in the course.
"""
import json
import pathlib

import numpy as np
import torch
from sklearn.metrics import mean_pinball_loss


def main():
    random = np.random.RandomState(1)
    a, y = random.randn(2, 7), random.randn(2, 7)
    a[0, 3] = y[0, 3]  # no error
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
    file = dict(torch=torch.__version__, a=a.tolist(), y=y.tolist(), cases=cases)
    path = pathlib.Path(__file__).resolve().with_suffix(".json")
    path.write_text(json.dumps(file, indent=1) + "\n")


if __name__ == "__main__":
    main()
