// What a reader does with answers: copy, link, judge, export, edit the question; and how they outlive a reload.
(() => {
  const citewire = (window.citewire = window.citewire || {});
  const kept = () => citewire.kept?.() ?? { conversation: [], texts: [], markdown: "" };
  const answers = () => [...document.querySelectorAll("#chat .answer:not(.problem)")];
  // Counted from the end: the first ones may be too old to be kept.
  const place = (node) => answers().indexOf(node.closest(".answer")) - answers().length;
  citewire.exchange = (node) => kept().conversation.at(place(node));

  citewire.keep = () => {
    try { sessionStorage.setItem("citewire_conversation", JSON.stringify(kept().conversation)); } catch { /* full */ }
  };

  citewire.withKept = (inputs, place) => {
    try { inputs[place] = sessionStorage.getItem("citewire_conversation"); } catch { /* nothing was kept */ }
    return inputs;
  };

  citewire.copied = async (text, button) => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copiedByHand(text);
    const words = button.textContent;
    button.textContent = citewire.say("copied");
    citewire.announce(citewire.say("copied"));
    setTimeout(() => { button.textContent = words; }, 1500);
  };
  // Browsers lend the clipboard only to https and localhost.
  const copiedByHand = (text) => {
    const area = citewire.make("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };

  const judge = (button) => {
    if (document.querySelector("#chat .waiting")) return; // the answer to come would undo it
    citewire.judge(place(button), button.classList.contains("liked") ? "liked" : "disliked");
  };

  const save = (name, type, content) => {
    const href = URL.createObjectURL(new Blob([content], { type }));
    citewire.make("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  };
  const actions = {
    "#chat button.copy": (button) => citewire.copied(kept().texts.at(place(button)), button),
    "#chat a.link": (link) => citewire.copied(link.href, link),
    "#chat button.judge": judge,
    "#export .markdown": () => save("citewire.md", "text/markdown", kept().markdown),
    "#export .json": () => save("citewire.json", "application/json", JSON.stringify(kept().conversation, null, 2)),
  };
  document.addEventListener("click", (event) => {
    const menu = document.querySelector("#export details");
    if (menu && !event.target.closest("#export summary")) menu.open = false;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const [selector, action] = Object.entries(actions).find(([each]) => event.target.closest(each)) ?? [];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action(event.target.closest(selector));
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("#export details[open]");
    if (event.key !== "Escape" || !menu) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  }, true);

  // What Gradio takes away from an answer's HTML, and what it says in the browser's language instead of the page's.
  citewire.mendAnswers = () => {
    answers().forEach((answer) => answer.querySelectorAll("button.judge").forEach((button) => {
      const pressed = String(button.classList.contains(citewire.exchange(answer)?.feedback));
      if (button.ariaPressed !== pressed) button.ariaPressed = pressed;
    }));
    document.querySelectorAll("#chat .user-row").forEach(mendQuestion);
  };
  const mendQuestion = (row) => {
    const box = row.querySelector("textarea");
    const buttons = [...(row.nextElementSibling?.querySelectorAll("button") ?? [])];
    (box ? ["edit_send", "edit_cancel"] : ["edit"]).forEach((key, at) => {
      const name = citewire.say(key);
      if (buttons[at] && buttons[at].ariaLabel !== name) Object.assign(buttons[at], { ariaLabel: name, title: name });
    });
    if (!box || box.ariaLabel) return;
    box.ariaLabel = citewire.say("edit");
    box.value = box.value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)); // the text as it was typed
    box.dispatchEvent(new Event("input"));
    box.focus();
    box.addEventListener("keydown", (event) => {
      const at = event.key === "Enter" && !event.shiftKey ? 0 : event.key === "Escape" ? 1 : -1;
      if (at < 0 || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      buttons[at].click();
      if (at) requestAnimationFrame(() => row.nextElementSibling.querySelector("button").focus());
    });
  };
})();
