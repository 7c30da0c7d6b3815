"""Where a browser gives its key, once: the page that asks for it, and the cookie that keeps it."""

from html import escape
from urllib.parse import parse_qs, quote

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from ui import problems
from ui.keys import Keys
from ui.pages import page
from ui.words import Words, preferred, words

PATH = "/key"
COOKIE = "citewire_key"
MAX_FIELDS = 10
MONTH = 30 * 24 * 3600  # seconds that a browser keeps a key
# Forms are forbidden everywhere else.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    # Without a referrer a browser sends `Origin: null` with the form, which the guard takes for another site.
    "Referrer-Policy": "same-origin",
}


def refuse(scope: Scope, sent: Headers) -> Response:
    """A person who opens a page is asked for the key; a program is told how to send it."""
    if scope["method"] == "GET" and "text/html" in sent.get("accept", ""):
        query = scope["query_string"].decode("latin-1")
        return _form(sent, scope["path"] + (f"?{query}" if query else ""))
    bearer = {"WWW-Authenticate": 'Bearer realm="citewire"'}
    return problems.problem(401, "Send a key: `Authorization: Bearer KEY`.", headers=bearer)


def router(keys: Keys) -> APIRouter:
    """`POST /key` with a form's `key` and `next`: the key goes into the cookie, the browser to the path `next`."""
    entrance = APIRouter(include_in_schema=False)

    @entrance.get(PATH)
    async def ask(request: Request) -> Response:
        return _form(request.headers, "/")

    @entrance.post(PATH)
    async def enter(request: Request) -> Response:
        try:
            form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
        except ValueError:
            return _form(request.headers, "/", wrong=True)
        key, then = form.get("key", [""])[0].strip(), form.get("next", ["/"])[0]
        if keys.owner(key) is None:
            return _form(request.headers, then, wrong=True)
        reply = RedirectResponse(_local(then), 303, headers={"Cache-Control": "no-store"})
        secure = request.url.scheme == "https"
        reply.set_cookie(COOKIE, key, max_age=MONTH, httponly=True, samesite="strict", secure=secure)
        return reply

    return entrance


def _local(path: str) -> str:
    """A path of this server, or the chat: a form must not send anyone to another site."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return quote(path, safe="/?&=%+,;:@~!$'()*#") if is_ours else "/"


def _form(sent: Headers, then: str, *, wrong: bool = False) -> Response:
    own = words(preferred(sent.get("accept-language", "")))
    return HTMLResponse(_html(own, _local(then), wrong), 401, HEADERS)


def _html(own: Words, then: str, wrong: bool) -> str:
    told = f'<p class="wrong" role="alert" id="wrong">{escape(own.say("key_wrong"))}</p>' if wrong else ""
    about = ' aria-describedby="wrong" aria-invalid="true"' if wrong else ""
    return page(
        own.say("key_title"),
        own,
        f"<h1>{escape(own.say('key_title'))}</h1><p>{escape(own.say('key_text'))}</p>{told}"
        f'<form method="post" action="{PATH}"><label>{escape(own.say("key"))} '
        f'<input name="key" type="password" autocomplete="current-password" required autofocus{about}></label>'
        f'<input name="next" type="hidden" value="{escape(then)}">'
        f"<button>{escape(own.say('key_send'))}</button></form>",
        back=False,
    )
