"""Table of the functions that train, and of what has to be imported for them to exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ipyvitals.integrations.autolog.insertion import (
    ArgumentInserter,
    CatBoostInserter,
    EstimatorInserter,
    Inserter,
    NetInserter,
    StudyInserter,
    TrainerInserter,
)

__all__ = ["FRAMEWORKS", "Framework", "TrainingFunction"]


class TrainingFunction(NamedTuple):
    """A function of a framework that trains.

    Parameters
    ----------
    places : tuple of str
        Where the function stands, as ``"module:name"`` or ``"module:Class.name"``. A method is
        replaced in the class that defines it.
    inserter : Inserter
        How a call takes a callback.
    """

    places: tuple[str, ...]
    inserter: Inserter


class Framework(NamedTuple):
    """A framework whose trainings are reported.

    Parameters
    ----------
    name : str
        Name for the user.
    adapter : str
        Module of the adapter.
    functions : tuple of TrainingFunction
    imports : tuple of str
        Modules after whose import the functions stand in their places.
    contains : bool
        Whether the framework tries trainings of others, which are reported inside it.
    """

    name: str
    adapter: str
    functions: tuple[TrainingFunction, ...] = ()
    imports: tuple[str, ...] = ()
    contains: bool = False


def _framework(
    name: str,
    functions: Iterable[TrainingFunction],
    imports: tuple[str, ...] = (),
    *,
    contains: bool = False,
) -> Framework:
    adapter = f"ipyvitals.integrations.{name}"
    return Framework(name, adapter, tuple(functions), imports or (name,), contains)


FRAMEWORKS = (
    _framework(
        "catboost",
        (
            TrainingFunction((f"catboost:{model}.fit",), CatBoostInserter())
            for model in ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")
        ),
    ),
    _framework(
        "fastai",
        [TrainingFunction(("fastai.learner:Learner.fit",), ArgumentInserter("cbs"))],
        ("fastai.learner",),
    ),
    _framework("keras", [TrainingFunction(("keras:Model.fit",), ArgumentInserter())]),
    _framework(
        "lightgbm",
        [
            TrainingFunction(
                ("lightgbm.engine:train", "lightgbm:train", "lightgbm.sklearn:train"),
                ArgumentInserter(),
            ),
            TrainingFunction(("lightgbm.engine:cv", "lightgbm:cv"), ArgumentInserter()),
        ],
    ),
    # By the entry points of Lightning, see `lightning.py`.
    Framework("lightning", "ipyvitals.integrations.lightning"),
    _framework(
        "optuna",
        [TrainingFunction(("optuna.study:Study.optimize",), StudyInserter())],
        contains=True,
    ),
    _framework(
        "sklearn",
        (
            TrainingFunction((f"{module}:{name}.fit",), EstimatorInserter())
            for module, name in (
                ("sklearn.model_selection", "GridSearchCV"),
                ("sklearn.model_selection", "RandomizedSearchCV"),
                ("sklearn.pipeline", "Pipeline"),
                ("sklearn.linear_model", "LogisticRegression"),
            )
        ),
        ("sklearn.model_selection", "sklearn.pipeline", "sklearn.linear_model"),
        contains=True,
    ),
    _framework(
        "skorch",
        [TrainingFunction(("skorch.net:NeuralNet.partial_fit",), NetInserter())],
        ("skorch.net",),
    ),
    _framework(
        "transformers",
        [TrainingFunction(("transformers.trainer:Trainer.train",), TrainerInserter())],
        ("transformers.trainer",),
    ),
    _framework(
        "xgboost",
        [
            TrainingFunction(
                ("xgboost.training:train", "xgboost:train", "xgboost.sklearn:train"),
                ArgumentInserter(total="num_boost_round", first=True),
            ),
            TrainingFunction(
                ("xgboost.training:cv", "xgboost:cv"),
                ArgumentInserter(total="num_boost_round", first=True),
            ),
        ],
    ),
)
"""Frameworks by name, in the order of the alphabet."""
