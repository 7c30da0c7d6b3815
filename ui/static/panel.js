// The source panel: fetches an article and draws it, all of it as text. Runs with Gradio's `element`, `props`, `watch`.
const panel = element.querySelector(".panel");
const status = element.querySelector("[role=status]");
const citewire = (window.citewire = window.citewire || {});
const app = document.querySelector("#app");
const onPhone = matchMedia("(max-width: 899px)");
const narrow = () => onPhone.matches;
let shown = null; // {cites, at, article, context, failed, opener}

const say = (key, values = {}) =>
  String(props.words[key]).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  Object.assign(node, options);
  node.append(...children.filter((child) => child != null));
  return node;
}

function day(iso) {
  const [year, month, number] = iso.split("-").map(Number);
  return say("date", { year, month: props.words.months[month - 1], day: number });
}

// --- citations in the chat: links to /article/{id}#s{position}

const number = (cite) => cite.lastChild.textContent.trim();
const path = (cite) => new URL(cite.href).pathname;
const position = (cite) => Number(new URL(cite.href).hash.slice(2));

function citesBeside(cite) {
  const all = [...(cite.closest(".nearest") ?? cite.closest(".answer")).querySelectorAll("a.cite")];
  const first = all.filter((each, at) => all.findIndex((other) => number(other) === number(each)) === at);
  return first.sort((a, b) => number(a).localeCompare(number(b), "en", { numeric: true }));
}

async function open(cite, opener = null) {
  const cites = citesBeside(cite);
  const at = cites.findIndex((each) => number(each) === number(cite));
  const mine = (shown = { cites, at, article: null, failed: "", opener: opener ?? shown?.opener });
  point(cite);
  if (opener || narrow()) app.classList.add("source-open");
  const slow = setTimeout(() => { if (shown === mine) draw(); }, 150);
  // Fetched each time: it may have been replaced or removed meanwhile.
  const response = await fetch("/v1/articles/" + path(cite).split("/").pop(), { cache: "no-store" }).catch(() => null);
  if (response?.ok) mine.article = await response.json().catch(() => null);
  if (!mine.article) mine.failed = response?.status === 404 ? "article_removed" : "unavailable";
  clearTimeout(slow);
  if (shown !== mine) return;
  draw();
  if (!opener) return;
  announce([place(), mine.article?.title ?? say(mine.failed)].join(": "));
  if (narrow() && !panel.contains(document.activeElement)) panel.focus({ preventScroll: true });
}

// The citation as the server gave it: what was quoted stays known when the article is replaced.
function cited(cite) {
  const answer = citewire.exchange(cite)?.answer;
  if (!cite.closest(".nearest")) return answer?.citations.find((each) => String(each.number) === number(cite));
  return answer?.nearest[[...cite.closest(".nearest").querySelectorAll("a.cite")].indexOf(cite)];
}

// The sentence of the article that holds the quote, best the one at its old place.
function found(article, cite) {
  const quote = cited(cite)?.quote;
  const holding = article.sentences.filter((each) => quote && each.text.includes(quote));
  const distance = (each) => Math.abs(each.position - position(cite)) + (each.text === quote ? 0 : 0.5);
  return holding.sort((a, b) => distance(a) - distance(b))[0]?.position;
}

// The sentence without which the quote is not understood.
function context(article, cite) {
  const [text, at] = [cited(cite)?.context?.text, found(article, cite)];
  return article.sentences.filter((each) => each.position < at && each.text === text).at(-1)?.position;
}

function announce(words) {
  status.textContent = "";
  setTimeout(() => { status.textContent = words; }, 50); // the same words again are news, too
}

function point(cite) {
  document.querySelectorAll("#chat .on").forEach((node) => node.classList.remove("on"));
  if (!cite) return;
  const beside = cite.closest(".answer").querySelectorAll("a.cite");
  [...beside].filter((each) => number(each) === number(cite)).forEach((each) => {
    each.classList.add("on");
    each.closest("li").classList.add("on");
  });
}

// --- drawing

function draw() {
  const pressed = [...panel.querySelectorAll(".tool")].indexOf(document.activeElement);
  panel.classList.toggle("passage", Boolean(shown?.cites[shown.at].closest(".nearest")));
  if (!shown) panel.replaceChildren(empty());
  else if (shown.article) drawArticle(shown.article);
  else panel.replaceChildren(bar(), make("p", { className: "note" }, say(shown.failed || "loading")));
  modal();
  if (pressed < 0 || !shown) return;
  const tool = panel.querySelectorAll(".tool")[pressed];
  (tool.disabled ? panel : tool).focus({ preventScroll: true });
}

// The sheet of a phone holds the focus: nothing beside it can be reached while it is open.
function modal() {
  const open = narrow() && app.classList.contains("source-open");
  document.querySelectorAll("#top, #left").forEach((part) => { part.inert = open; });
  Object.assign(panel, { role: open ? "dialog" : "region", ariaModal: open ? "true" : null, ariaLabel: say("panel") });
}

function empty() {
  const title = make("h2", {}, say("panel_empty"));
  return make("div", { className: "empty" }, title, make("p", {}, say("panel_empty_text")));
}

function place() {
  const { cites, at } = shown;
  const key = cites[at].closest(".nearest") ? "passage_of" : "source_of";
  return say(key, { n: at + 1, total: cites.length });
}

function bar() {
  const { cites, at } = shown;
  return make("div", { className: "bar" },
    make("b", { className: "number" }, number(cites[at])),
    make("span", { className: "count" }, place()),
    tool("previous", "M15 5l-7 7 7 7", () => step(-1), at === 0),
    tool("next", "M9 5l7 7-7 7", () => step(1), at === cites.length - 1),
    tool("close", "M6 6l12 12M18 6L6 18", close, false));
}

function tool(key, shape, action, disabled) {
  const label = { title: say(key), ariaLabel: say(key) };
  const button = make("button", { type: "button", className: "tool", onclick: action, disabled, ...label });
  button.innerHTML = `<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path d="${shape}"/></svg>`;
  return button;
}

function drawArticle(article) {
  shown.context = context(article, shown.cites[shown.at]);
  const text = make("div", { className: "text", lang: article.language });
  paragraphs(article).forEach((pieces) => text.append(make("p", { dir: "auto" }, ...pieces)));
  const seen = article.title_derived ? "unseen" : ""; // it would only repeat the first words of the text
  const title = make("h2", { lang: article.language, dir: "auto", className: seen }, article.title);
  const body = make("div", { className: "body", tabIndex: 0 }, title, about(article), links(article), changed(), text);
  panel.replaceChildren(bar(), body);
  const [first, mark] = ["mark.context, mark.hit", "mark.hit"].map((marked) => body.querySelector(marked));
  if (!mark) return;
  const end = mark.offsetTop + mark.offsetHeight - body.clientHeight;
  if (end > 0) body.scrollTop = Math.min(first.offsetTop, Math.max(first.offsetTop - body.clientHeight / 3, end + 12));
}

function changed() {
  const cite = shown.cites[shown.at];
  if (found(shown.article, cite) !== undefined) return null;
  const quote = make("q", {}, make("bdi", {}, cited(cite)?.quote ?? ""));
  return make("div", { className: "changed" }, make("p", {}, say("article_changed")), quote);
}

function about(article) {
  const source = article.source && make("b", {}, make("bdi", {}, article.source));
  const parts = [source, article.published && day(article.published), props.words.language_names[article.language]];
  const spaced = parts.filter(Boolean).flatMap((part, at) => (at ? [" · ", part] : [part]));
  return make("p", { className: "about" }, ...spaced);
}

function links(article) {
  const cite = shown.cites[shown.at];
  const tab = { target: "_blank", rel: "noopener noreferrer nofollow" };
  const onTheWeb = /^https?:\/\//i.test(article.url ?? "");
  const original = onTheWeb ? make("a", { href: article.url, ...tab }, say("original") + " ↗") : null;
  const page = make("a", { href: `${path(cite)}#s${found(article, cite) ?? ""}`, ...tab }, say("open_page"));
  const copy = make("button", { type: "button", onclick: () => copyQuote(copy) }, say("copy_quote"));
  return make("p", { className: "links" }, original, page, copy);
}

// Offsets count code points; JavaScript strings count UTF-16 units, so cut an array of characters.
function paragraphs(article) {
  const characters = Array.from(article.text);
  const cut = (start, end) => characters.slice(start, end).join("");
  const result = [[]];
  const between = (gap) => gap.split("\n").forEach((line, at) => (at ? result.push([line]) : result.at(-1).push(line)));
  let end = 0;
  for (const sentence of [...article.sentences].sort((a, b) => a.start - b.start)) {
    between(cut(end, sentence.start));
    result.at(-1).push(marked(cut(sentence.start, sentence.end), sentence.position));
    end = sentence.end;
  }
  between(cut(end));
  return result.filter((pieces) => pieces.some((piece) => (piece.textContent ?? piece).trim()));
}

function marked(text, at) {
  const current = shown.cites[shown.at];
  const isHere = (cite) => path(cite) === path(current) && found(shown.article, cite) === at;
  const cite = isHere(current) ? current : shown.cites.find(isHere);
  const sentence = make("bdi", {}, text); // so that a direction override ends where its sentence ends
  const isContext = shown.context === at;
  if (!cite && !isContext) return sentence;
  const label = isContext ? make("span", { className: "unseen" }, say("context") + ": ") : null;
  const className = cite === current ? "hit" : isContext ? "context" : "";
  return make("mark", { className, title: isContext ? say("context") : "" }, label, sentence,
    cite ? make("sup", {}, number(cite)) : null);
}

// --- what a reader does

function step(by) {
  const cite = shown?.cites[shown.at + by];
  if (cite) open(cite, cite);
}

function close() {
  const within = panel.contains(document.activeElement);
  const opener = shown?.opener;
  shown = null;
  point(null);
  app.classList.remove("source-open");
  status.textContent = "";
  draw();
  if (within && opener?.isConnected) opener.focus({ preventScroll: true });
}

function copyQuote(button) {
  const { article, cites, at } = shown;
  const title = article.title_derived ? "" : article.title;
  const origin = [article.source, article.published, title, article.url || cites[at].href].filter(Boolean);
  citewire.copied(`“${cited(cites[at]).quote}” — ${origin.join(", ")}`, button);
}

document.addEventListener("click", (event) => {
  const cite = event.target.closest?.("#chat a.cite");
  if (cite && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    event.stopPropagation();
    open(cite, cite);
  } else if (event.target === document.querySelector("#main")) close();
}, true);

// What Gradio says to screen readers is in the browser's language, spells out HTML, or has a role that does not fit.
function mend() {
  if (!props.words.code) return;
  const each = (selector, mended) => document.querySelectorAll(selector).forEach(mended);
  const label = (words) => (node) => { if (node.ariaLabel !== words) node.ariaLabel = words; };
  each("#chat :is([data-testid=bot], [data-testid=user], .example)", label(null));
  each("#chat [role=log]", label(say("conversation")));
  each("#ask .submit-button", label(say("send")));
  each("#chat .scroll-down-button-container button", label(say("scroll_down")));
  each("#chat .examples", (list) => list.removeAttribute("role"));
  each("#filters input[role=combobox]", (input) => { input.placeholder = say("any_source"); });
  citewire.mendAnswers();
}

Object.assign(citewire, {
  words: () => props.words,
  kept: () => ({ conversation: props.conversation, texts: props.texts, markdown: props.markdown }),
  judge: (at, feedback) => trigger("like", { at, feedback }),
  announce,
  say,
  day,
  make,
  tool,
  mend,
  step,
  closePanel: () => { if (shown) close(); },
  answered: (answer) => {
    const cite = answer?.querySelector(".facts a.cite");
    if (cite && !cite.closest(".nearest") && !narrow()) open(cite);
    else if (shown) close();
  },
});

function speak() {
  app.classList.add("spoken");
  document.documentElement.lang = props.words.code;
  document.title = say("page_title");
  mend();
  draw();
}
onPhone.addEventListener("change", () => props.words.code && modal());
watch("words", speak);
watch("conversation", () => {
  citewire.keep();
  citewire.mendAnswers();
});
if (props.words.code) speak(); // the words came first
