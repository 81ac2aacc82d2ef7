"""Other vector indexes on the same vectors, in an environment of their own: this file is a program
that its Python runs. `python peers.py VECTORS.npy QUESTIONS.npy`, one thread, a JSON line for each.

Each has its usual parameters, and is asked for the ten nearest of one question after the other.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

K = 10
LINKS, WIDE = 32, 128  # of HNSW: neighbours of a node, candidates of a search

Rows = NDArray[np.float32]
Search = Callable[[Rows], Iterable[int]]


def faiss_flat(rows: Rows, folder: str) -> Search:
    faiss = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return lambda asked: index.search(asked[None], K)[1][0]


def faiss_hnsw(rows: Rows, folder: str) -> Search:
    faiss = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(rows.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.add(rows)
    index.hnsw.efSearch = WIDE
    return lambda asked: index.search(asked[None], K)[1][0]


def usearch(rows: Rows, folder: str) -> Search:
    made = importlib.import_module("usearch.index").Index
    index = made(
        ndim=rows.shape[1], metric="cos", dtype="i8", connectivity=LINKS, expansion_search=WIDE
    )
    index.add(np.arange(len(rows)), rows, threads=1)
    return lambda asked: index.search(asked, K, threads=1).keys


def chromadb(rows: Rows, folder: str) -> Search:
    client = importlib.import_module("chromadb").PersistentClient(folder)
    made = client.create_collection(
        "bench", configuration={"hnsw": {"space": "cosine", "num_threads": 1, "ef_search": WIDE}}
    )
    for start in range(0, len(rows), 2000):
        part = rows[start : start + 2000]
        made.add([str(start + at) for at in range(len(part))], embeddings=part)

    def search(asked: Rows) -> Iterable[int]:
        found = made.query(query_embeddings=[asked], n_results=K, include=[])
        return [int(number) for number in found["ids"][0]]

    return search


def plain_numpy(rows: Rows, folder: str) -> Search:
    def search(asked: Rows) -> Iterable[int]:
        cosines = rows @ asked
        best = np.argpartition(-cosines, K)[:K]
        return [int(number) for number in best[np.argsort(-cosines[best])]]

    return search


PEERS = {
    "faiss flat": faiss_flat,
    "numpy": plain_numpy,
    "faiss HNSW": faiss_hnsw,
    "usearch": usearch,
    "chromadb": chromadb,
}


def main() -> None:
    rows, questions = np.load(sys.argv[1]), np.load(sys.argv[2])
    exact = np.argsort(-(questions @ rows.T), axis=1)[:, :K]
    for name, make in PEERS.items():
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            search = make(rows, folder)
            built = time.process_time() - began
            search(questions[0])
            began = time.process_time()
            found = [search(asked) for asked in questions]
            ms = (time.process_time() - began) / len(questions) * 1000
        hits = sum(
            len(set(map(int, one)) & set(map(int, other)))
            for one, other in zip(found, exact, strict=True)
        )
        row = {"name": name, "ms": ms, "recall": hits / exact.size, "build_s": built}
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
