"""A radix tree of token sequences: which of those that are known shares the longest beginning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class _Node:
    """`edge`: the tokens that lead here. `keys`: of the sequences that end here."""

    edge: tuple[int, ...] = ()
    keys: list[int] = field(default_factory=list)
    children: dict[int, _Node] = field(default_factory=dict)


class RadixTree:
    """Sequences by number; several may hold the same tokens."""

    def __init__(self) -> None:
        self._root = _Node()
        self._tokens: dict[int, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def add(self, key: int, tokens: Sequence[int]) -> None:
        """Raises ValueError when the number is taken, or there are no tokens."""
        if key in self._tokens or not tokens:
            raise ValueError(f"sequence {key} is known already, or is empty")
        self._tokens[key] = whole = tuple(tokens)
        node, rest = self._root, whole
        while rest:
            child = node.children.get(rest[0])
            if child is None:
                child = node.children[rest[0]] = _Node(rest)
            shared = shared_length(child.edge, rest)
            if shared < len(child.edge):
                child = node.children[rest[0]] = _split(child, shared)
            node, rest = child, rest[shared:]
        node.keys.append(key)

    def remove(self, key: int) -> None:
        """Raises KeyError when the number is not known."""
        rest = self._tokens.pop(key)
        path = [self._root]
        while rest:
            child = path[-1].children[rest[0]]
            path.append(child)
            rest = rest[len(child.edge) :]
        path[-1].keys.remove(key)
        for parent, node in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
            _tidy(parent, node)

    def longest(self, tokens: Sequence[int]) -> tuple[int, int]:
        """A sequence that begins as `tokens` do for longest, and for how many; else (-1, 0)."""
        node, rest, count = self._root, tuple(tokens), 0
        while rest and (child := node.children.get(rest[0])) is not None:
            shared = shared_length(child.edge, rest)
            node, rest, count = child, rest[shared:], count + shared
            if shared < len(child.edge):
                break
        return (_any_key(node), count) if count else (-1, 0)

    def whole(self, tokens: Sequence[int]) -> tuple[int, int]:
        """The longest sequence that is a beginning of `tokens`, and its length; else (-1, 0)."""
        node, rest, count, best = self._root, tuple(tokens), 0, (-1, 0)
        while rest and (child := node.children.get(rest[0])) is not None:
            if rest[: len(child.edge)] != child.edge:
                break
            node, rest, count = child, rest[len(child.edge) :], count + len(child.edge)
            if node.keys:
                best = (node.keys[-1], count)
        return best


def shared_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences have in common, from the first on."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _split(node: _Node, length: int) -> _Node:
    """A node for the first `length` tokens of the edge, with the rest below it."""
    upper = _Node(node.edge[:length])
    node.edge = node.edge[length:]
    upper.children[node.edge[0]] = node
    return upper


def _tidy(parent: _Node, node: _Node) -> None:
    """Drop a node that leads nowhere, and join it with an only child."""
    if node.keys:
        return
    if not node.children:
        del parent.children[node.edge[0]]
    elif len(node.children) == 1:
        (child,) = node.children.values()
        child.edge = node.edge + child.edge
        parent.children[node.edge[0]] = child


def _any_key(node: _Node) -> int:
    """Of some sequence below: all of them begin with what led here."""
    while not node.keys:
        node = next(iter(node.children.values()))
    return node.keys[-1]
