// The page comes to life: filters, views, keys, printing.
const SHOW = { findings: showFindings, tests: showTests, statements: showStatements };

function show() {
  const results = byId("results");
  const inside = document.activeElement?.closest?.(".columns") ? document.activeElement.textContent : "";
  results.replaceChildren();
  watcher.disconnect();
  byId("count").textContent = SHOW[state.view](results);
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const chosen = tab.dataset.view === state.view;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen) results.setAttribute("aria-labelledby", tab.id);
  }
  for (const name of ["text", "rule", "verdict"]) if (byId(name).value !== state[name]) byId(name).value = state[name];
  byId("only").checked = Boolean(state.only);
  byId("only").parentElement.hidden = state.view !== "tests";
  byId("rule").parentElement.hidden = byId("verdict").parentElement.hidden = state.view === "statements";
  if (inside) [...results.querySelectorAll(".columns button")].find((each) => each.textContent.startsWith(inside.replace(/ [▴▾]$/, "")))?.focus();
}

function goTo(changes) {
  Object.assign(state, changes);
  writeState({ step: true });
  show();
}

let waiting = 0;
function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => { writeState(); show(); }, 90);
}

function start() {
  startTheme();
  for (const [id, { name }] of Object.entries(run.rules)) byId("rule").append(el("option", { value: id }, `${id} ${name}`));
  for (const [view, items] of [["findings", run.findings], ["tests", run.tests], ["statements", run.shapes]]) {
    const tab = byId(`tab-${view}`);
    tab.querySelector("b").textContent = whole.format(items.length);
    tab.addEventListener("click", () => goTo({ view, test: "" }));
  }
  document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const view = VIEWS[(VIEWS.indexOf(state.view) + step + VIEWS.length) % VIEWS.length];
    goTo({ view, test: "" });
    byId(`tab-${view}`).focus();
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("text").addEventListener("input", () => { state.text = byId("text").value; state.test = ""; soon(); });
  for (const name of ["rule", "verdict"]) byId(name).addEventListener("change", () => goTo({ [name]: byId(name).value, test: "" }));
  byId("only").addEventListener("change", () => goTo({ only: byId("only").checked ? "1" : "", test: "" }));
  document.addEventListener("keydown", (event) => {
    const typing = /^(?:INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      byId("text").select();
    } else if (event.key === "Escape" && document.activeElement === byId("text")) {
      goTo({ text: "" });
    }
  });
  addEventListener("popstate", () => { readState(); show(); });
  addEventListener("hashchange", () => { readState(); show(); });
  addEventListener("beforeprint", () => document.querySelectorAll(".opener[aria-expanded=false]").forEach((button) => button.click()));
  readState();
  showSummary();
  show();
}

start();
