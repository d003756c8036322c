"""Frames cut out one by one, as the four framing rules describe them."""

import numpy as np


def frames_of(audio, rule, length, hop, block=None):
    """Frames of one clip, shape (frames, length).

    `block` is the size of the transform in whose middle the frame lies.
    """
    audio = np.asarray(audio, dtype=np.float64)
    block = block or length
    start = 0 if rule in ("whole", "end") else (block - length) // 2 - block // 2
    if rule == "whole":
        audio = np.pad(audio, (0, max(0, length - len(audio))))
    if rule == "reflect":  # a reflection needs one sample more than it shows beyond either end
        beyond = max(-start, start + length - block % 2)
        audio = np.pad(audio, (0, max(0, beyond + 1 - len(audio))))
    samples = len(audio)
    if rule == "whole":
        count = sum(t * hop + length <= samples for t in range(samples))
    elif rule == "end":
        count = sum(t * hop < samples for t in range(samples))
    else:  # whole blocks inside the signal that is longer by half a block at both ends
        count = sum(t * hop + block <= samples + 2 * (block // 2) for t in range(samples + 1))
    mode = "reflect" if rule == "reflect" else "constant"
    padded = np.pad(audio, block, mode=mode) if samples > 1 else np.pad(audio, block)
    first = block + start
    padded = np.pad(padded, (0, hop + length))
    return np.stack([padded[first + t * hop :][:length] for t in range(count)])
