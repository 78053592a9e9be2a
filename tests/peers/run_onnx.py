"""Runs an encoder that Pretext wrote as ONNX with onnxruntime, and compares its outputs.

    python tests/peers/run_onnx.py model.onnx input.npy output.npy [relative]

`input` is [B, C, H, W] and `output` [B, D], computed by Pretext in evaluation mode. All records at once, one by one and in
twos: the batch may have any size. Exits with 1 where an output differs by more than 1e-4, with `relative`
by more than 1e-4 of the largest output; with 77 where a package is missing.
"""

import sys

try:
    import numpy as np
    import onnxruntime
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


def main():
    model, inputs, outputs, *relative = sys.argv[1:]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (own,), (result,) = session.get_inputs(), session.get_outputs()
    assert own.name == "input" and result.name == "output", (own.name, result.name)
    assert own.shape[0] == "batch" and result.shape[0] == "batch", (own.shape, result.shape)
    x, y = np.load(inputs), np.load(outputs)
    assert list(own.shape[1:]) == list(x.shape[1:]), (own.shape, x.shape)
    largest = 0.0
    for size in [len(x), 1, 2]:
        parts = [session.run(None, {"input": x[at : at + size]})[0] for at in range(0, len(x), size)]
        found = np.concatenate(parts)
        assert found.shape == y.shape, (found.shape, y.shape)
        largest = max(largest, float(np.abs(found - y).max()))
    scale = float(np.abs(y).max())
    print(f"largest difference {largest:.2e}, largest output {scale:.2e}")
    sys.exit(0 if largest <= 1e-4 * (scale if relative else 1.0) else 1)


main()
