"""The training step of ../ranks.rs in PyTorch, alone or by DistributedDataParallel over gloo.

    python3 ddp.py --ranks 2 --examples 1024

It has the same network, numbers, cost and update. Each process has one thread, pinned to its own
processor. It prints one line of JSON like ranks.rs.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

SIZES = [1024, 1024, 1024, 1024, 1]


def work(options, rank):
    import numpy as np
    import torch
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank]})
    torch.set_num_threads(1)
    numbers = np.random.RandomState(2).random_sample((SIZES[0], options.examples))
    x = torch.tensor((2 * numbers - 1).astype(np.float32)).T
    y = (x[:, :1] > 0).float()
    share = options.examples // options.ranks
    x = x[rank * share:(rank + 1) * share].contiguous()
    y = y[rank * share:(rank + 1) * share].contiguous()
    rng, layers = np.random.RandomState(1), []
    for before, units in zip(SIZES, SIZES[1:]):
        layer = torch.nn.Linear(before, units)
        w = rng.randn(units, before) * np.sqrt(2 / before)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(w))
            layer.bias.zero_()
        layers += [layer, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    if options.ranks > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{options.meet}", rank=rank, world_size=options.ranks)
        net = torch.nn.parallel.DistributedDataParallel(
            net, gradient_as_bucket_view=True, bucket_cap_mb=options.bucket_mb)
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    times = []
    for _ in range(options.steps + 2):
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=options.ranks == 1)
        cost = loss(net(x), y)
        cost.backward()
        optimiser.step()
        last = cost.item()
        times.append(1e6 * (time.perf_counter() - start))
    if options.ranks > 1:  # the cost over all ranks; `ranks.rs` reduces it in the step
        mean = torch.tensor(last / options.ranks)
        torch.distributed.all_reduce(mean)
        last = mean.item()
    if rank == 0:
        times = times[2:]
        print(json.dumps(dict(peer="torch", ranks=options.ranks, examples=options.examples,
                              median_us=round(statistics.median(times)),
                              min_us=round(min(times)), cost=last)), flush=True)
    os._exit(0)  # gloo's threads sometimes hang at exit


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--examples", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--bucket-mb", type=float, default=25, help="25 is PyTorch's own default")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--meet", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rank is not None or options.ranks == 1:
        return work(options, options.rank or 0)
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
        command = [sys.executable, __file__, *sys.argv[1:], "--meet", f"{folder}/meet", "--rank"]
        ranks = [subprocess.Popen(command + [str(rank)], env=env)
                 for rank in range(options.ranks)]
        sys.exit(max(rank.wait() for rank in ranks))


if __name__ == "__main__":
    main()
