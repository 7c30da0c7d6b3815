// The page around the chat: light and dark, keys, and what to do when an answer arrives.
(() => {
  const citewire = (window.citewire = window.citewire || {});

  // In a frame on another site: the chat alone.
  document.documentElement.classList.toggle("embed", new URLSearchParams(location.search).has("embed"));

  // Light or dark: the reader's own choice, else the system's, which Gradio follows.
  const chosen = () => { try { return localStorage.getItem("citewire_theme"); } catch { return null; } };
  if (chosen()) document.body.classList.toggle("dark", chosen() === "dark");
  citewire.toggleTheme = () => {
    const dark = document.body.classList.toggle("dark");
    try { localStorage.setItem("citewire_theme", dark ? "dark" : "light"); } catch { /* not remembered */ }
  };

  citewire.languageChosen = (inputs) => {
    try { localStorage.setItem("citewire_language", inputs[0]); } catch { /* not remembered */ }
    return inputs;
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") citewire.closePanel?.();
    else if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "/") document.querySelector("#ask textarea").focus();
    else if (event.key === "ArrowLeft") citewire.step?.(-1);
    else if (event.key === "ArrowRight") citewire.step?.(1);
    else return;
    if (event.key === "/") event.preventDefault();
  });

  // Gradio tells no script that a message was drawn, so watch for rows.
  let last = null;
  let offered = 0;
  const arrived = () => {
    if (!citewire.answered) return; // the panel is not there yet
    citewire.mend();
    const answer = [...document.querySelectorAll("#chat .message-row")].at(-1)?.querySelector(".answer") ?? null;
    const question = [...document.querySelectorAll("#chat .user-row")].at(-1) ?? null;
    const offers = document.querySelectorAll("#chat .option").length;
    if (offers > offered && question) reveal(question); // there is more below it now
    offered = offers;
    if ((answer ?? question) === last) return;
    last = answer ?? question;
    if (question) reveal(question);
    citewire.answered(answer);
  };
  const reveal = (row) => {
    const scroller = row.closest(".bubble-wrap");
    const top = scroller.scrollTop + row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scroller.scrollTo({ top: top - 8, behavior: still ? "auto" : "smooth" });
  };
  let due = 0;
  new MutationObserver(() => { cancelAnimationFrame(due); due = requestAnimationFrame(arrived); })
    .observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] });
})();
