"""The published networks in Keras, timed on request; run by an interpreter that has Keras.

Reads one request a line, ``cnn1d``, ``cnn2d`` or ``maps``, and answers each with milliseconds a
window: of one epoch of training, or of one Grad-CAM map. It imports nothing of xai_sleep.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
from keras import layers

WINDOWS = 1024
BATCH = {"cnn1d": 256, "cnn2d": 64}
SHAPE = {"cnn1d": (1000, 2), "cnn2d": (128, 128, 3)}
KERNELS_1D = ((4, 6), (4, 5), (10, 4), (10, 4), (15, 4))
CAM_LAYER = "last"


def network(name: str) -> keras.Model:
    """Build and compile a network as published, but on logits."""
    stack = [keras.Input(SHAPE[name]), *(_cnn1d() if name == "cnn1d" else _cnn2d())]
    model = keras.Sequential(stack)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    return model


def _cnn1d() -> list[keras.Layer]:
    stack: list[keras.Layer] = []
    for filters, kernel in KERNELS_1D:
        stack += [layers.Conv1D(filters, kernel, activation="relu"), layers.MaxPooling1D(2)]
    return [*stack, layers.Flatten(), layers.Dropout(0.5), layers.Dense(2)]


def _cnn2d() -> list[keras.Layer]:
    stack: list[keras.Layer] = []
    for filters in (4, 8, 16):
        name = CAM_LAYER if filters == 16 else f"conv{filters}"
        strides = 2 if filters == 4 else 1
        stack += [
            layers.Conv2D(filters, 3, strides, "same", activation="relu", name=name),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
        ]
    dense = [layers.Flatten(), layers.Dense(16, activation="relu"), layers.BatchNormalization()]
    return [*stack, *dense, layers.Dropout(0.5), layers.Dense(2)]


def grad_cam(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """Map of one window, by the recipe of the Keras documentation."""
    both = keras.Model(model.inputs[0], [model.get_layer(CAM_LAYER).output, model.outputs[0]])
    with tf.GradientTape() as tape:
        features, logits = both(image)
        score = logits[:, 1]
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(0, 1, 2))
    coarse = tf.nn.relu(tf.reduce_sum(features[0] * weights, axis=-1))
    fine = tf.image.resize(coarse[..., None], image.shape[1:3])
    return np.asarray(fine / (tf.reduce_max(fine) + 1e-12))


def main() -> None:
    """Answer requests until the input ends."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, WINDOWS)
    models = {name: network(name) for name in SHAPE}
    inputs = {n: rng.standard_normal((WINDOWS, *s), dtype=np.float32) for n, s in SHAPE.items()}
    for line in sys.stdin:
        name = line.strip()
        start = time.perf_counter()
        if name == "maps":
            n_windows = 4
            for image in inputs["cnn2d"][:n_windows]:
                grad_cam(models["cnn2d"], image[None])
        else:
            n_windows = WINDOWS
            models[name].fit(inputs[name], labels, BATCH[name], verbose=0)
        milliseconds = 1000 * (time.perf_counter() - start) / n_windows
        sys.stdout.write(f"{milliseconds}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
