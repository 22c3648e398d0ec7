#!/usr/bin/env bash
# Runs an MPI program on simulated machines: network namespaces with one rank in each, joined by a
# network of a given rate and delay.
#
#   benches/ranks/namespaces.sh MACHINES MBIT_PER_S DELAY_US PROGRAM [ARGUMENT...]
#
# Needs root, Open MPI, and ip and tc of iproute2. Without a delay, the namespaces are joined by veth
# pairs and a bridge, limited by tbf in both directions; with a delay, by relay.py. 0 Mbit/s is no
# limit. MPIRUN holds further arguments for mpirun. Everything is removed at the end.
set -euo pipefail

if [ "$1" = agent ]; then # what mpirun calls instead of ssh: agent 10.9.0.K COMMAND
    host=node${2##*.}
    shift 2
    exec ip netns exec "dnb-$host" unshare -u sh -c "hostname $host; $*"
fi

machines=$1 mbit=$2 delay=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
hosts=$(mktemp)
relay=

down() {
    if [ -n "$relay" ]; then kill "$relay" 2>/dev/null || true; fi
    for k in $(seq "$machines"); do ip netns del "dnb-node$k" 2>/dev/null || true; done
    ip netns del dnb-switch 2>/dev/null || true
    rm -f "$hosts"
}
trap down EXIT

limit() { # NAMESPACE DEVICE
    if [ "$mbit" != 0 ]; then
        ip netns exec "$1" tc qdisc add dev "$2" root tbf rate "${mbit}mbit" burst 256kb latency 200ms
    fi
}

for k in $(seq "$machines"); do
    ip netns add "dnb-node$k"
    ip -n "dnb-node$k" link set lo up
    echo "10.9.0.$k slots=1" >>"$hosts"
done
if [ "$delay" = 0 ]; then
    ip netns add dnb-switch
    ip -n dnb-switch link add bridge0 type bridge
    ip -n dnb-switch link set bridge0 up
    for k in $(seq "$machines"); do
        ip -n dnb-switch link add "port$k" type veth peer name eth0 netns "dnb-node$k"
        ip -n dnb-switch link set "port$k" master bridge0 up
        limit dnb-switch "port$k"
        limit "dnb-node$k" eth0
    done
else
    real=$(command -v chrt >/dev/null && echo "chrt -f 50" || true)
    $real python3 "$here/relay.py" "$machines" "$mbit" "$delay" &
    relay=$!
    for k in $(seq "$machines"); do
        for _ in $(seq 50); do ip link show "dnb-tun$k" >/dev/null 2>&1 && break; sleep 0.1; done
        ip link set "dnb-tun$k" netns "dnb-node$k" name eth0 mtu 65000
    done
fi
for k in $(seq "$machines"); do
    ip -n "dnb-node$k" addr add "10.9.0.$k/24" dev eth0
    ip -n "dnb-node$k" link set eth0 up
done

# shellcheck disable=SC2086 disable=SC2016
"$0" agent 10.9.0.1 exec mpirun --allow-run-as-root --hostfile "$hosts" -np "$machines" \
    --map-by node --bind-to none \
    --mca plm_rsh_agent "'$here/namespaces.sh agent'" \
    --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.9.0.0/24 \
    --mca oob_tcp_if_include 10.9.0.0/24 ${MPIRUN:-} "$here/pinned.sh" "$@"
