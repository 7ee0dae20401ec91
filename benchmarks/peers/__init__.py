"""Other methods of rating prediction, each behind the interface of `benchmarks.peers.peer`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from recsys.results.fingerprint import code_of, fingerprint

if TYPE_CHECKING:
    from benchmarks.peers.peer import Peer

# Where each method is written. They are imported when they are used, since they need the extra `bench`.
PEERS = {
    "baseline": "surprise_peers:Baseline",
    "nmf": "surprise_peers:NMF",
    "pmf": "surprise_peers:PMF",
    "svd": "surprise_peers:SVD",
    "svdpp": "surprise_peers:SVDpp",
    "knn-baseline": "surprise_peers:KNNBaseline",
    "fm": "fm:FM",
    "fm-implicit": "fm:FMImplicit",
    "fm-date": "fm:FMDate",
    "fm-windows": "fm:FMWindows",
    "nfm": "networks.nfm:NFM",
    "mc": "graph.mc:MC",
    "gmc": "graph.mc:GMC",
    "gc-mc": "graph.gc_mc:GCMC",
    "gc-mc-features": "graph.gc_mc:GCMCFeatures",
    "graphrec": "networks.graphrec:GraphRec",
    "graphrec-side": "networks.graphrec:GraphRecSide",
    "graphrec-graph-side": "networks.graphrec:GraphRecGraphSide",
    "imc": "imc:IMC",
    "grals": "graph.grals:GRALS",
    "srgcnn": "graph.srgcnn:SRGCNN",
    "autosvdpp": "networks.autosvdpp:AutoSVDpp",
}


def build(name: str, seed: int, **settings: Any) -> Peer:
    """A peer with its frozen settings, or with others.

    Raises:
        KeyError: there is no peer of this name.
        ModuleNotFoundError: the peer needs a library of the extra `bench`, which is not installed.
        TypeError: the peer has no such setting.
    """
    module, _, kind = PEERS[name].partition(":")
    peer: Peer = getattr(importlib.import_module(f"benchmarks.peers.{module}"), kind)(seed=seed, **settings)
    return peer


def fingerprint_of(name: str, split: str) -> str:
    """Of a result of a peer, with its frozen settings, on a split; they are in its source."""
    module = PEERS[name].partition(":")[0]
    code = code_of("benchmarks.peers.run", f"benchmarks.peers.{module}")
    return fingerprint({"model": name, "split": split}, code)
