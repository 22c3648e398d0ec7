"""Writes optimizers.json: where PyTorch's optimisers bring a small layer.

    python3 tests/data/optimizers.py

Needs torch; the numbers in the file are those of the version it names.
"""

import json
import pathlib

import torch

STEPS, RATE = 5, 0.05
RULES = {
    "classical momentum": lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9),
    "Nesterov": lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9, nesterov=True),
    "RMSProp": lambda p: torch.optim.RMSprop(p, lr=RATE, alpha=0.99, eps=1e-8),
    "Adam": lambda p: torch.optim.Adam(p, lr=RATE, betas=(0.9, 0.999), eps=1e-8),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=RATE, betas=(0.9, 0.999), eps=1e-8),
}
DECAY = 0.1


def matrix(a):
    data = [float(v) for v in a.detach().reshape(-1)]
    return {"shape": list(a.shape), "dtype": "f64", "data": data}


def main():
    torch.manual_seed(1)
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64)
    w, b = draw(3, 4), draw(3, 1)
    gradients = [(draw(3, 4), draw(3, 1)) for _ in range(STEPS)]
    ends = {}
    for name, rule in RULES.items():
        parameters = [torch.nn.Parameter(w.clone()), torch.nn.Parameter(b.clone())]
        decays = [DECAY, 0.0]  # biases do not decay
        groups = [{"params": [p]} for p in parameters]
        if name == "AdamW":
            groups = [g | {"weight_decay": d} for g, d in zip(groups, decays)]
        optimizer = rule(groups)
        for dw, db in gradients:
            parameters[0].grad, parameters[1].grad = dw.clone(), db.clone()
            optimizer.step()
        ends[name] = {"W": matrix(parameters[0]), "b": matrix(parameters[1])}
    file = {
        "made_by": f"tests/data/optimizers.py, torch {torch.__version__.split('+')[0]}",
        "learning_rate": RATE,
        "weight_decay": DECAY,
        "W": matrix(w),
        "b": matrix(b),
        "gradients": [{"dW": matrix(dw), "db": matrix(db)} for dw, db in gradients],
        "ends": ends,
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(file, indent=1) + "\n")


if __name__ == "__main__":
    main()
