"""The seven events on the server's own event bus."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest
import yaml

from ipyvitals import EVENT_TYPES, Event
from ipyvitals.server.events import schema_path
from tests.server.serving import START, started

pytestmark = pytest.mark.anyio


async def test_subscribers_of_the_event_bus_receive_all_seven(server):
    subscriber = await server.connect("api/events/subscribe")
    notebook = await started(
        server,
        START
        + "for step in monitor.track(range(3)): monitor.log(loss=float('nan')); monitor.flush()\n"
        + "monitor.deploy('b')",
    )

    received = {}
    while set(EVENT_TYPES) - received.keys():
        message = json.loads(await subscriber.read_message())
        if message["schema_id"].startswith("urn:ipyvitals:"):
            received[message["type"]] = message
    for name, message in received.items():
        assert message["schema_id"] == f"urn:ipyvitals:event:{name}:v1"
        assert message["kernel_id"] == notebook.kernel_id
        assert message["monitor"] == "default"


@pytest.mark.parametrize("event", get_args(Event), ids=lambda event: event.__name__)
async def test_schemas_name_the_fields_of_the_events(event):
    name = event.__struct_config__.tag
    schema = yaml.safe_load(schema_path(name).read_text(encoding="utf-8"))

    assert re.fullmatch(rf"urn:ipyvitals:event:{name}:v\d+", schema["$id"])
    assert set(schema["properties"]) == {"kernel_id", "type", *event.__struct_fields__}
