"""Fit the model: first the encoder to phones, then encoder and decoder together; stops after so
much computing time, and resumes.

``python -m training.fit --work DIR --minutes N`` goes on from DIR/run/checkpoint.pt if there is
one; ``--from-model DIR`` begins with the weights of a shipped model instead of with nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from training import augment
from training.batches import IGNORE, Batch, Examples
from training.model import Shape, SpeechModel
from training.plan import Plan
from training.shipped import read_shipped
from training.vocabulary import load_vocabulary

_EMA, _EMA_STEPS = 0.998, 4  # decay per step; the average is renewed every few steps
_SAVE_EVERY_S = 120.0


@dataclass
class Run:
    """What a checkpoint holds: the weights, their running average, the optimizer and how long it
    took so far. `begun_s`: how much of that was an earlier training, whose result this began with.
    """

    model: SpeechModel
    average: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    spent_s: float = 0.0
    utterances: int = 0
    begun_s: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)

    def renew_average(self, decay: float) -> None:
        """Move the average towards the weights; at the very start they are nearly copied."""
        decay = min(decay, (1 + self.utterances / 64) / (50 + self.utterances / 64))
        current = self.model.state_dict()
        averages = [self.average[name] for name in current]
        torch._foreach_lerp_(averages, list(current.values()), 1 - decay)

    def save(self, path: Path) -> None:
        """Write the checkpoint under a temporary name, then move it into place."""
        part = path.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": self.average,
                "optimizer": self.optimizer.state_dict(),
                "spent_s": self.spent_s,
                "utterances": self.utterances,
                "begun_s": self.begun_s,
            },
            part,
        )
        part.rename(path)

    def load(self, path: Path) -> None:
        """Take everything over from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["fused"] = True
        self.spent_s, self.utterances = state["spent_s"], state["utterances"]
        self.begun_s = state["begun_s"]


def losses_of(model: SpeechModel, batch: Batch, with_decoder: bool) -> dict[str, Tensor]:
    """The losses of one batch: ``frames`` and ``phones`` (CTC, per phone) of the encoder, ``words``
    of the decoder.
    """
    with torch.autocast("cpu", dtype=torch.bfloat16):
        audio = model.encoder(batch.mel)
        frames, phones = model.frame_head(audio), model.phone_head(audio[batch.ctc_rows])
        logits = model.decoder(batch.inputs, audio) if with_decoder else None
    found = {
        "frames": functional.cross_entropy(
            frames.float().flatten(0, 1), batch.frame_phones.flatten(), ignore_index=IGNORE
        )
    }
    if len(batch.ctc_rows):
        lengths = torch.full((len(batch.ctc_rows),), phones.shape[1])
        scores = phones.float().log_softmax(-1).transpose(0, 1)
        loss = functional.ctc_loss(
            scores, batch.phones, lengths, batch.phone_counts, reduction="sum", zero_infinity=True
        )
        found["phones"] = loss / max(1, int(batch.phone_counts.sum()))
    if logits is not None:
        found["words"] = functional.cross_entropy(
            logits.float().flatten(0, 1),
            batch.targets.flatten(),
            ignore_index=IGNORE,
            label_smoothing=0.05,
        )
    return found


def total_loss(found: dict[str, Tensor], with_decoder: bool) -> Tensor:
    """Weigh the losses: the phones lead at first, the words later."""
    weights = (
        {"frames": 0.5, "phones": 1.0, "words": 1.0}
        if with_decoder
        else {"frames": 1.0, "phones": 0.0, "words": 0.0}
    )
    parts = [weights[name] * loss for name, loss in found.items() if not torch.isnan(loss)]
    return torch.stack(parts).sum()


def _share_gradients(model: nn.Module, processes: int) -> None:
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in model.parameters()]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    start = 0
    for parameter in model.parameters():
        part = flat[start : start + parameter.numel()]
        parameter.grad = part.view_as(parameter) / processes
        start += parameter.numel()


def _shared_seconds(seconds: float, processes: int) -> float:
    """The first process's seconds, so that all stop at the same step."""
    if processes == 1:
        return seconds
    value = torch.tensor([seconds], dtype=torch.float64)
    distributed.broadcast(value, 0)
    return float(value)


def _report(run: Run, rate: float, count: int, began: float) -> None:
    shown = "  ".join(f"{name} {value:.3f}" for name, value in run.losses.items())
    pace = count / max(1e-6, time.monotonic() - began)
    where = f"{run.spent_s:6.0f} s  {run.utterances:7d} utterances  {pace:5.1f}/s"
    print(f"{where}  rate {rate:.1e}  {shown}", flush=True)


def _train(
    run: Run, examples: Examples, plan: Plan, *, rank: int, folder: Path, until_s: float
) -> None:
    """Take steps until `until_s` seconds of training are spent; the first process reports and
    saves.
    """
    saved = began = time.monotonic()
    last = time.process_time()
    steps, count = 0, 0
    batches = examples.batches(plan.batch)
    with_decoder = run.spent_s >= plan.frames_only_s
    while run.spent_s < min(until_s, plan.total_s):
        if run.spent_s >= plan.frames_only_s and not with_decoder:
            with_decoder = True
            begin_words(run)
        rate = plan.rate(run.spent_s, run.begun_s)
        examples.strength = augment.Strength.growing(run.spent_s / plan.total_s)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        batch = next(batches)
        run.optimizer.zero_grad(set_to_none=True)
        found = losses_of(run.model, batch, with_decoder)
        total_loss(found, with_decoder).backward()  # type: ignore[no-untyped-call]
        if plan.processes > 1:
            _share_gradients(run.model, plan.processes)
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        steps, count = steps + 1, count + len(batch.mel) * plan.processes
        run.utterances += len(batch.mel) * plan.processes
        if steps % _EMA_STEPS == 0:
            run.renew_average(_EMA**_EMA_STEPS)
        for name, loss in found.items():
            run.losses[name] = 0.97 * run.losses.get(name, loss.item()) + 0.03 * loss.item()
        now = time.process_time()
        run.spent_s = _shared_seconds(run.spent_s + now - last, plan.processes)
        last = now
        if rank == 0 and steps % 100 == 0:
            _report(run, rate, count, began)
            began, count = time.monotonic(), 0
        if rank == 0 and time.monotonic() - saved > _SAVE_EVERY_S:
            run.save(folder / "checkpoint.pt")
            saved = time.monotonic()


def begin_words(run: Run) -> None:
    """End the first stage: CTC starts from the head that knows the phone of each frame.

    That spares it part of the long plateau on which only blanks are learned.
    """
    with torch.no_grad():
        run.model.phone_head.weight.copy_(0.6 * run.model.frame_head.weight)
        run.model.phone_head.bias.copy_(0.6 * run.model.frame_head.bias)
        run.model.phone_head.bias[0] += 3.0  # silence becomes the blank, which is more frequent
    for part in ("weight", "bias"):
        run.average[f"phone_head.{part}"].copy_(run.model.state_dict()[f"phone_head.{part}"])
        run.optimizer.state.pop(getattr(run.model.phone_head, part), None)


def new_run(tokens: int, from_model: Path | None = None) -> Run:
    """A model with a new optimizer, the same in every process: a fresh one, or a shipped one."""
    torch.manual_seed(1)
    shipped = read_shipped(from_model, tokens) if from_model else None
    model = shipped.model if shipped else SpeechModel(Shape(tokens))
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    run = Run(model, {name: value.clone() for name, value in model.state_dict().items()}, optimizer)
    if shipped:
        run.spent_s = run.begun_s = shipped.seconds
        run.utterances = shipped.utterances
    return run


def _process(rank: int, work: Path, plan: Plan, until_s: float, from_model: Path | None) -> None:
    torch.set_num_threads(1)
    if plan.processes > 1:
        meeting = f"file://{work}/run/meeting-{os.getppid()}"
        distributed.init_process_group(
            "gloo", init_method=meeting, rank=rank, world_size=plan.processes
        )
    vocabulary = load_vocabulary(work / "vocabulary.json")
    run, folder = new_run(len(vocabulary.tokens), from_model), work / "run"
    if (folder / "checkpoint.pt").exists():
        run.load(folder / "checkpoint.pt")
    examples = Examples(
        work / "data" / "train", vocabulary, seed=1000 * rank + run.utterances, order=run.utterances
    )
    _train(
        run,
        examples,
        plan,
        rank=rank,
        folder=folder,
        until_s=until_s,
    )
    if rank == 0:
        run.save(folder / "checkpoint.pt")
    if plan.processes > 1:
        distributed.destroy_process_group()


def fit(
    work: Path, plan: Plan, *, until_s: float = float("inf"), from_model: Path | None = None
) -> None:
    """Train in `plan.processes` processes until the plan's time, or `until_s`, is spent.

    `from_model`: the shipped model to begin with when there is no checkpoint.
    """
    load_vocabulary(work / "vocabulary.json")  # made once, before the processes read it
    (work / "run").mkdir(parents=True, exist_ok=True)
    if plan.processes == 1:
        _process(0, work, plan, until_s, from_model)
    else:
        # So that the processes below end with this one.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        torch.multiprocessing.spawn(  # type: ignore[attr-defined, no-untyped-call]
            _process, (work, plan, until_s, from_model), nprocs=plan.processes, daemon=True
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument(
        "--minutes", type=float, default=90, help="CPU minutes in all, earlier runs included"
    )
    parser.add_argument(
        "--frames-minutes",
        type=float,
        default=6,
        help="the part of it that teaches the encoder alone",
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--from-model", type=Path, help="a shipped model to begin with")
    arguments = parser.parse_args()
    plan = Plan(
        60 * arguments.minutes,
        60 * arguments.frames_minutes,
        batch=arguments.batch,
        processes=arguments.processes,
    )
    fit(arguments.work, plan, from_model=arguments.from_model)


if __name__ == "__main__":
    main()
