"""The chat in the browser: Gradio over `Answerer.ask`, mounted on the app."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import gradio as gr
from fastapi import FastAPI
from gradio.blocks import Block

from corpus.types import Language
from index.types import Filters
from qa.question import MAX_LENGTH
from ui import links, render, tools
from ui.conversation import Choice, Conversation, messages
from ui.kept import restored
from ui.service import Service
from ui.talk import Talk, carried
from ui.words import NAMES, Words, preferred, words

STATIC = Path(__file__).parent / "static"
# Questions that the sample articles answer, for libraries that hold some of them.
EXAMPLES = ("What did Akimov announce?", "Что объявил Акимов?", "阿基莫夫宣布了什么？")
SAMPLES = {"Sample Gazette", "Sample Courier", "Примерная газета", "Образцовые вести", "样例日报", "样例晚报"}
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei")
THEME = gr.themes.Default(
    primary_hue="blue",
    neutral_hue="slate",
    radius_size="lg",
    # Font() is a font of the reader's system; a plain string would be looked for on the server.
    font=[gr.themes.Font(name) for name in (*FONTS, "sans-serif")],
    font_mono=[gr.themes.Font("ui-monospace"), gr.themes.Font("monospace")],
)
SESSIONS = 2_000  # whose conversations are held here, 55 kB each, a program's empty one too
# Templates run what looks like code in a value, so only words of our own ever come near one.
BRAND = """<h1>[<b>1</b>]<span> Citewire</span></h1><p>${value}</p>"""
PANEL = """<section class="panel" tabindex="-1"></section><p class="unseen" role="status"></p>"""
EXPORT = """<details><summary title="${name}"><span>${name}</span></summary>
<div><button type="button" class="markdown">${as_markdown}</button>
<button type="button" class="json">${as_json}</button></div>
</details>"""
LIBRARY = """<div><p class="veil"></p>
<dialog closedby="any" aria-labelledby="library-title"></dialog></div>"""
DATES = """<div><label>${since}<input type="date" name="since"></label>
<label>${until}<input type="date" name="until"></label></div>"""

Kind = TypeVar("Kind", bound=Block)
Updates = dict[Block, Any]


def mount(app: FastAPI, service: Service) -> FastAPI:
    """Serve the chat at `/`. Mount it last: it answers every path that no other route does."""
    page = Chat(service).page
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=THEME,
        css_paths=[STATIC / f"{part}.css" for part in ("frame", "conversation", "panel", "library")],
        js=script("page") + script("answers"),
        favicon_path=str(STATIC / "favicon.svg"),
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        max_file_size="1kb",
        show_error=False,
        enable_monitoring=False,
        pwa=False,
        ssr_mode=False,
        mcp_server=True,
    )
    tools.restrict(page)
    return app


def script(name: str) -> str:
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


class Chat:
    """The page and what happens on it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.library = service.library
        self.talk = Talk(service)
        self.worded: dict[Block, dict[str, str]] = {}
        with gr.Blocks(title="Citewire", analytics_enabled=False, fill_width=True, fill_height=True) as self.page:
            self.talked = gr.State(Conversation())
            self.proposals = gr.State(None)
            self.origin = gr.State("")  # the address that the reader's browser knows this server by
            with gr.Column(elem_id="app"):
                self._header()
                with gr.Row(elem_id="main"):
                    with gr.Column(elem_id="left"):
                        self._conversation()
                    with gr.Column(elem_id="right"):
                        self.panel = gr.HTML(
                            html_template=PANEL,
                            js_on_load=script("panel"),
                            apply_default_css=False,
                            elem_id="source",
                            words={},  # the page stays unseen until they come
                            conversation=[],
                            texts=[],
                            markdown="",
                        )
                self.shelf = gr.HTML(
                    html_template=LIBRARY,
                    js_on_load=script("library") + script("adding"),
                    apply_default_css=False,
                    elem_id="library",
                    sources=[],
                )
            self._listeners()
            tools.register(service)
        self.page.queue(max_size=64, api_open=False)
        self.page.state_session_capacity = SESSIONS

    def _header(self) -> None:
        with gr.Row(elem_id="top"):
            self._worded(gr.HTML, {"value": "tagline"}, html_template=BRAND, apply_default_css=False, elem_id="brand")
            with gr.Row(elem_id="tools"):
                self.new = self._worded(gr.Button, {"value": "new"}, elem_id="new", min_width=0)
                self._worded(
                    gr.HTML,
                    {"name": "export", "as_markdown": "as_markdown", "as_json": "as_json"},
                    html_template=EXPORT,
                    apply_default_css=False,
                    min_width=0,
                    elem_id="export",
                )
                self.articles = self._worded(gr.Button, {"value": "articles"}, elem_id="articles", min_width=0)
                self.language = self._worded(
                    gr.Radio,
                    {"label": "language"},
                    choices=[("EN", "en"), ("RU", "ru"), ("中文", "zh")],
                    value="en",
                    container=False,
                    elem_id="language",
                )
                self.theme = self._worded(gr.Button, {"value": "theme"}, elem_id="theme", min_width=0)
                gr.Button("API", link="/docs", link_target="_blank", elem_id="api", min_width=0)

    def _conversation(self) -> None:
        self.chat = gr.Chatbot(
            elem_id="chat",
            show_label=False,
            container=False,
            height="100%",
            autoscroll=False,  # to the end of an answer; page.js shows its beginning
            buttons=[],
            editable="user",
            latex_delimiters=[],
            allow_tags=False,
            allow_file_downloads=False,
        )
        with self._worded(gr.Accordion, {"label": "filters"}, open=False, elem_id="filters") as self.filters:
            self.languages = self._worded(
                gr.CheckboxGroup,
                {"label": "languages"},
                choices=[(name, language.value) for language, name in NAMES.items()],
            )
            with gr.Row():
                self.sources = self._worded(gr.Dropdown, {"label": "sources"}, choices=[], multiselect=True, value=[])
                self.dates = self._worded(
                    gr.HTML,
                    {"since": "since", "until": "until"},
                    value={},
                    html_template=DATES,
                    js_on_load=script("dates"),
                    apply_default_css=False,
                    min_width=280,
                    elem_id="dates",
                )
        self.box = self._worded(
            gr.Textbox,
            {"placeholder": "ask", "label": "ask"},
            elem_id="ask",
            show_label=False,
            container=False,
            submit_btn=True,
            autofocus=True,
            max_lines=5,
            max_length=MAX_LENGTH,
        )

    def _worded(self, kind: Callable[..., Kind], keys: dict[str, str], **options: Any) -> Kind:
        """A component whose words follow the language of the page; `keys` name them in the locales."""
        component = kind(**self._words_for(keys, words(Language.EN)), **options)
        self.worded[component] = keys
        return component

    def _words_for(self, keys: dict[str, str], own: Words) -> dict[str, Any]:
        return {option: own.say(key) for option, key in keys.items()}

    def _listeners(self) -> None:
        chosen: list[Any] = [self.languages, self.sources, self.dates]
        # The chat is never an input: what a browser sends for it could name files of this machine.
        asked = [self.talked, self.language, self.panel, *chosen]  # for the panel comes what the browser keeps
        posed = [self.box, self.chat]
        spoken: list[Any] = [self.chat, self.panel, self.shelf, *self.worded]
        # Every listener is public API unless told otherwise; why none is queued, ui/talk.py says.
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        # Not a BrowserState: in a frame of another site browsers may lend no storage, and Gradio then shows nothing.
        choosing = "(...inputs) => window.citewire.languageChosen(inputs)"
        self.language.input(self.switched, [self.language, *chosen], spoken, js=choosing, **quick)
        self.articles.click(None, js="() => window.citewire.openArticles()", **quick)
        self.shelf.change(self.restocked, [self.language, self.sources], [self.chat, self.sources, self.shelf], **quick)
        self.theme.click(None, js="() => window.citewire.toggleTheme()", **quick)
        # Not `change`: that comes once for each filter while an address or an option sets them all.
        gr.on([each.input for each in chosen], self.filtered, [self.language, *chosen], self.filters, **quick)
        opened = [*spoken, self.talked, self.origin]
        asking = [
            self.page.load(self.opened, self.panel, opened, js=script("opening"), **quick),
            self.box.submit(self.talk.asked, [self.box, *asked], posed, js=kept(3), **quick),
            self.chat.example_select(self.talk.example_chosen, asked, posed, js=kept(2), **quick),
            self.chat.option_select(
                self.talk.option_chosen, asked, [*posed, *chosen, self.filters], js=kept(2), **quick
            ),
            self.chat.edit(self.talk.edited, asked, posed, js=kept(2), **quick),
        ]
        for question in asking:  # then the answer, then what may be asked next, but never over a newer question
            question.then(
                self.talk.answered, [self.talked, self.language, self.origin], [self.chat, self.panel], **quick
            ).then(self.talk.proposed, self.talked, self.proposals, **quick).then(
                self.talk.offered, [self.talked, self.proposals, self.language], self.chat, **quick
            )
        judging = [self.talked, self.language, self.origin]
        self.panel.like(self.talk.judged, judging, self.panel, trigger_mode="multiple", **quick)
        self.new.click(self.talk.forgotten, self.talked, [self.box, self.chat, self.panel], **quick).then(
            self.talk.shown, [self.talked, self.language], self.chat, **quick
        )

        self.page.unload(self.left)

    def left(self, request: gr.Request) -> None:
        """Free what is held for a closed page: half a megabyte and more, which Gradio would keep for an hour."""
        self.page.state_holder.session_data.pop(request.session_hash, None)

    def opened(self, found: Any, request: gr.Request) -> Updates:
        """The page as its address asks for it, with the conversation that the browser kept.

        In the language of the address, else the one that was chosen on the page, else the browser's.
        """
        found = found if isinstance(found, dict) else {}
        sources = self.library.sources()
        link = links.parse(found.get("search"), sources)
        chosen = found.get("chosen")
        known = Language(chosen) if isinstance(chosen, str) and chosen in set(Language) else None
        own = words(link.page or known or preferred(request.headers.get("accept-language", "")))
        origin = origin_of(found.get("origin"))
        choice = choice_of(link.filters)
        conversation = Conversation(() if link.question else restored(found.get("stored")))
        if link.question:
            conversation.ask(link.question, choice)
        updates = self._spoken(own, choice)
        updates[self.sources]["choices"] = sources
        updates[self.shelf] = gr.update(sources=sources)
        if link.filters:
            updates[self.languages]["value"], updates[self.sources]["value"] = choice.languages, choice.sources
            updates[self.dates]["value"] = choice.dates
        updates[self.chat]["value"] = messages(conversation.exchanges, own)
        updates[self.panel] |= carried(conversation.exchanges, origin, own)
        return {**updates, self.talked: conversation, self.origin: origin}

    def switched(self, chosen: str, *filters: Any) -> Updates:
        return self._spoken(words(Language(chosen)), Choice(*filters))

    def restocked(self, page: str, chosen: list[str]) -> Updates:
        """The welcome and the filters, after articles were added or removed."""
        sources = self.library.sources()
        kept = [source for source in chosen if source in sources]
        return {
            self.chat: self._welcome(words(Language(page))),
            self.sources: gr.update(choices=sources, value=kept),
            self.shelf: gr.update(sources=sources),
        }

    def filtered(self, page: str, *filters: Any) -> Any:
        return gr.update(label=filters_label(words(Language(page)), Choice(*filters)))

    def _spoken(self, own: Words, choice: Choice) -> Updates:
        updates: Updates = {part: gr.update(**self._words_for(keys, own)) for part, keys in self.worded.items()}
        updates[self.language]["value"] = own.language.value
        updates[self.filters]["label"] = filters_label(own, choice)
        updates[self.panel] = gr.update(words=own.table)
        updates[self.chat] = self._welcome(own)
        return updates

    def _welcome(self, own: Words) -> Any:
        fitting = EXAMPLES if SAMPLES.intersection(self.library.sources()) else ()
        examples = [{"text": example} for example in fitting]
        return gr.update(placeholder=welcome(own, self.library.count()), examples=examples)


def kept(place: int) -> str:
    """The script that gives a listener the conversation as the browser keeps it, as its input at `place`."""
    return f"(...inputs) => window.citewire.withKept(inputs, {place})"


def origin_of(told: Any) -> str:
    """Scheme, name and port, where a browser told them; they only ever go back to the same browser."""
    return told if isinstance(told, str) and re.fullmatch(r"https?://[\w.:\[\]-]{1,300}", told) else ""


def choice_of(filters: Filters) -> Choice:
    dates = {"since": filters.since, "until": filters.until}
    return Choice(
        sorted(filters.languages),
        sorted(filters.sources),
        {name: day.isoformat() for name, day in dates.items() if day},
    )


def filters_label(own: Words, choice: Choice) -> str:
    return own.say("filters_on", n=choice.active) if choice.active else own.say("filters")


def welcome(own: Words, articles: int) -> str:
    if not articles:
        command = f"<p>{own.say('in_terminal')} <code>{render.text(render.ADD_COMMAND)}</code></p>"
        return f"<h2>{own.say('empty')}</h2><p>{own.say('empty_text')}</p>{render.add_button(own)}{command}"
    return f"<h2>{own.say('hello')}</h2><p>{own.say('hello_text', articles=own.count('searching', articles))}</p>"
