"""A network of TUN devices with a rate and a delay, for namespaces.sh.

    python3 relay.py MACHINES MBIT_PER_S DELAY_US

Creates dnb-tun1, dnb-tun2, ... and forwards each packet to the device of its address 10.9.0.K. A
packet leaves after the earlier packets of its sender, at the given rate, and arrives after the delay.
"""
import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def device(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def main():
    machines, mbit, delay = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]) / 1e6
    fds = [device(f"dnb-tun{k + 1}") for k in range(machines)]
    per_byte = 8 / (mbit * 1e6) if mbit else 0.0
    queues = {fd: collections.deque() for fd in fds}  # by sender: (when, to, packet)
    free = dict.fromkeys(fds, 0.0)
    while True:
        now = time.perf_counter()
        for queue in queues.values():
            while queue and queue[0][0] <= now:
                _, to, packet = queue.popleft()
                try:
                    os.write(to, packet)
                except OSError:
                    pass  # a lost packet, which TCP sends again
        waiting = [queue[0][0] for queue in queues.values() if queue]
        timeout = max(min(waiting) - time.perf_counter(), 0) if waiting else None
        for fd in select.select(fds, [], [], timeout)[0]:
            try:
                packet = os.read(fd, 65536)
            except OSError:
                continue  # not up yet
            if packet[0] >> 4 != 4 or not 1 <= packet[19] <= machines:
                continue
            free[fd] = max(free[fd], time.perf_counter()) + len(packet) * per_byte
            queues[fd].append((free[fd] + delay, fds[packet[19] - 1], packet))


if __name__ == "__main__":
    main()
