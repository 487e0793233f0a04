// What is looked at, kept in the address so that a link or the back button leads to it again.
const DEFAULTS = { view: "findings", text: "", rule: "", verdict: "", only: "", sort: "queries", test: "" };
const state = { ...DEFAULTS };
const VIEWS = ["findings", "tests", "statements"];

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(DEFAULTS)) state[name] = given.get(name) ?? DEFAULTS[name];
  if (!VIEWS.includes(state.view)) state.view = DEFAULTS.view;
}

function writeState({ step = false } = {}) {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) if (value !== DEFAULTS[name]) told.set(name, value);
  const address = `#${told}`;
  if (address === location.hash || (address === "#" && !location.hash)) return;
  if (step) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
