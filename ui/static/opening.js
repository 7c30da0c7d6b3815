() => {
  // For the server, when the page opens: what its address asks for, the language that was chosen on it, and the
  // conversation that this tab kept.
  const found = { search: location.search, origin: location.origin };
  try {
    found.chosen = localStorage.getItem("citewire_language");
    found.stored = sessionStorage.getItem("citewire_conversation");
  } catch { /* nothing was kept */ }
  // Asked once: a reload shows the conversation instead.
  const left = new URLSearchParams(location.search);
  ["q", "language", "source", "since", "until"].forEach((name) => left.delete(name));
  history.replaceState(history.state, "", location.pathname + (left.size ? `?${left}` : "") + location.hash);
  return found;
}
