"""Makes tests/data/frameworks: small networks of other programs, and what these programs say of
them. Needs numpy, torch, safetensors, scikit-learn, and keras on any backend:

    python3 tests/data/frameworks.py
"""

import json
import os
import pathlib
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")
warnings.filterwarnings("ignore")

import keras
import numpy as np
import safetensors.numpy
import safetensors.torch
import sklearn.neural_network as sk
import torch
from torch import nn

folder = pathlib.Path(__file__).parent / "frameworks"
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(5)
x = rng.normal(size=(7, 3))
outputs = {}


def course():
    """The dictionary of the course, in both orders, compressed, big-endian, and in float32."""
    parameters = {
        "W1": rng.normal(size=(4, 3)), "b1": rng.normal(size=(4, 1)),
        "W2": rng.normal(size=(2, 4)), "b2": rng.normal(size=(2, 1)),
    }
    a1 = np.maximum(0, parameters["W1"] @ x.T + parameters["b1"])
    al = 1 / (1 + np.exp(-(parameters["W2"] @ a1 + parameters["b2"])))
    outputs["course"] = al.T.tolist()
    np.savez(folder / "course.npz", **parameters)
    fortran = {name: np.asfortranarray(array) for name, array in parameters.items()}
    np.savez_compressed(folder / "course_fortran.npz", **fortran)
    np.savez(folder / "course_big_endian.npz", **{n: a.astype(">f8") for n, a in parameters.items()})
    np.savez(folder / "course_f32.npz", **{n: a.astype("f4") for n, a in parameters.items()})
    np.savez(folder / "integers.npz", W1=np.ones((1, 2), dtype=int), b1=np.zeros((1, 1)))
    np.savez(folder / "objects.npz", W1=np.array([[1], [2, 3]], dtype=object))


def pytorch():
    torch.manual_seed(1)
    networks = {
        "torch_f64": nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 4),
                                   nn.Tanh(), nn.Linear(4, 3), nn.Softmax(dim=1)).double(),
        "torch_f32": nn.Sequential(nn.Linear(3, 4, bias=False), nn.LeakyReLU(0.2), nn.Linear(4, 1),
                                   nn.Sigmoid()),
    }
    for name, network in networks.items():
        network.eval()
        state = network.state_dict()
        safetensors.torch.save_file(state, folder / f"{name}.safetensors")
        np.savez(folder / f"{name}.npz", **{key: value.numpy() for key, value in state.items()})
        with torch.no_grad():
            outputs[name] = network(torch.tensor(x, dtype=state["0.weight"].dtype)).tolist()
    half = {"0.weight": torch.ones(1, 2, dtype=torch.bfloat16)}
    safetensors.torch.save_file(half, folder / "half.safetensors")


def keras_dense():
    keras.utils.set_random_seed(2)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(6, activation="relu"),
                                keras.layers.Dropout(0.5), keras.layers.Dense(4, activation="tanh"),
                                keras.layers.Dense(2, activation="softmax")], name="net")
    for variable in network.weights:
        variable.assign(rng.normal(size=variable.shape))
    named = {variable.path: np.asarray(variable) for variable in network.weights}
    np.savez(folder / "keras.npz", **named)
    safetensors.numpy.save_file(named, folder / "keras.safetensors")
    np.savez(folder / "keras_weights.npz", *network.get_weights())
    outputs["keras"] = network.predict(x.astype("f4"), verbose=0).tolist()


def scikit_learn():
    labels = np.array([0, 1, 2, 0, 1, 2, 0])
    classifier = sk.MLPClassifier((5, 4), activation="logistic", max_iter=20, random_state=1)
    classifier.fit(x, labels)
    outputs["sklearn_classifier"] = classifier.predict_proba(x).tolist()
    binary = sk.MLPClassifier((4,), activation="tanh", max_iter=20, random_state=1)
    binary.fit(x, labels == 1)
    outputs["sklearn_binary"] = binary.predict_proba(x)[:, 1:].tolist()
    regressor = sk.MLPRegressor(hidden_layer_sizes=(4,), activation="relu", max_iter=20, random_state=1)
    regressor.fit(x, x[:, :2])
    outputs["sklearn_regressor"] = regressor.predict(x).tolist()
    for name, mlp in [("classifier", classifier), ("binary", binary), ("regressor", regressor)]:
        np.savez(folder / f"sklearn_{name}.npz",
                 **{f"coefs_{i}": w for i, w in enumerate(mlp.coefs_)},
                 **{f"intercepts_{i}": b for i, b in enumerate(mlp.intercepts_)})


course()
pytorch()
keras_dense()
scikit_learn()
(folder / "outputs.json").write_text(json.dumps({"x": x.tolist(), "outputs": outputs}, indent=1))
