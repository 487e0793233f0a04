// The lines around a call site, the line itself marked.
function excerptPanel(title, number) {
  const site = run.sites[number];
  const head = el("header", {}, el("b", {}, title), el("span", { class: "mono" }, place(number)),
    site[FUNCTION] && el("span", {}, `in ${site[FUNCTION]}`));
  if (!site[LINES]) return el("section", { class: "panel" }, head, el("p", {}, "The source was not there when this page was written."));
  const language = /\.(?:py|pyi)$/.test(site[PATH]) ? "python" : null;
  const code = el("div", { class: "excerpt", tabindex: "0", role: "group", "aria-label": `Source of ${place(number)}` });
  site[LINES].forEach((line, offset) => {
    const at = site[FIRST] + offset;
    const here = at === site[LINE] ? " here" : "";
    code.append(el("span", { class: `number${here}` }, String(at)),
      el("span", { class: `line${here}`, "aria-current": here ? "true" : null }, language ? coloured(line, language) : line));
  });
  return el("section", { class: "panel" }, head, code);
}
