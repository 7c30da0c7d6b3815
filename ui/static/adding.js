// Files and addresses for the dialog of articles, one after the other, as the library writes. Runs with library.js.
const READABLE = /\.(txt|text|md|markdown|html?|xhtml|jsonl?|ndjson)$/i;
const REASONS = 20; // of one file, that are shown

const line = [];
let working = false;

const addAddress = (url) => add(url, async (job) => {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ url }) };
  heard(job, { name: url, reason: "", ...(await reply("/v1/articles", sent)) });
});
const addFiles = (files) => files.forEach((file) => add(file.name, (job) => upload(job, file)));
const addFailed = (name) => add(name, async () => { throw failure(say("unreadable")); });

function add(name, run) {
  const row = make("li", { tabIndex: -1 }, make("p", { className: "name", dir: "auto" }, name));
  parts.jobs.prepend(row);
  queue({ name, run, row });
}

function queue(job) {
  const bar = make("progress", { ariaLabel: job.name, max: 1, value: 0 });
  const state = make("p", { className: "state" }, say("in_line"));
  Object.assign(job, { bar, state, tally: {}, ids: [], reasons: make("ul", { lang: "en" }) });
  job.row.className = "";
  job.row.replaceChildren(job.row.firstChild, bar, state, job.reasons);
  line.push(job);
  if (!working) work();
}

async function work() {
  working = true;
  while (line.length) await finish(line.shift());
  working = false;
  trigger("change"); // the welcome and the filters
  list();
}

async function finish(job) {
  reading(job);
  const trouble = await job.run(job).catch((error) => error);
  job.bar.remove();
  job.state.textContent = [summary(job), trouble?.message].filter(Boolean).join(". ");
  job.state.lang = trouble?.lang ?? "";
  if (trouble?.again) job.reasons.after(button("try_again", () => { queue(job); job.row.focus(); }));
  if (job.ids.length === 1) job.row.firstChild.replaceChildren(link(job.ids[0], job.name));
  job.row.className = trouble || job.tally.rejected ? "bad" : "good";
  tell([job.name, job.state.textContent, job.reasons.firstChild?.textContent].filter(Boolean).join(": "));
}

function reading(job) {
  job.bar.removeAttribute("value");
  job.state.textContent = summary(job) || say("reading");
}

function summary({ tally }) {
  const known = ["added", "replaced", "unchanged", "rejected"].filter((status) => tally[status]);
  return known.map((status) => count(`n_${status}`, tally[status])).join(", ");
}

function heard(job, { name, id, status, reason }) {
  job.tally[status] = (job.tally[status] ?? 0) + 1;
  if (id) job.ids.push(id);
  if (reason) explain(job, name === job.name ? reason : `${name}: ${reason}`);
}

function explain({ reasons, tally }, reason) {
  if (reasons.childElementCount < REASONS) reasons.append(make("li", { dir: "auto" }, reason));
  else reasons.dataset.more = count("n_more", tally.rejected - REASONS);
}

async function upload(job, file) {
  if (file.size > LARGEST * 1e6) throw failure(say("too_large", { limit: LARGEST }));
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of what it has sent
    let read = 0;
    request.upload.onprogress = ({ loaded, total }) => {
      job.bar.value = loaded / total;
      job.state.textContent = say("sending", { n: Math.round((100 * loaded) / total) });
    };
    request.upload.onload = () => reading(job);
    request.onprogress = () => {
      if (request.status !== 200) return;
      const fresh = request.responseText.slice(read).match(/^[^]*\n/)?.[0] ?? "";
      read += fresh.length;
      fresh.split("\n").filter(Boolean).forEach((outcome) => heard(job, JSON.parse(outcome)));
      reading(job);
    };
    request.onload = () => (request.status === 200 ? done() : failed(refusal(request.status, request.responseText)));
    request.onerror = () => failed(failure(say("offline"), true));
    request.open("POST", `/v1/files?name=${encodeURIComponent(file.name)}`);
    request.send(file);
  });
}

// --- files dropped anywhere on the page

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((found, failed) => entry.file(found, failed))];
  const reader = entry.createReader();
  const within = [];
  for (let some; (some = await new Promise((found, failed) => reader.readEntries(found, failed))).length; )
    within.push(...some.filter((each) => each.isDirectory || READABLE.test(each.name)));
  return readable(within);
}

// The files in all entries; one that cannot be read harms no other.
async function readable(entries) {
  const settled = await Promise.allSettled(entries.map(filesIn));
  settled.forEach(({ reason }, at) => { if (reason) addFailed(entries[at].name); });
  return settled.flatMap(({ value }) => value ?? []);
}

const dropping = (now) => {
  if (now) veil.textContent = say("drop_anywhere");
  document.querySelector("#app").classList.toggle("dropping", now);
};
const onFiles = (kind, action) => addEventListener(kind, (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  event.stopPropagation();
  action(event);
}, true);
onFiles("dragover", () => dropping(true));
onFiles("dragleave", (event) => { if (!event.relatedTarget) dropping(false); });
onFiles("drop", async ({ dataTransfer }) => {
  dropping(false);
  open();
  // All at once: after the first wait the browser has emptied the items.
  const items = [...dataTransfer.items].filter((item) => item.kind === "file");
  const found = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files = found.flatMap(({ entry, file }) => (entry?.isDirectory ? [] : file ?? []));
  const others = found.flatMap(({ entry, file }) => (entry?.isDirectory || !file ? entry ?? [] : []));
  addFiles([...files, ...(await readable(others))]);
});
