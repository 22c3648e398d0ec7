"""The peers in Python. compare.py starts this program once for each peer and number of threads.

    peers.py --peer NAME --data FOLDER --cases W1:f64,W2:f32 [--threads 1] [--budget-ms 200]

It prints a line of JSON for each case. A training step returns its cost. A prediction takes a
table (examples, features) of NumPy and returns one.
"""
import argparse
import importlib
import itertools
import json
import pathlib
import re
import statistics
import time

import numpy as np

import workloads


def numpy_train(work, a, options):
    """The course's functions, in one piece."""
    x, y, m = a["X"], a["Y"], work.m
    w, b = layers(a)
    rate = x.dtype.type(work.rate)

    def train():
        outputs = numpy_forward(work, w, b, x)
        al = outputs[-1]
        cost = -(np.log(al) @ y.T + np.log(1 - al) @ (1 - y).T).item() / m
        dz = al - y
        for l in range(len(w) - 1, -1, -1):
            dw, db = dz @ outputs[l].T / m, dz.sum(axis=1, keepdims=True) / m
            if l:
                da = w[l].T @ dz
                dz = da * (outputs[l] > 0) if work.hidden == "relu" else da * (1 - outputs[l] ** 2)
            w[l] -= rate * dw
            b[l] -= rate * db
        return cost
    return train


def numpy_predict(work, a, options):
    w, b = layers(a)
    return lambda rows: numpy_forward(work, w, b, rows.T)[-1].T


def numpy_forward(work, w, b, x):
    outputs = [x]
    for l in range(len(w)):
        z = w[l] @ outputs[-1] + b[l]
        if l + 1 == len(w):
            outputs.append(1 / (1 + np.exp(-z)))
        else:
            outputs.append(np.maximum(z, 0) if work.hidden == "relu" else np.tanh(z))
    return outputs


def layers(a):
    depth = len(a) // 2
    return [[a[f"{kind}{l}"] for l in range(1, depth)] for kind in "Wb"]


def torch_network(work, a, options):
    import torch
    torch.set_num_threads(options.threads)
    # Earlier cases would count as variants of this one, and a function has few.
    torch._dynamo.reset()
    modules = []
    for w, b in zip(*layers(a)):
        layer = torch.nn.Linear(w.shape[1], w.shape[0], dtype=torch.from_numpy(w).dtype)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b[:, 0]))
        modules += [layer, torch.nn.ReLU() if work.hidden == "relu" else torch.nn.Tanh()]
    return modules[:-1]


def torch_train(work, a, options):
    import torch
    modules = torch_network(work, a, options)
    net = torch.nn.Sequential(*modules)
    x, y = (torch.from_numpy(a[key]).T.contiguous() for key in "XY")
    lossf = torch.nn.functional.binary_cross_entropy_with_logits
    optimiser = torch.optim.SGD(net.parameters(), lr=work.rate)
    loss = lambda: lossf(net(x), y)
    call = torch.compile(loss) if options.peer == "torch.compile" else loss

    def train():
        optimiser.zero_grad()
        cost = call()
        cost.backward()
        optimiser.step()
        return cost.item()
    return train


def torch_predict(work, a, options):
    import torch
    modules = torch_network(work, a, options)
    net = torch.nn.Sequential(*modules, torch.nn.Sigmoid()).eval()
    call = torch.compile(net) if options.peer == "torch.compile" else net

    def predict(rows):
        with torch.inference_mode():
            return call(torch.from_numpy(rows)).numpy()
    return predict


def onnx_file(work, a, examples):
    """The network as the bytes of an ONNX file, for a fixed number of examples."""
    from onnx import checker, helper, numpy_helper
    nodes, initializers, last = [], [], "x"
    for l, (w, b) in enumerate(zip(*layers(a)), 1):
        initializers += [numpy_helper.from_array(w, f"w{l}"),
                         numpy_helper.from_array(b[:, 0].copy(), f"b{l}")]
        activation = "Sigmoid" if l + 1 == len(work.dims) else work.hidden.capitalize()
        nodes += [helper.make_node("Gemm", [last, f"w{l}", f"b{l}"], [f"z{l}"], transB=1),
                  helper.make_node(activation, [f"z{l}"], [f"a{l}"])]
        last = f"a{l}"
    kind = helper.np_dtype_to_tensor_dtype(a["X"].dtype)
    inputs = [helper.make_tensor_value_info("x", kind, [examples, work.dims[0]])]
    outputs = [helper.make_tensor_value_info(last, kind, [examples, work.dims[-1]])]
    graph = helper.make_graph(nodes, "network", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    return model.SerializeToString()


def onnxruntime_predict(work, a, options):
    import onnxruntime
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    examples = 1 if options.latency else work.m
    session = onnxruntime.InferenceSession(onnx_file(work, a, examples), settings,
                                           providers=["CPUExecutionProvider"])
    binding, bound = session.io_binding(), None
    output = np.empty((examples, work.dims[-1]), a["X"].dtype)
    value = onnxruntime.OrtValue.ortvalue_from_numpy(output)  # it writes into this array
    binding.bind_ortvalue_output(session.get_outputs()[0].name, value)

    def predict(rows):
        nonlocal bound
        if rows is not bound:
            bound = np.ascontiguousarray(rows)
            binding.bind_cpu_input("x", bound)
        session.run_with_iobinding(binding)
        return output
    return predict


def openvino_predict(work, a, options):
    import openvino
    settings = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "ENABLE_CPU_PINNING": False,
                "INFERENCE_NUM_THREADS": str(options.threads)}
    if options.peer == "openvino":  # it computes in bf16 where the processor can
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    core = openvino.Core()
    model = core.read_model(onnx_file(work, a, 1 if options.latency else work.m))
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    bound = None

    def predict(rows):
        nonlocal bound
        if rows is not bound:
            bound = np.ascontiguousarray(rows)
            request.set_input_tensor(openvino.Tensor(bound, shared_memory=True))
        request.infer()
        return request.get_output_tensor().data
    return predict


PEERS = {
    # name: training, prediction, module, title
    "numpy": (numpy_train, numpy_predict, "numpy", "NumPy"),
    "torch": (torch_train, torch_predict, "torch", "PyTorch"),
    "torch.compile": (torch_train, torch_predict, "torch", "PyTorch"),
    "onnxruntime": (None, onnxruntime_predict, "onnxruntime", "ONNX Runtime"),
    "openvino": (None, openvino_predict, "openvino", "OpenVINO"),
    "openvino-bf16": (None, openvino_predict, "openvino", "OpenVINO"),
}
CRATES = {"burn-flex": "burn", "candle": "candle-core"}  # the peers in rust/, from crates.io


def can(peer, workload, kind):
    """Whether a peer has such a case. OpenVINO computes f64 in f32."""
    predicts = PEERS[peer][0] is None if peer in PEERS else peer.startswith("dnn-blocks-")
    if workload.steps and predicts:
        return False
    return kind == "f32" or not peer.startswith("openvino") and not peer.endswith("-bf16")


def version(peer):
    if peer in CRATES:
        manifest = (pathlib.Path(__file__).resolve().parent / "rust" / "Cargo.toml").read_text()
        crate = CRATES[peer]
        return f"{crate} {re.search(rf'^{crate} = .*?=([0-9.]+)', manifest, re.M)[1]}"
    _, _, module, title = PEERS[peer]
    return f"{title} {importlib.import_module(module).__version__.split('-')[0]}"


def time_steps(step, budget_ms, least=3, most=2000):
    """Microseconds of each step, until the budget is spent."""
    times, begin = [], time.perf_counter()
    while len(times) < least or (time.perf_counter() - begin < budget_ms / 1e3
                                 and len(times) < most):
        start = time.perf_counter()
        step()
        times.append(1e6 * (time.perf_counter() - start))
    return times


def measure_steps(work, a, options):
    train, predict = PEERS[options.peer][:2]
    if work.steps:
        step = train(work, a, options)
        for _ in range(work.steps):
            cost = step()
    else:
        rows = a["X"].T if options.peer == "numpy" else np.ascontiguousarray(a["X"].T)
        call = predict(work, a, options)
        step = lambda: call(rows)
        cost = step().astype(np.float64).mean()
        for _ in range(20):
            step()
    times = time_steps(step, options.budget_ms)
    yield dict(final_cost=float(cost), median_us_per_step=statistics.median(times))


def measure_latency(work, a, options):
    """Predicts the examples one by one, each given in three ways."""
    x, table = a["X"], np.ascontiguousarray(a["X"].T)
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    call = PEERS[options.peer][1](work, a, options)
    ways = {
        "row": lambda i: call(table[i:i + 1]),
        "column": lambda i: call(x[:, i:i + 1].T),
        "row, scaled": lambda i: call((table[i:i + 1] - mean) / deviation),
    }
    for way, predict in ways.items():
        examples = range(work.m)
        cost = np.mean([predict(i).astype(np.float64).mean() for i in examples])
        turn = itertools.cycle(examples)
        times = time_steps(lambda: predict(next(turn)), options.budget_ms, 1000, 100_000)
        p50, p99 = np.percentile(times, [50, 99])
        yield dict(way=way, final_cost=float(cost), p50_us=p50, p99_us=p99)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--budget-ms", type=float, default=200)
    parser.add_argument("--latency", action="store_true")
    options = parser.parse_args()
    measure = measure_latency if options.latency else measure_steps
    for case in options.cases.split(","):
        name, kind = case.split(":")
        work, a = workloads.read_files(options.data, name, {"f64": "f8", "f32": "f4"}[kind])
        for line in measure(work, a, options):
            print(json.dumps(dict(workload=name, dtype=kind, **line)), flush=True)


if __name__ == "__main__":
    main()
