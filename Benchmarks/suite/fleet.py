"""Many replicas as one service: hops between two of them, and a follower beside its leader."""

import following
import hops


def measure(arguments):
    return hops.measure(arguments) + following.measure(arguments)
