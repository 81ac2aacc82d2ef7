"""Prometheus' text format."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.hosts.metrics import read_metrics


def test_samples_are_added_up_over_their_labels() -> None:
    page = """
# HELP vllm:num_requests_running Number of requests.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a } b"} 2.0
vllm:num_requests_running{engine="1",model_name="c"} 1.0 1395066363000
llamacpp:predicted_tokens_seconds 12.5
broken
nothing{x="1"}
infinite +Inf
"""
    assert read_metrics(page) == {
        "vllm:num_requests_running": 3.0,
        "llamacpp:predicted_tokens_seconds": 12.5,
    }


@given(st.text())
def test_anything_else_is_no_figure(page: str) -> None:
    assert all(isinstance(value, float) for value in read_metrics(page).values())
