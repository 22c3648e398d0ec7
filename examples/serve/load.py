"""Times predictions of dnn-blocks and ONNX Runtime on one machine, as a table.

    python3 examples/serve/load.py

Both run the same exported models, ONNX Runtime with one thread. "In process" is one call after the
other. Over HTTP the same client (src/bin/load.rs) asks both servers: the server of this example,
and ONNX Runtime behind Python's http.server, which measures Python's HTTP more than ONNX Runtime.
Needs cargo, numpy and onnxruntime.
"""

import argparse
import http.server
import json
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def direct(session, x, count):
    name, times = session.get_inputs()[0].name, []
    start = time.perf_counter()
    for _ in range(count):
        before = time.perf_counter_ns()
        session.run(None, {name: x})
        times.append(time.perf_counter_ns() - before)
    whole = time.perf_counter() - start
    times.sort()
    return [times[count // 2] / 1e3, times[int(count * 0.99)] / 1e3, count / whole]


def serve(session):
    name = session.get_inputs()[0].name

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body in one packet

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            x = np.array(json.loads(body)["examples"], dtype=np.float32)
            (a,) = session.run(None, {name: x})
            classes, probabilities = a.argmax(axis=1).tolist(), a.tolist()
            answer = json.dumps({"classes": classes, "probabilities": probabilities}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # with the 5 of Python, a connection may wait for a second

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--count", type=int, default=1000, help="requests of a round")
    arguments = parser.parse_args()
    rounds, count = arguments.rounds, arguments.count

    with tempfile.TemporaryDirectory() as folder:
        manifest = HERE / "Cargo.toml"
        command = ["cargo", "run", "--quiet", "--release", "--manifest-path", manifest]
        command += ["--bin", "load", "--", folder]
        load = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def order(*words):
            print(*words, file=load.stdin, flush=True)
            return [float(number) for number in load.stdout.readline().split()]

        ways = {}
        for model in load.stdout.readline().split():
            session = session_of(f"{folder}/{model}.onnx")
            example = json.loads(pathlib.Path(folder, f"{model}.json").read_text())
            x = np.array([example["x"]], dtype=np.float32)
            (a,) = session.run(None, {session.get_inputs()[0].name: x})
            np.testing.assert_allclose(a, example["probabilities"], atol=1e-5)
            port = serve(session).server_port

            def ways_of(model=model, session=session, x=x, port=port):
                yield "in process: dnn-blocks", lambda: order("direct", model, 10 * count)
                yield "in process: ONNX Runtime", lambda: direct(session, x, 10 * count)
                for n in [1, 8, 64]:
                    at_once = f"HTTP, {n} connection{'s' if n > 1 else ''}"
                    yield f"{at_once}: dnn-blocks", lambda n=n: order("http", model, n, count)
                    name = f"{at_once}: ONNX Runtime"
                    yield name, lambda n=n: order("other", model, port, n, count)

            ways.update({(model, name): measure for name, measure in ways_of()})

        measured = {way: [] for way in ways}
        for _ in range(rounds):
            for way, measure in ways.items():
                measured[way].append(measure())
        load.stdin.close()
        if load.wait():
            raise SystemExit("the load program failed")

    print(f"ONNX Runtime {onnxruntime.__version__}, medians of {rounds} interleaved rounds.\n")
    print("| model | measured | p50 | p99 | per second |\n|---|---|---|---|---|")
    for (model, name), of_rounds in measured.items():
        p50, p99, per_second = (statistics.median(numbers) for numbers in zip(*of_rounds))
        print(f"| {model} | {name} | {p50:.1f} us | {p99:.1f} us | {per_second:.0f} |")


main()
