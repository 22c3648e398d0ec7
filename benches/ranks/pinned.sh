#!/bin/sh
# Runs a rank of namespaces.sh on a processor of its own, as far as there are enough.
exec taskset -c $((OMPI_COMM_WORLD_RANK % $(nproc))) "$@"
