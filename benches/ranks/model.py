"""The model of a training step in docs/scaling.md. Prints its tables.

    python3 benches/ranks/model.py
    python3 benches/ranks/model.py --machines 2 --mbit 1000 --us 20 --examples 512   one step

Pure Python. All times are in seconds, sizes in bytes, rates in bytes or operations a second.
"""
import argparse
import math

# The network of ranks.rs, f32.
SIZES = [1024, 1024, 1024, 1024, 1]
BYTES = 4
SMALL = 4096  # weight matrices of up to this size go with the last message

# Measured: see docs/scaling.md.
FLOPS = 230e9  # products of one thread, with the elementwise work on their results
FIXED = 0.9e-3  # part of a step that does not depend on the examples: the update
# Processor time to send, receive and add a byte.
TCP = 0.58e-9
CARD = 0.09e-9  # the same if a network card copies; measured with shared memory
SKEW = 0.01  # relative spread of the machines' times; all wait for the slowest
EAGER = 65536  # a longer message needs a handshake: three latencies instead of one


def layers():
    """(bytes of dW that are a sum of their own, operations of dW, operations of dX) an example."""
    for l in range(len(SIZES) - 1, 0, -1):
        w = SIZES[l] * SIZES[l - 1]
        yield (w * BYTES if w > SMALL else 0), 2 * w, (2 * w if l > 1 else 0)


def rounds(way, size, n):
    """The bytes that a machine sends in each round of an all-reduce over n machines."""
    if way == "ring":  # Patarasuk and Yuan
        return [size / n] * (2 * (n - 1))
    depth = math.ceil(math.log2(n))
    if way == "halving":  # and doubling: Rabenseifner's
        return 2 * [size / 2 ** k for k in range(1, depth + 1)]
    if way == "doubling":
        return [size] * depth
    return [size] * (2 * depth)  # to one and back to all


def latency(way, size, n, alpha):
    return sum((3 if s > EAGER else 1) * alpha for s in rounds(way, size, n))


def wire(way, size, n, alpha, beta):
    return latency(way, size, n, alpha) + sum(rounds(way, size, n)) / beta


def touched(way, size, n, byte):
    return byte * sum(rounds(way, size, n))


def step(n, m, alpha, beta, overlap, way="ring", byte=TCP, slow=1.0):
    """The time of a step of m examples on each of n machines.

    An all-reduce begins when its gradients are ready, and the update waits for all of them. The
    network carries their bytes one after the other; their latencies run at the same time. `overlap`
    is the part of the products during which the network is busy. `slow` is the time of this
    machine's products relative to those in docs/scaling.md.
    """
    weights = [a * b for a, b in zip(SIZES, SIZES[1:])]
    now = sum(2 * m * w for w in weights) / FLOPS * slow
    small = BYTES * (sum(SIZES[1:]) + 1 + sum(w for w in weights if w <= SMALL))
    if n > 1:  # the number of examples, 32 bytes; the forward pass hides the first round
        known = wire("halving" if way == "halving" else "tree", 32, n, alpha, beta)
        now += max(0.0, known - alpha)
    queue, longest = 0.0, 0.0  # of the all-reduces that have begun: all bytes, and the slowest

    def work(operations):
        nonlocal now, queue, longest
        now += operations * m / FLOPS * slow
        queue = max(0.0, queue - overlap * operations * m / FLOPS * slow)
        longest = max(0.0, longest - overlap * operations * m / FLOPS * slow)

    for size, dw, dx in layers():
        work(dw)
        if n > 1 and size:
            busy = touched(way, size, n, byte) * slow
            alone = wire(way, size, n, alpha, beta)
            now += busy
            queue += max(0.0, alone - latency(way, size, n, alpha) - busy)
            longest = max(longest, alone - busy)
        work(dx)
    if n > 1:
        products = m * sum(2 * w + dw + dx for w, (_, dw, dx) in zip(weights[::-1], layers()))
        now += SKEW * products / FLOPS * slow * math.sqrt(2 * math.log(n))
        now += max(queue + alpha, longest) + wire("doubling", small, n, alpha, beta)
    return now + FIXED * slow


NETWORKS = [  # assumed: name, bytes a second, latency with software, seconds a byte
    ("10 Gbit/s, 50 µs, TCP", 10e9 / 8, 50e-6, TCP),
    ("10 Gbit/s, 20 µs, TCP", 10e9 / 8, 20e-6, TCP),
    ("100 Gbit/s, 20 µs, TCP", 100e9 / 8, 20e-6, TCP),
    ("100 Gbit/s, 5 µs, RDMA", 100e9 / 8, 5e-6, CARD),
]
MACHINES = [2, 16, 128, 1024]


def table(title, more, value):
    print(f"{title}\n\n| network | all-reduce | " + " | ".join(map(str, MACHINES)) + f" | {more} |")
    print("|---" * (len(MACHINES) + 3) + "|")
    for name, beta, alpha, byte in NETWORKS:
        for way in ("ring", "halving"):
            cells, last = value(way, byte, alpha, beta)
            print("| " + " | ".join([name, way, *cells, last]) + " |")
    print()


def both(kind, without, overlap):
    without, overlap = format(without, kind), format(overlap, kind)
    return without if without == overlap else f"{without} ({overlap})"


def weak(m):
    one = step(1, m, 0, 1, 0)

    def value(way, byte, alpha, beta):
        efficiency = lambda n, o: one / step(n, m, alpha, beta, o, way, byte)
        cells = [both(".2f", efficiency(n, 0), efficiency(n, 1)) for n in MACHINES]
        good = max((n for n in (2 ** k for k in range(14)) if efficiency(n, 0) >= 0.8))
        return cells, "8192 or more" if good == 8192 else str(good)
    table(f"**{m} examples on each machine, {1e3 * one:.0f} ms a step on one: efficiency "
          "(with full overlap)**", "above 0.8 up to", value)


def strong(m):
    one = step(1, m, 0, 1, 0)

    def value(way, byte, alpha, beta):
        gain = lambda n, o=0: one / step(n, m / n, alpha, beta, o, way, byte)
        cells = [both(".1f", gain(n), gain(n, 1)) for n in MACHINES]
        best = max((2 ** k for k in range(11)), key=gain)
        return cells, f"{best}"
    table(f"**{m} examples on all machines together: speed-up "
          "(with full overlap)**", "fastest on", value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machines", type=int)
    parser.add_argument("--mbit", type=float, default=10000)
    parser.add_argument("--us", type=float, default=50, help="latency of a message, with software")
    parser.add_argument("--examples", type=int, default=1024, help="on each machine")
    parser.add_argument("--sums", default="ring", choices=["ring", "halving", "tree"])
    parser.add_argument("--slow", type=float, default=1.0, help="ranks on a processor")
    options = parser.parse_args()
    if options.machines:
        for overlap in (0.0, 1.0):
            t = step(options.machines, options.examples, options.us / 1e6,
                     options.mbit * 1e6 / 8, overlap, options.sums, TCP, options.slow)
            print(f"overlap {overlap:.0f}: {1e3 * t:.1f} ms")
        return
    for m in (1024, 4096):
        weak(m)
    for m in (1024, 4096):
        strong(m)


if __name__ == "__main__":
    main()
