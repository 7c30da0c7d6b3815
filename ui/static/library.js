// The dialog of articles: what there is, and remove; adding.js adds. Runs with Gradio's `element`, `props`, `trigger`;
// its words are the panel's.
const dialog = element.querySelector("dialog");
const veil = element.querySelector(".veil");
const citewire = (window.citewire = window.citewire || {});
const LARGEST = 50; // MB that the server takes in one file
const ACCEPTED = ".txt,.text,.md,.markdown,.html,.htm,.xhtml,.json,.jsonl,.ndjson";
const PAGE = 50;
const parts = {}; // of the dialog, by name
const say = (...words) => citewire.say(...words);
const make = (...node) => citewire.make(...node);

function count(key, number) {
  const { code, thousands, [key]: forms } = citewire.words();
  const digits = String(number).replace(/\B(?=(\d{3})+$)/g, thousands);
  return forms[new Intl.PluralRules(code).select(number)].replace("{n}", digits);
}

const button = (key, onclick, options = {}) => make("button", { type: "button", onclick, ...options }, say(key));
const failure = (words, again) => Object.assign(new Error(words), { again, lang: citewire.words().code });

// What went wrong, in the server's own words; `again` where the same may work later.
function refusal(status, body) {
  const again = status >= 500 || status === 429;
  try {
    return Object.assign(failure(JSON.parse(body).detail, again), { status, lang: "en" });
  } catch {
    return failure(say("offline"), again); // whoever answered, it was not Citewire
  }
}

async function reply(address, options) {
  const response = await fetch(address, options).catch(() => { throw failure(say("offline"), true); });
  const body = await response.text();
  if (!response.ok) throw refusal(response.status, body);
  return body && JSON.parse(body);
}

// --- drawing

function open() {
  if (dialog.open) return;
  parts.jobs ??= make("ul", { className: "jobs" });
  parts.status = make("p", { className: "unseen", role: "status" });
  const title = make("h2", { id: "library-title" }, say("articles"));
  const close = citewire.tool("articles_close", "M6 6l12 12M18 6L6 18", () => dialog.close(), false);
  const body = make("div", { className: "body" }, dropZone(), address(), parts.jobs, ...shelf());
  dialog.replaceChildren(make("div", { className: "bar" }, title, close), body, parts.status);
  dialog.showModal();
  dialog.querySelector(".main").focus();
  list();
}

function dropZone() {
  const files = make("input", { type: "file", multiple: true, accept: ACCEPTED, hidden: true });
  files.onchange = () => { addFiles([...files.files]); files.value = ""; };
  const choose = button("choose_files", () => files.click(), { className: "main" });
  const formats = make("p", {}, say("formats", { limit: LARGEST }));
  return make("div", { className: "zone" }, make("p", {}, say("drop_here")), choose, files, formats);
}

function address() {
  const options = { type: "url", required: true, placeholder: "https://", pattern: "https?://.+", autocomplete: "off" };
  const input = make("input", { ...options, ariaLabel: say("address") });
  const form = make("form", {}, make("label", {}, say("address"), input), make("button", {}, say("add")));
  form.onsubmit = (event) => {
    event.preventDefault();
    addAddress(input.value.trim());
    input.value = "";
  };
  return form;
}

function shelf() {
  const { language_names: names } = citewire.words();
  parts.total = make("h3", { tabIndex: -1 }, say("loading"));
  parts.language = select("languages", "any_language", Object.entries(names));
  parts.source = select("sources", "any_source", sources());
  parts.list = make("ul", { className: "list" });
  parts.more = button("show_more", () => list(parts.list.childElementCount), { className: "more", hidden: true });
  return [make("div", { className: "shelf" }, parts.total, parts.language, parts.source), parts.list, parts.more];
}

const sources = () => props.sources.map((source) => [source, source]);

function select(key, any, choices) {
  const menu = make("select", { ariaLabel: say(key), onchange: () => list() });
  return choose(menu, [["", say(any)], ...choices]);
}

function choose(menu, choices) {
  const chosen = menu.value;
  menu.replaceChildren(...choices.map(([value, words]) => make("option", { value }, words)));
  menu.value = choices.some(([value]) => value === chosen) ? chosen : "";
  return menu;
}

// --- what there is

let latest = null;

async function list(offset = 0) {
  if (!dialog.open) return;
  const mine = (latest = {});
  const [language, source] = [parts.language.value, parts.source.value];
  const query = new URLSearchParams({ limit: PAGE, offset, ...(language && { language }), ...(source && { source }) });
  try {
    const { total, articles } = await reply(`/v1/articles?${query}`);
    if (mine !== latest) return;
    if (!offset) parts.list.replaceChildren();
    parts.list.append(...articles.map(row));
    counted(total);
    if (offset) parts.list.children[offset]?.querySelector("a").focus();
  } catch (error) {
    tell(error.message);
    parts.total.textContent = error.message;
  }
}

function counted(total) {
  parts.count = total;
  const filtered = parts.language.value || parts.source.value;
  parts.total.textContent = total || filtered ? count(filtered ? "searched_articles" : "in_library", total) : say("empty");
  [parts.language, parts.source].forEach((menu) => { menu.hidden = !total && !filtered; });
  parts.more.hidden = parts.list.childElementCount >= total;
}

const link = (id, words) =>
  make("a", { href: `/article/${encodeURIComponent(id)}`, target: "_blank", rel: "noopener" }, words);

function row(article) {
  const title = Object.assign(link(article.id, article.title), { id: `title-${article.id}`, lang: article.language });
  const source = article.source || /^https?:\/\/([^/]+)/i.exec(article.url)?.[1];
  const facts = [article.published && citewire.day(article.published), citewire.words().language_names[article.language]];
  const about = [...facts, count("n_sentences", article.sentences)].filter(Boolean).join(" · ");
  const from = source ? [make("b", {}, make("bdi", {}, source)), " · "] : [];
  const remove = button("remove", () => removal(article, node), { className: "remove", id: `remove-${article.id}` });
  remove.setAttribute("aria-labelledby", `${remove.id} ${title.id}`);
  remove.onblur = () => sure(remove, false);
  const text = make("div", {}, make("p", { dir: "auto" }, title), make("p", { className: "about" }, ...from, about));
  const node = make("li", {}, text, remove);
  return node;
}

function sure(remove, asked) {
  remove.classList.toggle("sure", asked);
  remove.textContent = say(asked ? "remove_sure" : "remove");
}

// The first press asks, the second removes.
async function removal(article, node) {
  const pressed = node.querySelector(".remove");
  if (!pressed.classList.contains("sure")) {
    sure(pressed, true);
    return tell(say("remove_sure"));
  }
  try {
    await reply(`/v1/articles/${encodeURIComponent(article.id)}`, { method: "DELETE" });
  } catch (error) {
    tell(error.message);
    if (error.status !== 404) return node.firstChild.append(make("p", { className: "problem" }, error.message));
  }
  const next = node.nextElementSibling ?? node.previousElementSibling;
  node.remove();
  (next?.querySelector(".remove") ?? parts.total).focus();
  counted(parts.count - 1);
  tell(say("removed", { title: article.title }));
  trigger("change");
}

function tell(words) {
  parts.status.textContent = words;
}

dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the page has keys of its own
watch("sources", () => parts.source && choose(parts.source, [["", say("any_source")], ...sources()]));
document.addEventListener("click", (event) => { if (event.target.closest?.(".add-articles")) open(); });
citewire.openArticles = open;
