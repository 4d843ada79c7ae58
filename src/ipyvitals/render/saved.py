"""Prepares a snapshot for a file that others will read: the output of a saved notebook.

A notebook is shared, committed and published, and texts of exceptions hold what nobody meant to
share, such as the address of a database with its password. So a saved panel has the type of an
exception alone, and neither ids nor values of single predictions. The live views have all texts.
"""

from __future__ import annotations

import os
import re

from msgspec.structs import replace

from ipyvitals.schema import ModelSection, Notice, Snapshot, TrainingSection
from ipyvitals.schema.messages import render, template_of

__all__ = ["SETTING", "without_texts"]

SETTING = "IPYVITALS_SAVE_TEXTS"
"""Environment variable: ``1`` saves all texts."""
HIDDEN = "…"
PRIVATE_ARGS = frozenset({"error", "id", "label", "prediction", "text", "value"})
"""The arguments of notices that are texts of exceptions, or ids and values of the user's data."""

_TYPE_NAME = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?=: |:?$)")


def without_texts(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot without texts of exceptions, unless the setting saves them.

    Examples
    --------
    >>> notice = Notice(code="score.failed", message="score() raised OSError: no /a/b", count=1,
    ...     at=0.0, args={"error": "OSError: no /a/b"})
    >>> saved = without_texts(Snapshot(monitor="default", seq=0, at=0.0, notices=[notice]))
    >>> saved.notices[0].message
    'score() raised OSError'
    """
    if os.environ.get(SETTING, "").lower() in ("1", "true", "yes"):
        return snapshot
    return replace(
        snapshot,
        model=_model(snapshot.model),
        training=_training(snapshot.training),
        notices=[_notice(notice) for notice in snapshot.notices],
    )


def _model(model: ModelSection) -> ModelSection:
    if model.reason is None or model.reason_code is not None:
        return model
    # The text of a user, or of the exception that ended a training run.
    return replace(model, reason=_type_of(model.reason))


def _training(run: TrainingSection) -> TrainingSection:
    return replace(run, details=_type_of(run.details)) if run.state == "failed" else run


def _notice(notice: Notice) -> Notice:
    template = template_of(notice.code)
    if template is None:
        return replace(notice, message=_type_of(notice.message), args={})
    args = {
        name: _type_of(str(value)) if name in PRIVATE_ARGS else value
        for name, value in notice.args.items()
    }
    return replace(notice, message=render(template, args), args=args)


def _type_of(text: str) -> str:
    """Return the type of an exception at the beginning of a text, or a mark of what is hidden."""
    found = _TYPE_NAME.match(text)
    return found[0] if found else HIDDEN
