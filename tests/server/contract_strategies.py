"""Makes plain values for the contract's types: most as declared, some as no kernel should send."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import inspect

from ipyvitals.schema import Event
from ipyvitals.schema.protocol import Reply, Update

__all__ = ["events", "replies", "updates"]

TEXTS = st.sampled_from(
    [
        "",
        "churn",
        "a\u202eb",
        "\ud800",
        "\udc81x",
        "x" * 300,
        "x" * 20_000,
        '"}\n# HELP',
        "模型",
        "\0",
    ]
)
INTEGERS = st.sampled_from(
    [
        0,
        1,
        7,
        -1,
        2**31,
        2**53 + 1,
        2**63 - 1,
        2**63,
        -(2**63) - 1,
        2**64,
        10**30,
        10**400,
        10**5_000,
    ]
)
FLOATS = st.sampled_from(
    [
        *(0.0, 0.5, 1.0, -0.0, 1e-320, 1e15, -1e15, 1e300, -1e300, 1.7976931348623157e308),
        *(float("nan"), float("inf"), float("-inf"), 253402300799.0, 1e12, -1.0),
    ]
)
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    INTEGERS,
    FLOATS,
    TEXTS,
    st.just([]),
    st.just([[1]]),
    st.just({}),
    st.just({"a": {"b": None}}),
)


SCALARS = {
    inspect.FloatType: st.one_of(st.floats(0, 1e9), FLOATS),
    inspect.IntType: st.one_of(st.integers(0, 1_000), INTEGERS),
    inspect.StrType: TEXTS,
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.AnyType: WRONG,
}


def _mixed(right):
    """Return a strategy of mostly right values, with a wrong one now and then."""
    return st.integers(0, 11).flatmap(lambda n: WRONG if n == 0 else right)


def _plain(info, name=""):
    match info:
        case inspect.Metadata():
            return _plain(info.type, name)
        case inspect.StructType():
            return _struct(info)
        case inspect.UnionType():
            return st.one_of(*(_plain(one, name) for one in info.types))
        case inspect.ListType():
            return st.lists(_mixed(_plain(info.item_type, name)), max_size=3)
        case inspect.DictType():
            return st.dictionaries(TEXTS, _mixed(_plain(info.value_type)), max_size=3)
        case inspect.LiteralType():
            return st.sampled_from(sorted(info.values))
    return SCALARS[type(info)]


def _struct(info):
    fields = {one.encode_name: _mixed(_plain(one.type, one.name)) for one in info.fields}
    if info.tag is not None:
        fields[info.tag_field] = st.just(info.tag)
    required = {one.encode_name for one in info.fields if one.required}
    chosen = {name: made for name, made in fields.items() if name in required | {info.tag_field}}
    others = {name: made for name, made in fields.items() if name not in chosen}
    return st.fixed_dictionaries(chosen, optional=others)


# The envelope is sound more often than not, so that what is in it is taken.
ENVELOPE = {
    "monitor": st.sampled_from(["default", "default", "other", "\ud800"]),
    "n": st.integers(1, 50),
    "at": st.floats(1e9, 2e9),
    "seq": st.integers(0, 50),
    "full": st.booleans(),
}


def updates():
    """Return a strategy of updates."""
    return st.tuples(_struct(inspect.type_info(Update)), st.fixed_dictionaries(ENVELOPE)).map(
        lambda parts: {**parts[0], **parts[1]}
    )


def events():
    """Return a strategy of events."""
    return _plain(inspect.type_info(Event))


def replies():
    """Return a strategy of replies, with updates in them."""
    return st.tuples(_struct(inspect.type_info(Reply)), st.lists(updates(), max_size=2)).map(
        lambda parts: {**parts[0], "monitors": parts[1]}
    )
