"""The sentences of the package, by code: the one place where a code becomes English.

A reason or a notice is a code with arguments. This module turns both into the English sentence that
stands in ``reason`` and ``message``; the page translates the template of the same code, from
``js/src/lab/catalogue.gen.ts``, which ``scripts/generate_contract.py`` writes. The sentences of a
rule stand with the rule, in `ipyvitals.health.rules`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

__all__ = ["LABELS", "MESSAGES", "Args", "Message", "message", "render", "template_of"]

Args: TypeAlias = dict[str, str | float]

MESSAGES: dict[str, str] = {
    # Why a model has its status, where no rule decided it.
    "status.first_prediction": "First prediction",
    "status.predictions_resumed": "Predictions resumed",
    "status.training_started": "Training started",
    "status.training_completed": "Training completed",
    "status.training_stopped": "Training stopped",
    "status.deployed": "Deployed",
    "status.replaced": "Replaced",
    "status.retired": "Retired",
    "status.reset": "Reset",
    "status.closed": "Monitor closed",
    "status.thresholds_changed": "Thresholds changed",
    # What ended a run that its user did not end.
    "run.requested": "Stopped on request",
    "run.interrupted": "Interrupted",
    "run.left": "The loop was left",
    "run.cell": "Its cell ended with {error}",
    "run.replaced": "The next run of the same owner began",
    "run.returned": "The call that trained ended early, and gave no reason",
    "run.closed": "Monitor closed",
    # What is wrong with a run.
    "run.stalled": "No step for {seconds} s; a step usually takes {usual} s",
    "run.stalled_iterable": (
        "No step for {seconds} s: the loop waits for its next item; a step usually takes {usual} s"
    ),
    "run.stalled_body": (
        "No step for {seconds} s: the body of the loop runs; a step usually takes {usual} s"
    ),
    "run.no_step_yet": "No step in the {seconds} s since it began",
    "run.no_step_yet_iterable": (
        "No step in the {seconds} s since it began: the loop waits for its first item"
    ),
    "run.no_step_yet_body": (
        "No step in the {seconds} s since it began: the body of the loop runs"
    ),
    "run.not_finite": "{metric} is not finite from step {step} ({what}); it was {value} before",
    "run.never_finite": "{metric} is not finite from step {step} ({what})",
    "run.steps_again": "Steps again after {seconds} s",
    "run.finite_again": "{metric} is finite again at step {step}",
    # Notices.
    "callbacks.dropped": (
        "callbacks are slower than events: more than {limit} waited, the oldest were dropped"
    ),
    "callbacks.failed": "{callback} raised {error} on {event}: {text}",
    "drift.features": (
        "the feature {feature} is not watched: there are more than {limit}, or it came after the "
        "reference"
    ),
    "intake.fold_failed": "{entries} entries could not be counted: {error}",
    "integrations.failed": "{integration} could not report: {error}",
    "intake.waiting": (
        "records wait to be counted: score(), segment() or a comparison of predictions has not "
        "returned for {seconds} s"
    ),
    "kernel.control": (
        "this kernel has no control channel, so it answers no requests of the server"
    ),
    "labels.arrays": (
        "several values were compared as one prediction, which is right when all of them are "
        "({prediction} against {label}); for one prediction a value use record_batch(), for "
        "another measure pass score= to Monitor."
    ),
    "labels.duplicate": "the id {id} had a label already; the first one counts",
    "labels.evicted": "more than {limit} predictions waited for labels; the oldest left",
    "labels.expired": "predictions waited over {seconds} s for a label",
    "labels.kind": (
        "predictions are {predictions}s and labels are {labels}s ({prediction} against {label}): "
        "they can never be equal, so these labels are not counted; convert one of them, or pass "
        "score= to Monitor."
    ),
    "labels.not_a_number": (
        "regression expects finite numbers, got {prediction} and {label}; this label is not counted"
    ),
    "labels.order": (
        "the indexes of {one} and {other} have the same labels in another order, so that their "
        "rows do not belong together: only predictions are counted, and no label; align them by "
        ".loc[…index], or pass .to_numpy() where the order is right."
    ),
    "labels.reused_id": (
        "a second prediction came under the id {id} before its label; the newer one will be "
        "labelled"
    ),
    "labels.scores": (
        "predictions look like scores and labels like classes ({prediction} against {label}): "
        "they can never be equal, so these labels are not counted; record the class, such as by "
        ".argmax(), by a threshold (p >= 0.5), or by max(scores, key=scores.get), or pass score= "
        "to Monitor; for predictions that are numbers, use task='regression'."
    ),
    "labels.unknown": "no prediction waits under the id {id}",
    "models.evicted": "more than {limit} models; forgot {model}",
    "monitor.closed": (
        "the monitor {monitor} is closed, so this is not counted; was it closed, or replaced by a "
        "newer Monitor of the same name?"
    ),
    "monitor.forked": (
        "the monitor {monitor} belongs to the process that this one was forked from, so this is "
        "not counted; hand predictions back to that process, or make a Monitor here"
    ),
    "panel.ipykernel": (
        "ipykernel {version} cannot update widgets from a thread, so the panel stands still while "
        "a cell runs; install ipykernel 7.1 or newer."
    ),
    "score.failed": "score() raised {error}",
    "score.range": (
        "score() returned {value}; expected a number from 0 to 1, so this label is not counted"
    ),
    "segment.failed": "segment() raised {error}",
    "store.broken": "{error}; it is kept as {file}, and a new one begun",
    "store.caught_up": "{file} takes the history again; nothing waits",
    "store.dropped": "more rows waited to be kept than there is room for",
    "store.forked": (
        "the process that this one was forked from writes a history, so this one keeps its own in "
        "memory; start workers by 'spawn' to have theirs on the disk"
    ),
    "store.locked": "the history is kept in memory, and tried again: {error}",
    "store.state": "{model} begins anew: {error}",
    "store.unavailable": "the history is kept in memory, and tried again: {error}",
    "system.*": "cannot read {part}: {error}",
    "threads.ended": "an error ended the thread {thread}; it was started again",
    "workers.drift": (
        "drift is not watched in workers: the records of {worker} have no part in it; record in "
        "this process what it has to compare"
    ),
    "workers.folder": "the reports of workers cannot be read: {error}",
    "workers.lost": "the worker {worker} ended without a last report; it was heard {seconds} s ago",
    "workers.many": "more than {limit} workers report; further ones are not counted",
    "workers.newer": "{error}",
    "workers.refused": "a report was refused: {error}",
    "workers.unsent": "a report could not be sent, the next one has its counts: {error}",
    "tqdm.failed": "a bar of tqdm could not be followed: {error}",
    "training.not_finite": "metric {metric} is {value}",
    "training.metrics": ("a run has at most {limit} metrics; {name} and further ones are left out"),
    "training.config": (
        "a run has at most {limit} hyperparameters; {name} and further ones are left out"
    ),
    "training.tags": "a run has at most {limit} tags; {name} and further ones are left out",
    "training.value": "expected a number for {name}, got {value} ({kind}); it is left out",
    "watch.failed": "a call of {model} could not be recorded in full: {error}",
}
"""Templates by code; a code that ends in ``.*`` stands for all codes that begin like it."""

LABELS: dict[str, str] = {
    # Texts of a training run that its user did not write.
    "training.ready": "Ready",
    "training.system_ready": "System ready",
    "training.training": "Training",
    "training.interrupted": "Interrupted",
    "training.stopped_on_request": "Stopped on request",
    "scope.host": "host",
    "scope.container": "container",
    "labels_lost.evicted": "evicted",
    "labels_lost.expired": "expired",
    "labels_lost.unknown": "unknown",
    "labels_lost.duplicate": "duplicate",
    "labels_lost.early": "early",
    "labels_lost.missing": "missing",
    "labels_lost.mismatched": "mismatched",
}
"""Words for values of the sections; those of the machine's components stand with its rules."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Message(msgspec.Struct, frozen=True):
    """An English sentence, with the code and the arguments that it was made from.

    A text of the user, such as an exception's, has no code.
    """

    text: str
    code: str | None = None
    args: Args = {}


def message(code: str, /, **args: str | float) -> Message:
    """Return the message of a code of `MESSAGES`.

    Examples
    --------
    >>> message("labels.expired", seconds=60.0).text
    'predictions waited over 60 s for a label'
    """
    return Message(render(template_of(code) or code, args), code, args)


def template_of(code: str) -> str | None:
    """Return the template of a code, or ``None`` for a code that has none.

    Examples
    --------
    >>> template_of("system.network")
    'cannot read {part}: {error}'
    """
    return MESSAGES.get(code) or MESSAGES.get(f"{code.partition('.')[0]}.*")


def render(template: str, args: Mapping[str, str | float]) -> str:
    """Return a template with its arguments in place; one without an argument stays as it is.

    Examples
    --------
    >>> render("No prediction for {seconds} s", {"seconds": 300.0})
    'No prediction for 300 s'
    """

    def value_of(place: re.Match[str]) -> str:
        value = args.get(place[1], place[0])
        return value if isinstance(value, str) else f"{value:g}"

    return _PLACEHOLDER.sub(value_of, template)
