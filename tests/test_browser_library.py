"""Adding, listing and removing articles on the chat page: a real Chromium, a real library, real answers."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from browser import PHONE, WIDE, Visit, ask, chromium, served, violations
from conftest import WordEncoder, make_ranker
from playwright.sync_api import Browser, Locator, Page, Route, expect

from index.library import Library
from qa.pipeline import Answerer

__all__ = ["chromium"]  # a fixture, here too

# Gradio's queue uses options that Pandas is about to drop, and event loops that nobody closes.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
BRIDGE = "The bridge over the northern river will open in May. Lorries may use it too."
TUNNEL = "Тоннель под рекой закроют в июне. Объезда не будет."
PAGE = """<!doctype html><html lang="en"><head><title>Lighthouse repaired</title></head><body><article>
<h1>Lighthouse repaired</h1><p>The old lighthouse on the northern cape was repaired on Monday after a storm.</p>
<p>The keeper said that the lamp had been dark for four weeks and that ships had kept away from the cape.</p>
</article></body></html>"""
HOSTILE = "<img src=x onerror=window.__pwned=1>"
PWNED = json.dumps(
    {
        "text": "The hostile article is quiet. ${window.__pwned=2} <script>window.__pwned=3</script> is its end.",
        "title": f"{HOSTILE} ${{window.__pwned=4}}",
        "source": f"<b>{HOSTILE}</b>",
        "language": "en",
        "url": "javascript:window.__pwned=5",
    }
)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library", encoder=WordEncoder(), cache=tmp_path / "cache")


@pytest.fixture
def address(library: Library) -> Iterator[str]:
    """The whole application over an empty library; it answers with what shares half of a question's terms."""
    answerer = Answerer(library, make_ranker(bias=-5.0, coverage_same_language=10.0, coverage_across=10.0))
    with served(answerer, allow_loopback=True) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the chat: `visit("ru-RU", phone=True, dark=True)`. `expected` is the trouble that a test makes."""
    visits: list[tuple[Visit, tuple[str, ...]]] = []

    def opened(locale: str = "en-US", phone: bool = False, dark: bool = False, expected: tuple[str, ...] = ()) -> Page:
        options: dict[str, Any] = {"has_touch": True, "is_mobile": True} if phone else {}
        options |= {"viewport": PHONE if phone else WIDE, "color_scheme": "dark" if dark else "light"}
        visits.append((Visit(chromium.new_context(locale=locale, **options), address), expected))
        return visits[-1][0].open()

    yield opened
    for one, expected in visits:
        pwned = one.page.evaluate("window.__pwned")
        one.page.context.close()
        assert pwned is None
        assert [each for each in one.trouble if not any(known in each for known in expected)] == []


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a small news site."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/lighthouse" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def open_articles(page: Page, name: str = "Articles") -> Locator:
    page.get_by_role("button", name=name, exact=True).click()
    dialog = page.get_by_role("dialog", name=name)
    expect(dialog).to_be_visible()
    return dialog


def choose(page: Page, *files: tuple[str, str | bytes]) -> None:
    """As the reader's file picker would."""
    contents = [(name, text.encode() if isinstance(text, str) else text) for name, text in files]
    page.locator("#library input[type=file]").set_input_files(
        [{"name": name, "mimeType": "", "buffer": content} for name, content in contents]
    )


def drag(page: Page, kind: str, *files: tuple[str, str]) -> None:
    """Let the browser believe that files are dragged over the middle of the page, or dropped there."""
    encoded = [[name, base64.b64encode(text.encode()).decode()] for name, text in files]
    page.evaluate(
        """([kind, files]) => {
            const dataTransfer = new DataTransfer();
            const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
            files.forEach(([name, text]) => dataTransfer.items.add(new File([bytes(text)], name)));
            const at = document.elementFromPoint(innerWidth / 3, innerHeight / 2);
            at.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        [kind, encoded],
    )


def job(page: Page, name: str) -> Locator:
    return page.locator("#library .jobs > li").filter(has_text=name)


def rows(page: Page) -> Locator:
    return page.locator("#library .list > li")


def test_chosen_files_are_added_cited_and_removed_again(visit: Callable[..., Page]) -> None:
    page = visit()
    expect(page.locator("#chat .placeholder")).to_contain_text("No articles yet")
    dialog = open_articles(page)
    expect(dialog.get_by_role("heading", level=3)).to_have_text("No articles yet")
    choose(page, ("bridge.txt", BRIDGE), ("тоннель.md", TUNNEL))
    expect(job(page, "bridge.txt").locator(".state")).to_have_text("1 added")
    expect(job(page, "тоннель.md").locator(".state")).to_have_text("1 added")
    expect(dialog.get_by_role("heading", level=3)).to_have_text("2 articles in the library")
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(page.locator("#chat .placeholder")).to_contain_text("2 articles are searched")
    answer = ask(page, "When will the bridge over the river open?")
    expect(answer.locator(".quote").first).to_have_text("The bridge over the northern river will open in May.")

    open_articles(page)
    remove = page.get_by_role("button", name=re.compile("^Remove The bridge"))
    remove.click()
    expect(rows(page)).to_have_count(2)  # it only asks
    page.get_by_role("button", name=re.compile(r"^Remove for good\? The bridge")).click()
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#library [role=status]")).to_have_text(re.compile("^Removed: The bridge"))
    expect(rows(page).get_by_role("button")).to_be_focused()
    expect(dialog.get_by_role("heading", level=3)).to_have_text("1 article in the library")
    page.keyboard.press("Escape")
    expect(ask(page, "When will the bridge over the river open?").locator(".head")).to_have_text(
        "No supporting sentence found"
    )


def test_a_file_dropped_anywhere_is_added(visit: Callable[..., Page]) -> None:
    page = visit()
    veil = page.get_by_text("Drop to add to the library")
    expect(veil).not_to_be_visible()
    drag(page, "dragover", ("bridge.txt", BRIDGE))
    expect(veil).to_be_visible()
    drag(page, "dragleave", ("bridge.txt", BRIDGE))
    expect(veil).not_to_be_visible()
    drag(page, "drop", ("bridge.txt", BRIDGE), ("again.txt", BRIDGE))
    expect(job(page, "bridge.txt").locator(".state")).to_have_text("1 added")
    expect(job(page, "again.txt").locator(".state")).to_have_text("1 unchanged")
    drag(page, "drop", ("tunnel.txt", TUNNEL))  # onto the dialog
    expect(job(page, "tunnel.txt").locator(".state")).to_have_text("1 added")
    expect(rows(page)).to_have_count(2)
    with page.context.expect_page() as opening:
        job(page, "bridge.txt").get_by_role("link").click()
    expect(opening.value.locator("article")).to_contain_text("Lorries may use it too.")


def test_of_a_dropped_folder_the_readable_files_are_added(visit: Callable[..., Page], tmp_path: Path) -> None:
    inner = tmp_path / "dropped" / "inner"
    inner.mkdir(parents=True)
    (inner / "bridge.txt").write_text(BRIDGE, encoding="utf-8")
    (inner.parent / "tunnel.md").write_text(TUNNEL, encoding="utf-8")
    (inner.parent / "photo.png").write_bytes(b"\x89PNG")
    page = visit()
    drop_from_disk(page, inner.parent)
    expect(page.locator("#library .jobs > li")).to_have_count(2)
    expect(rows(page)).to_have_count(2)


def drop_from_disk(page: Page, *places: Path) -> None:
    browser = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(place) for place in places], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})


def test_what_cannot_be_read_of_a_drop_is_told_and_harms_no_other(visit: Callable[..., Page], tmp_path: Path) -> None:
    for folder in ("open", "locked"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.txt").write_text(f"{BRIDGE} {folder}", encoding="utf-8")
    (tmp_path / "open" / "gone.txt").write_text(BRIDGE, encoding="utf-8")
    page = visit()
    page.evaluate(
        """() => {
            const refused = (...args) => args.at(-1)(new DOMException("no", "NotReadableError"));
            const locked = { isDirectory: true, name: "locked", createReader: () => ({ readEntries: refused }) };
            const gone = { isFile: true, name: "gone.txt", file: refused };
            const real = DataTransferItem.prototype.webkitGetAsEntry;
            DataTransferItem.prototype.webkitGetAsEntry = function () {
                const entry = real.call(this), reader = entry.createReader();
                const readEntries = (found, failed) => reader.readEntries(
                    (some) => found(some.map((each) => (each.name === "gone.txt" ? gone : each))), failed);
                const open = { isDirectory: true, name: entry.name, createReader: () => ({ readEntries }) };
                return entry.name === "locked" ? locked : open;
            };
        }"""
    )
    drop_from_disk(page, tmp_path / "locked", tmp_path / "open")
    expect(page.locator("#library .jobs > li")).to_have_count(3)
    expect(job(page, "locked").locator(".state")).to_contain_text("It could not be read")
    expect(job(page, "gone.txt").locator(".state")).to_contain_text("It could not be read")
    expect(job(page, "open.txt").locator(".state")).to_have_text("1 added")


def test_an_address_is_added_and_a_wrong_one_explained(visit: Callable[..., Page], site: str) -> None:
    page = visit(expected=("status of 422", "422 for"))
    open_articles(page)
    field = page.get_by_label("Address of an article")
    field.fill(f"{site}/missing")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(job(page, "/missing")).to_contain_text("the server answered 404 Not Found: check the address")
    expect(field).to_have_value("")
    field.fill(f"{site}/lighthouse")
    field.press("Enter")
    expect(job(page, "/lighthouse").locator(".state")).to_have_text("1 added")
    expect(rows(page)).to_contain_text("Lighthouse repaired")
    field.fill("file:///etc/passwd")
    field.press("Enter")
    assert page.locator("#library .jobs > li").count() == 2  # the browser says what is wrong
    page.keyboard.press("Escape")
    expect(ask(page, "What did the keeper say of the lamp?").locator(".quote").first).to_contain_text("four weeks")


def test_of_a_large_file_every_outcome_is_told(visit: Callable[..., Page]) -> None:
    articles = [
        json.dumps({"text": f"Bridge {n} is open.", "title": f"Bridge {n}", "language": "en"}) for n in range(60)
    ]
    page = visit()
    dialog = open_articles(page)
    choose(page, ("news.jsonl", "\n".join([*articles, "{", '{"text": ""}', *["[]"] * 30])))
    expect(job(page, "news.jsonl").locator(".state")).to_have_text("60 added, 32 rejected")
    reasons = job(page, "news.jsonl").locator("li")
    expect(reasons.first).to_contain_text("news.jsonl:61: not valid JSON")
    expect(reasons).to_have_count(20)
    expect(job(page, "news.jsonl").locator("ul")).to_have_attribute("data-more", "and 12 more")
    expect(page.locator("#library [role=status]")).to_contain_text("news.jsonl: 60 added, 32 rejected")
    expect(rows(page)).to_have_count(50)
    dialog.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(60)
    expect(rows(page).nth(50).get_by_role("link")).to_be_focused()
    expect(dialog.get_by_role("button", name="Show more")).not_to_be_visible()


def test_what_is_sent_and_read_is_shown_as_it_goes(visit: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("index.adding._GROUP", 1)
    add = Library.add

    def slowly(items: Any) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == 3:
                go_on.wait(20)
            yield item

    monkeypatch.setattr(Library, "add", lambda library, items: add(library, slowly(items)))
    page = visit()
    open_articles(page)
    lines = [json.dumps({"text": f"Bridge {n} is open.", "language": "en"}) for n in range(5)]
    choose(page, ("news.jsonl", "\n".join(lines)), ("bridge.txt", BRIDGE))
    expect(job(page, "news.jsonl").locator(".state")).to_have_text("3 added")
    expect(job(page, "news.jsonl").get_by_role("progressbar")).to_be_visible()
    expect(job(page, "bridge.txt").locator(".state")).to_have_text("In line")
    go_on.set()
    expect(job(page, "news.jsonl").locator(".state")).to_have_text("5 added")
    expect(job(page, "bridge.txt").locator(".state")).to_have_text("1 added")
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_the_list_is_filtered_and_so_are_the_sources_of_the_chat(visit: Callable[..., Page]) -> None:
    page = visit()
    dialog = open_articles(page)
    articles = [
        {"text": BRIDGE, "source": "Herald", "title": "Bridge"},
        {"text": TUNNEL, "source": "Вестник", "title": "Тоннель", "published": "2024-03-12"},
    ]
    choose(page, ("news.jsonl", "\n".join(map(json.dumps, articles))))
    expect(rows(page)).to_have_count(2)
    dialog.get_by_label("Language of the article").select_option("Russian")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Вестник · 12 March 2024 · Russian · 2 sentences")
    dialog.get_by_label("Source").select_option("Herald")
    expect(dialog.get_by_role("heading", level=3)).to_have_text("0 articles")
    dialog.get_by_label("Language of the article").select_option("Any language")
    expect(rows(page)).to_contain_text("Bridge")
    page.keyboard.press("Escape")
    page.locator("#filters > button").click()
    page.locator("#filters").get_by_label("Source").click()
    expect(page.get_by_role("option", name="Вестник")).to_be_visible()


def test_trouble_is_one_line_and_can_be_tried_again(visit: Callable[..., Page]) -> None:
    page = visit(expected=("503", "507", "ERR_FAILED"))
    open_articles(page)

    def refuse(status: int, detail: str) -> Callable[[Route], None]:
        return lambda route: route.fulfill(status=status, body=json.dumps({"detail": detail}))

    page.route("**/v1/files?*", refuse(503, "Too much is going on at once; try again in a moment."))
    choose(page, ("bridge.txt", BRIDGE))
    expect(job(page, "bridge.txt")).to_contain_text("Too much is going on at once; try again in a moment.")
    page.unroute("**/v1/files?*")
    page.route("**/v1/files?*", refuse(507, "The disk is full."))
    job(page, "bridge.txt").get_by_role("button", name="Try again").click()
    expect(job(page, "bridge.txt")).to_contain_text("The disk is full.")
    page.unroute("**/v1/files?*")
    page.route("**/v1/files?*", lambda route: route.abort())
    job(page, "bridge.txt").get_by_role("button", name="Try again").click()
    expect(job(page, "bridge.txt")).to_contain_text("The server cannot be reached.")
    page.unroute("**/v1/files?*")
    job(page, "bridge.txt").get_by_role("button", name="Try again").click()
    expect(job(page, "bridge.txt").locator(".state")).to_have_text("1 added")
    expect(job(page, "bridge.txt")).not_to_contain_text("reached")
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(50_000_001)], "large.jsonl"));
            dispatchEvent(new DragEvent("drop", { dataTransfer }));
        }"""
    )
    expect(job(page, "large.jsonl")).to_contain_text("It is over 50 MB: split it")
    expect(job(page, "large.jsonl").get_by_role("button")).to_have_count(0)
    choose(page, ("empty.txt", ""), ("news.pdf", "%PDF-1.7"))
    expect(job(page, "empty.txt")).to_contain_text("it is empty")
    expect(job(page, "news.pdf")).to_contain_text("PDF files cannot be read yet")
    page.route("**/v1/articles/*", refuse(503, "Another process is writing."))
    rows(page).get_by_role("button").click()
    rows(page).get_by_role("button").click()
    expect(rows(page)).to_contain_text("Another process is writing.")


def test_the_limit_is_the_servers() -> None:
    from ui.guard import LIMITS

    script = Path(__file__).parents[1].joinpath("ui", "static", "library.js").read_text(encoding="utf-8")
    assert f"const LARGEST = {LIMITS['/v1/files'] // 1_000_000};" in script


def test_hostile_titles_sources_and_names_are_only_text(visit: Callable[..., Page]) -> None:
    page = visit()
    open_articles(page)
    choose(page, (f"{HOSTILE}.json", PWNED), (f"{HOSTILE}.pdf", "%PDF-1.7"))
    expect(job(page, f"{HOSTILE}.json").locator(".state")).to_have_text("1 added")
    expect(rows(page).get_by_role("link")).to_have_text(f"{HOSTILE} ${{window.__pwned=4}}")
    expect(rows(page)).to_contain_text(f"<b>{HOSTILE}</b>")
    assert page.locator("#library :is(img, script, b b)").count() == 0
    assert page.locator("#library a").evaluate_all(
        "all => all.every((each) => each.pathname.startsWith('/article/') && each.origin === location.origin)"
    )
    rows(page).get_by_role("button").click()
    rows(page).get_by_role("button").click()
    expect(page.locator("#library [role=status]")).to_contain_text(HOSTILE)
    page.keyboard.press("Escape")


def test_everything_can_be_done_from_the_keyboard(visit: Callable[..., Page]) -> None:
    page = visit()
    picked = {"name": "news.jsonl", "mimeType": "", "buffer": two_bridges()}
    page.on("filechooser", lambda chooser: chooser.set_files([picked]))
    opener = page.get_by_role("button", name="Articles", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("/")  # a key of the page behind
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    inside = "document.querySelector('#library dialog').contains(document.activeElement)"
    names = []
    for _ in range(9):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(f"{inside} && (document.activeElement.ariaLabel ?? document.activeElement.innerText)")
        )
    assert names == [
        *("Address of an article", "Add", "Language of the article", "Source"),
        *("Bridge 0", "Remove", "Bridge 1", "Remove"),
        names[-1],
    ]
    rows(page).first.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#library [role=status]")).to_have_text("Remove for good?")
    page.keyboard.press("Tab")
    expect(rows(page).first.get_by_role("button")).to_have_text("Remove")  # whoever goes on has changed their mind
    for left in (1, 0):
        rows(page).first.get_by_role("button").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        expect(rows(page)).to_have_count(left)
    expect(page.get_by_role("heading", name="No articles yet").last).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def two_bridges() -> bytes:
    lines = [{"text": f"Bridge {n} is open.", "title": f"Bridge {n}", "language": "en"} for n in range(2)]
    return "\n".join(map(json.dumps, lines)).encode()


@pytest.mark.parametrize(
    ("locale", "add", "articles", "added", "left"),
    [
        ("en-US", "Add articles", "Articles", "1 added", "1 article in the library"),
        ("ru-RU", "Добавить статьи", "Статьи", "1 добавлена", "1 статья в библиотеке"),
        ("zh-CN", "添加文章", "文章", "已添加 1 篇", "文章库中有 1 篇文章"),
    ],
)
def test_an_empty_library_is_filled_from_its_welcome_in_each_language(
    visit: Callable[..., Page], locale: str, add: str, articles: str, added: str, left: str
) -> None:
    page = visit(locale)
    page.locator("#chat").get_by_role("button", name=add).click()
    dialog = page.get_by_role("dialog", name=articles)
    choose(page, ("bridge.txt", BRIDGE))
    expect(job(page, "bridge.txt").locator(".state")).to_have_text(added)
    expect(dialog.get_by_role("heading", level=3)).to_have_text(left)
    page.keyboard.press("Escape")
    expect(page.locator("#chat").get_by_role("button", name=add)).to_have_count(0)


def test_an_answer_from_an_empty_library_offers_to_add(visit: Callable[..., Page]) -> None:
    page = visit()
    ask(page, "When will it open?").get_by_role("button", name="Add articles").click()
    expect(page.get_by_role("dialog", name="Articles")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_wrong(visit: Callable[..., Page], phone: bool, dark: bool) -> None:
    page = visit(phone=phone, dark=dark)
    assert violations(page) == {}  # the welcome of an empty library
    dialog = open_articles(page)
    assert violations(page) == {}
    choose(page, ("news.jsonl", two_bridges() + b"\n{"), ("news.pdf", "%PDF-1.7"), ("bridge.txt", BRIDGE))
    expect(rows(page)).to_have_count(3)
    rows(page).first.get_by_role("button").click()
    drag(page, "dragover", ("bridge.txt", BRIDGE))
    assert violations(page) == {}
    box = dialog.bounding_box()
    assert box is not None
    assert (box["width"] == PHONE["width"] and box["height"] == PHONE["height"]) is phone
    assert page.locator("#library .body").evaluate("body => body.scrollWidth <= body.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= (PHONE if phone else WIDE)["width"]
