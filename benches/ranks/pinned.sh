#!/bin/sh
# Runs a rank of namespaces.sh on its own processor, if there are enough.
exec taskset -c $((OMPI_COMM_WORLD_RANK % $(nproc))) "$@"
