"""Knows of a metric's name whether the metric is to fall or to rise."""

from __future__ import annotations

import re
from functools import lru_cache

from ipyvitals.schema import Goal

__all__ = ["goal_of"]

FALLS = """
    loss losses error errors err mae mse rmse mape smape rmsle logloss nll perplexity ppl wer
    cer fid brier hinge deviance crossentropy bpb bpc regret ece
"""
RISES = """
    accuracy acc auc auroc auprc f1 fbeta ap map precision recall iou miou dice bleu rouge
    meteor r2 score scores reward rewards return psnr ssim ndcg mrr kappa mcc specificity
    sensitivity hits win wins
"""
UNKNOWN = """
    lr learning rate entropy kl rejected norm grad time seconds length len memory mem weight
    scale temperature
"""
WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")


_FALLS, _RISES, _UNKNOWN = (frozenset(words.split()) for words in (FALLS, RISES, UNKNOWN))


@lru_cache(maxsize=1_000)
def goal_of(name: str) -> Goal | None:
    """Return whether a metric of this name is to fall or to rise; ``None`` where it is unknown.

    Examples
    --------
    >>> goal_of("train/loss"), goal_of("valAccuracy"), goal_of("neg_log_loss"), goal_of("lr")
    ('min', 'max', 'max', None)
    """
    words = [word.lower() for word in WORD.findall(name)]
    known = [word for word in words if word in _FALLS or word in _RISES]
    if not known or not _UNKNOWN.isdisjoint(words):
        return None
    falls = known[-1] in _FALLS
    return "min" if falls and not {"neg", "negative"} & set(words) else "max"
