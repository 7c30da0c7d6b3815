"""The chat in the browser: Gradio over `Answerer.ask`, mounted on the app."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import gradio as gr
from fastapi import FastAPI
from gradio.blocks import Block

from corpus.types import Language
from qa.question import MAX_LENGTH
from ui import render
from ui.conversation import UNFILTERED, Choice, Exchange, exchange, messages, waiting
from ui.service import Service
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
# Templates run what looks like code in a value, so only words of our own ever come near one.
BRAND = """<h1>[<b>1</b>] Citewire</h1><p>${value}</p>"""
PANEL = """<section class="panel" tabindex="-1"></section>"""
DATES = """<div><label>${since}<input type="date" name="since"></label>
<label>${until}<input type="date" name="until"></label></div>"""

Kind = TypeVar("Kind", bound=Block)
Updates = dict[Block, Any]


def mount(app: FastAPI, service: Service) -> FastAPI:
    """Serve the chat at `/`. Mount it last: it answers every path that no other route does."""
    gr.mount_gradio_app(
        app,
        Chat(service).page,
        path="/",
        theme=THEME,
        css_paths=[STATIC / f"{part}.css" for part in ("frame", "conversation", "panel")],
        js=script("page"),
        favicon_path=str(STATIC / "favicon.svg"),
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        max_file_size="1kb",
        show_error=False,
        enable_monitoring=False,
        pwa=False,
        ssr_mode=False,
        mcp_server=False,
    )
    return app


def script(name: str) -> str:
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


class Chat:
    """The page and what happens on it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.library = service.library
        self.worded: dict[Block, dict[str, str]] = {}
        with gr.Blocks(title="Citewire", analytics_enabled=False, fill_width=True, fill_height=True) as self.page:
            self.exchanges = gr.State([])
            self.chosen_language = gr.BrowserState("", storage_key="citewire_language", secret="citewire")
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
                        )
            self._listeners()
        self.page.queue(max_size=64, api_open=False)

    def _header(self) -> None:
        with gr.Row(elem_id="top"):
            self._worded(gr.HTML, {"value": "tagline"}, html_template=BRAND, apply_default_css=False, elem_id="brand")
            with gr.Row(elem_id="tools"):
                self.new = self._worded(gr.Button, {"value": "new"}, elem_id="new", min_width=0)
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
        asked = [self.exchanges, self.language, *chosen]
        told = [self.box, self.chat, self.exchanges]
        spoken: list[Any] = [self.chosen_language, self.chat, self.panel, *self.worded]
        # Every listener is public API unless told otherwise.
        silent: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        quick: dict[str, Any] = {**silent, "queue": False}
        asking: dict[str, Any] = {**silent, "concurrency_id": "ask", "concurrency_limit": 8}
        self.page.load(self.opened, [self.chosen_language], spoken, **quick)
        self.language.input(self.switched, [self.language, *chosen], spoken, **quick)
        self.theme.click(None, js="() => window.citewire.toggleTheme()", **quick)
        gr.on([each.change for each in chosen], self.filtered, [self.language, *chosen], self.filters, **quick)
        self.box.submit(self.asked, [self.box, *asked], told, **asking)
        self.chat.example_select(self.example_chosen, asked, told, **asking)
        self.chat.option_select(self.option_chosen, asked, [*told, *chosen], **asking)
        self.new.click(lambda: ("", [], []), None, told, **quick)

    def opened(self, chosen: Any, request: gr.Request) -> Updates:
        """The page in the language that was chosen on it, else the browser's."""
        known = isinstance(chosen, str) and chosen in set(Language)
        language = Language(chosen) if known else preferred(request.headers.get("accept-language", ""))
        updates = self._spoken(words(language), Choice())
        updates[self.sources]["choices"] = self.library.sources()
        return updates

    def switched(self, chosen: str, *filters: Any) -> Updates:
        return {**self._spoken(words(Language(chosen)), Choice(*filters)), self.chosen_language: chosen}

    def filtered(self, page: str, *filters: Any) -> Any:
        return gr.update(label=filters_label(words(Language(page)), Choice(*filters)))

    def _spoken(self, own: Words, choice: Choice) -> Updates:
        updates: Updates = {part: gr.update(**self._words_for(keys, own)) for part, keys in self.worded.items()}
        updates[self.language]["value"] = own.language.value
        updates[self.filters]["label"] = filters_label(own, choice)
        updates[self.panel] = gr.update(words=own.table)
        fitting = EXAMPLES if SAMPLES.intersection(self.library.sources()) else ()
        examples = [{"text": example} for example in fitting]
        updates[self.chat] = gr.update(placeholder=welcome(own, self.library.count()), examples=examples)
        return updates

    def asked(self, question: str, before: list[Exchange], page: str, *filters: Any) -> Iterator[Any]:
        """The question at once, and the answer when there is one."""
        if not question.strip():
            yield gr.skip(), gr.skip(), gr.skip()
            return
        own = words(Language(page))
        yield "", messages([*before, waiting(question, own)]), before
        now = [*before, exchange(self.service, question, before, Choice(*filters), own)]
        yield gr.skip(), messages(now), now

    def example_chosen(self, chosen: gr.SelectData, *asked: Any) -> Iterator[Any]:
        yield from self.asked(str(chosen.value["text"]), *asked)

    def option_chosen(self, chosen: gr.SelectData, before: list[Exchange], page: str, *_: Any) -> Iterator[Any]:
        """The last question again, without the filters."""
        if chosen.value == UNFILTERED and before:
            for told in self.asked(before[-1].question, before, page):
                yield *told, [], [], {}


def filters_label(own: Words, choice: Choice) -> str:
    return own.say("filters_on", n=choice.active) if choice.active else own.say("filters")


def welcome(own: Words, articles: int) -> str:
    if not articles:
        command = f"<p><code>{render.text(render.ADD_COMMAND)}</code></p>"
        return f"<h2>{own.say('empty')}</h2><p>{own.say('empty_text')}</p>{command}"
    return f"<h2>{own.say('hello')}</h2><p>{own.say('hello_text', articles=own.count('searching', articles))}</p>"
