"""Access control: who may read, and who may act."""

from __future__ import annotations

import re

import pytest
from jupyter_server.auth import Authorizer, IdentityProvider, User
from jupyter_server.auth.security import passwd
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketHandler

from tests.server.serving import Stream, serving, started

pytestmark = pytest.mark.anyio

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ACTIONS = ("stop_training", "acknowledge", "reset")
KERNEL = "00000000-0000-0000-0000-000000000000"


def routes(app):
    """Yield the path and handler of every ipyvitals route, with a kernel id filled in."""
    for rule in all_rules(app.web_app.default_router):
        if rule.target.__module__.startswith("ipyvitals."):
            path = rule.matcher.regex.pattern.removesuffix("$")
            path = path.replace(r"(?P<kernel_id>[^/]+)", KERNEL)
            actions = re.search(r"\(\?P<action>([a-z_|]+)\)", path)
            for action in actions[1].split("|") if actions else [""]:
                one = path.replace(actions[0], action) if actions else path
                yield one.removeprefix(app.base_url), rule.target


def all_rules(router):
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from all_rules(rule.target)
        elif isinstance(rule.target, type):
            yield rule


async def test_all_routes_are_found(shared_server):
    found = {path for path, _ in routes(shared_server.app)}

    assert {"api/models", "ipyvitals/api/events"} < found
    assert f"ipyvitals/api/kernels/{KERNEL}/reset" in found
    assert "metrics" in found
    assert len(found) == 12


@pytest.mark.parametrize("given", [{}, {"Authorization": "token wrong"}], ids=["none", "wrong"])
async def test_no_route_answers_without_a_valid_token(server, given):
    for path, handler in routes(server.app):
        for method in METHODS:
            if getattr(handler, method.lower()) is WebSocketHandler._unimplemented_method:
                continue
            answer = await server.ask(path, method, token=False, headers=given)
            assert answer.code in (403, 405), (method, path)
            assert b"kernels" not in answer.body


@pytest.mark.parametrize("given", [{}, {"Authorization": "token wrong"}], ids=["none", "wrong"])
async def test_the_stream_does_not_open_without_a_valid_token(server, given):
    with pytest.raises(HTTPClientError) as refused:
        await server.connect("ipyvitals/api/events", token=False, headers=given)

    assert refused.value.code == 403


async def test_pages_of_other_sites_are_refused(server):
    # A browser sends the login cookie with requests of any page.
    page = await server.ask(f"login?token={server.token}", token=False)
    cookies = [each.split(";")[0] for each in page.headers.get_list("Set-Cookie")]
    elsewhere = {"Origin": "https://elsewhere.example", "Cookie": "; ".join(cookies)}
    here = {**elsewhere, "Origin": server.url.rstrip("/")}
    stream = Stream(await server.connect("ipyvitals/api/events", token=False, headers=here))
    assert (await stream.next())["type"] == "state"

    with pytest.raises(HTTPClientError) as refused:
        await server.connect("ipyvitals/api/events", token=False, headers=elsewhere)
    assert refused.value.code == 403
    read = await server.ask("api/models", token=False, headers=elsewhere)
    assert read.code == 404
    assert "Access-Control-Allow-Origin" not in read.headers


class ReadOnly(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "ipyvitals" or action == "read"


class NotOurs(Authorizer):
    async def is_authorized(self, handler, user, action, resource):
        return resource != "ipyvitals"


class Hub(IdentityProvider):
    """Identifies users by a cookie that another service has set, as JupyterHub does."""

    def get_user(self, handler):
        name = handler.get_cookie("hub-user")
        return User(name) if name == "ada" else None


async def test_an_authorizer_denies_writes(tmp_path):
    config = {"ServerApp": {"authorizer_class": ReadOnly}}
    async with serving(tmp_path, config) as server:
        notebook = await started(server)
        assert (await server.ask("api/monitoring/system")).code == 200
        assert (await (await server.stream()).next())["type"] == "state"

        for action in ("stop_training", "acknowledge", "reset"):
            denied = await server.ask(
                f"ipyvitals/api/kernels/{notebook.kernel_id}/{action}", "POST"
            )
            assert denied.code == 403
            assert "not authorized to write" in denied.json["message"]


async def test_an_authorizer_denies_everything(tmp_path):
    async with serving(tmp_path, {"ServerApp": {"authorizer_class": NotOurs}}) as server:
        for path, handler in routes(server.app):
            if hasattr(handler, "on_message"):
                with pytest.raises(HTTPClientError) as refused:
                    await server.connect(path)
                assert refused.value.code == 403
            elif path == "metrics":
                # The metrics of the server itself and of other extensions stay.
                answer = await server.ask(path)
                assert answer.code == 200
                assert b"http_request_duration_seconds" in answer.body
                assert b"ipyvitals_" not in answer.body
            else:
                method = "POST" if path.rpartition("/")[2] in ACTIONS else "GET"
                assert (await server.ask(path, method)).code == 403


async def test_behind_a_base_url_and_a_hub(tmp_path):
    config = {"ServerApp": {"base_url": "/user/ada/", "identity_provider_class": Hub}}
    async with serving(tmp_path, config) as server:
        ada = {"Cookie": "hub-user=ada"}
        for path in ("api/models", "ipyvitals/api/models", "ipyvitals/api/kernels"):
            assert (await server.ask(path, token=False, headers=ada)).code == 200
            assert (await server.ask(path, token=False)).code == 403
        stream = Stream(await server.connect("ipyvitals/api/events", token=False, headers=ada))
        assert (await stream.next())["type"] == "state"
        outside = f"http://127.0.0.1:{server.app.port}/ipyvitals/api/models"

        answer = await AsyncHTTPClient().fetch(HTTPRequest(outside), raise_error=False)
        assert answer.code == 404


async def test_behind_a_password(tmp_path):
    hashed = passwd("secret", algorithm="sha1")
    config = {"PasswordIdentityProvider": {"hashed_password": hashed}}
    async with serving(tmp_path, config, token="") as server:
        page = await server.ask("login", token=False)
        xsrf = re.search(r"_xsrf=([^;]+)", page.headers["Set-Cookie"])[1]
        answer = await server.ask(
            "login",
            "POST",
            f"password=secret&_xsrf={xsrf}",
            token=False,
            headers={
                "Cookie": f"_xsrf={xsrf}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        (login,) = (
            cookie.split(";")[0]
            for cookie in answer.headers.get_list("Set-Cookie")
            if cookie.startswith("username-") and '=""' not in cookie
        )
        cookies = {"Cookie": f"_xsrf={xsrf}; {login}"}
        assert (await server.ask("api/models", token=False, headers=cookies)).code == 200
        assert (await server.ask("api/models", token=False)).code == 403

        # A form of another site sends the cookies, but not the XSRF token.
        path = f"ipyvitals/api/kernels/{KERNEL}/reset"
        forged = await server.ask(path, "POST", token=False, headers=cookies)
        assert forged.code == 403
        own = {**cookies, "X-XSRFToken": xsrf}
        assert (await server.ask(path, "POST", token=False, headers=own)).code == 404
