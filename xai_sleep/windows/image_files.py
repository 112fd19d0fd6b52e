"""Files that keep the images of a recording's windows for later runs.

They are named after all that images depend on, so a file that is there is right, and appear by
rename, so jobs in parallel can share them. A cache is a convenience: one that cannot be used costs
a warning and time, never a run.
"""

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from xai_sleep import __version__
from xai_sleep.recordings.recording import Signals

log = logging.getLogger(__name__)

Stack = NDArray[np.float16]


def file_key(parameters: tuple[object, ...], signals: Signals, starts: NDArray[np.int64]) -> str:
    """Name of a file: alike in every process, and different when anything differs.

    Parameters
    ----------
    parameters : tuple
        Of the transform.
    signals : float32 array of shape (channel, time)
        Of the recording.
    starts : int64 array of shape (window,)
        First sample of each window.
    """
    key = hashlib.sha256(f"{__version__} {parameters} {signals.shape} {len(starts)}".encode())
    key.update(np.ascontiguousarray(signals).tobytes())
    key.update(starts.tobytes())
    return key.hexdigest()[:32]


def kept(path: Path, shape: tuple[int, ...], make: Callable[[], Stack]) -> Stack:
    """Images in a file, which is made if it is not there or damaged.

    Parameters
    ----------
    path : Path
        Of the file.
    shape : tuple of int
        What it must hold.
    make : callable
        Makes the images.

    Returns
    -------
    float16 array
        Mapped from the file; in memory if the file cannot be written.
    """
    try:
        return _mapped(path, shape)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (ValueError, OSError) as error:
        log.warning("image cache: %s cannot be used (%s) and is made again", path, error)
    images = make()
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            np.save(beside, images)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        return _mapped(path, shape)
    except (ValueError, OSError) as error:
        log.warning(
            "image cache: cannot write %s (%s); its images stay in memory, and are computed anew "
            "in every run (input.image.cache)",
            path,
            getattr(error, "strerror", None) or error,
        )
        return images


def _mapped(path: Path, shape: tuple[int, ...]) -> Stack:
    try:
        images: Stack = open_memmap(path, mode="r")
    except (SyntaxError, TokenError) as error:  # NumPy reads the header as Python
        raise ValueError("its header is damaged") from error
    if images.shape != shape or images.dtype != np.float16:
        raise ValueError(f"it holds {images.dtype} of {images.shape} instead of float16 of {shape}")
    return images
