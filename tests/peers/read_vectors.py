"""Reads vectors that Pretext wrote with NumPy and pyarrow, beside those that these wrote themselves.

    python tests/peers/read_vectors.py FOLDER tests/fixtures/vectors

FOLDER holds own.npy, own.rows.csv, own.csv and own.parquet. Exits with 1 where something differs, with 77 where a package is missing.
"""

import pathlib
import sys

try:
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


def bits(rows):
    return np.asarray(rows, dtype="<f4").view("<u4").tolist()


def main():
    own, peer = map(pathlib.Path, sys.argv[1:])
    expected = np.load(peer / "expected.npy")
    read = np.load(own / "own.npy")
    assert read.dtype == np.float32 and bits(read) == bits(expected)
    table, other = pq.read_table(own / "own.parquet"), pq.read_table(peer / "expected.parquet")
    assert table.column_names == other.column_names == ["path", "id", "label", "split", "vector"]
    for name in table.column_names[:-1]:
        assert table[name].to_pylist() == other[name].to_pylist(), name
        assert table[name].type == other[name].type, name
    assert pa.types.is_list(table["vector"].type)
    assert bits(table["vector"].to_pylist()) == bits(expected)
    assert pq.read_schema(own / "own.parquet").metadata[b"from"] == b"rotations"
    text = pa.csv.read_csv(own / "own.csv")
    assert text.column_names[4:] == [f"vector_{n}" for n in range(expected.shape[1])]
    numbers = np.stack([text[name].to_numpy() for name in text.column_names[4:]], axis=1)
    assert bits(numbers) == bits(expected)
    print("npy, parquet and csv are read as they were written")


main()
