"""Speed and memory of the losses beside those of other packages.

Runs in three environments, since packages share import names: `worker`, `inputs` and `sides` run in
each of them and import no more than a side has; the rest runs where `sot` is installed.
"""
