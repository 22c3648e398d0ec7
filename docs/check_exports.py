"""Are the files of the example `export` what they should be? ONNX's checker and ONNX Runtime say
the same as this crate, for batches of any size, the metadata have the names, and NumPy reads the
npz files:

    python3 docs/check_exports.py target/exports
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

folder = pathlib.Path(sys.argv[1])
# Of outputs of a size of about 1; larger ones in proportion. Each side is within 1e-6 of the exact
# output in f32, and the two may round in opposite directions.
TOLERANCE = {np.dtype("f4"): 2e-6, np.dtype("f8"): 1e-12}
models = sorted(folder.glob("*.onnx"))
worst = {kind: (0.0, "") for kind in TOLERANCE}
for path in models:
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    metadata = {key: json.loads(text) for key, text in metadata.items()}
    expected = {}
    if any(model in path.stem for model in ["classifier", "multi_label", "regressor"]):
        expected["feature_names"] = ["mean radius", '"worst" area', "größe"]
    if "classifier" in path.stem:
        expected["class_names"] = list(range(int(path.stem[-1])))
    if "multi_label" in path.stem:
        expected["label_names"] = list(range(int(path.stem[-1])))
    assert metadata == expected, (path, metadata)
    with np.load(path.with_suffix(".answers.npz")) as answers:
        x, expected = answers["x"], answers["outputs"]
    for m in [1, 7, len(x)]:
        found, *labels = session.run(None, {"X": x[:m]})
        if "multi_label" in path.stem:
            with np.load(path.with_suffix(".labels.npz")) as table:
                assert labels[0].dtype == np.int64, path
                assert (labels[0] == table["labels"][:m]).all(), path
        assert len(labels) == ("multi_label" in path.stem), path
        assert found.dtype == expected.dtype and found.shape == expected[:m].shape, path
        size = np.maximum(1, np.abs(expected[:m]))
        error = float(np.max(np.abs(found - expected[:m]) / size))
        worst[x.dtype] = max(worst[x.dtype], (error, path.stem))
assert len(models) == 12 * 12 * 2 + 11 * 11 * 2 + 2 * 6, len(models)
for kind, (error, name) in worst.items():
    print(f"{kind}: largest difference {error:.1e}, in {name}")
    assert 0 <= error <= TOLERANCE[kind], (error, name)

for kind in ["f32", "f64"]:
    for path in folder.glob(f"{kind}_*[a-z].npz"):
        if ".answers" in path.name or ".labels" in path.name:
            continue
        with np.load(path) as parameters:
            assert sorted(parameters) == ["W1", "W2", "W3", "b1", "b2", "b3"], list(parameters)
            assert parameters["W2"].shape == (5, 6) and parameters["b2"].shape == (5, 1)
            assert all(array.dtype == np.dtype(kind.replace("f32", "f4").replace("f64", "f8"))
                       for array in parameters.values())
print(f"{len(models)} models agree with ONNX Runtime {onnxruntime.__version__}")
