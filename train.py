"""The published command line: `python train.py --config checkpoints/SOT-2048/config.yaml`."""

import sys

from sot.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    main()
