// The advice on a page: totals, indexes with their evidence, statements with their plans.
const advice = JSON.parse(byId("advice").textContent);
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const number = (value) => (value >= 100 ? whole.format(value) : value.toFixed(1));
const flat = (text, most = 240) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
};

const place = (site) => `${site.path}:${site.line}${site.function ? ` in ${site.function}` : ""}`;

function tile(value, words, kind = "") {
  return el("div", { class: `tile ${kind}` }, el("b", {}, value), el("span", {}, words));
}

function row(title, facts, make, open = false) {
  const button = el("button", { type: "button", class: "opener" }, el("span", { class: "title" }, title), el("span", { class: "facts" }, facts));
  const box = el("article", { class: "row" }, button);
  const { place } = opening(button, () => el("div", { class: "body" }, make()), { open });
  box.append(place);
  return box;
}

function indexRow(index, open) {
  const facts = [el("span", {}, index.size)];
  if (advice.basis.priced) facts.unshift(el("span", {}, `saves ${index.saves}, writes ${index.writes}`));
  return row(index.name, facts, () => [
    codePanel("SQL", `${index.sql};`, "sql", "cure"),
    el("p", {}, `It ${index.reason}.`, index.extensions.map((name) => ` It needs the extension ${name}.`)),
    el("ul", { class: "uses" }, index.statements.map((id) => advice.statements.find((each) => each.fingerprint === id)).filter(Boolean).map(use)),
  ], open);
}

function use(each) {
  return el("li", {},
    el("b", {}, advice.basis.priced ? each.factor : ""),
    el("span", { class: "mono" }, flat(each.sql),
      each.call_sites.map((site) => el("span", { class: "site" }, place(site)))));
}

function statementRow(each, open) {
  const same = each.indexes.length === 0;
  const facts = [el("span", {}, `${whole.format(each.calls)} calls`)];
  if (advice.basis.priced) facts.push(el("span", {}, `${number(each.before)} → ${number(each.after)}`), el("b", { class: same ? "same" : "" }, same ? "–" : each.factor));
  return row(flat(each.sql, 160), facts, () => [
    codePanel("Statement", each.sql, "sql"),
    each.call_sites.length > 0 && el("p", {}, each.call_sites.map((site) => place(site)).join(", ")),
    el("div", { class: "pair" }, planPanel("Plan now", each.before, each.plan_before), planPanel("Plan with the advice", each.after, each.plan_after)),
  ], open);
}

function planPanel(title, cost, nodes) {
  return el("section", { class: "plan" },
    el("header", {}, el("b", {}, title), advice.basis.priced && el("span", {}, `cost ${number(cost)}`)),
    el("ol", {}, nodes.map((node) => el("li", { class: node.advised ? "advised" : node.scan ? "scan" : "", css: { "--depth": String(node.depth) } },
      el("span", { class: "name" }, node.title), " ",
      el("span", { class: "number" }, `${number(node.cost)} · ${whole.format(node.rows)} rows`),
      node.conditions.map((text) => el("span", { class: "condition" }, text))))));
}

function seen() {
  const parts = [];
  if (advice.remarks.length) {
    parts.push(el("h2", {}, "Also seen"), el("div", { class: "seen" }, advice.remarks.map((each) =>
      el("p", {}, el("b", {}, each.kind), each.words, each.subject.sql && el("span", { class: "mono" }, ` ${flat(each.subject.sql, 120)}`), each.cure && [" → ", el("code", {}, each.cure)]))));
  }
  if (advice.assumed.length) {
    parts.push(el("h2", {}, "Assumed"), el("div", { class: "seen" }, advice.assumed.map((line) => el("p", {}, line))));
  }
  if (advice.refusals.length) {
    parts.push(el("h2", {}, "Not looked at"), el("div", { class: "seen" }, advice.refusals.map((line) => el("p", {}, line))));
  }
  if (advice.absent.length) {
    parts.push(el("h2", {}, "Not advised"), el("div", { class: "seen" }, advice.absent.map((each) =>
      el("p", {}, el("code", {}, `${each.table} (${each.keys.join(", ")})`), ` ${each.why}`))));
  }
  return parts;
}

startTheme();
const totals = advice.totals;
byId("totals").append(tile(String(totals.indexes), "indexes advised"), tile(totals.size, "they take"));
if (advice.basis.priced && totals.indexes) byId("totals").append(tile(totals.workload, "less for the workload", "fine"), tile(totals.mean, "less a statement, in the mean", "fine"));
byId("basis").textContent = `${advice.summary} Basis: ${advice.basis.words}.`;
byId("index-list").append(...(advice.indexes.length ? advice.indexes.map((each, at) => indexRow(each, at === 0)) : [el("p", { class: "empty" }, "No index would pay.")]));
const ordered = [...advice.statements].sort((a, b) => b.gain - a.gain);
byId("statement-list").append(...ordered.map((each, at) => statementRow(each, at === 0)));
byId("seen").append(...seen());
const aside = Object.entries(advice.set_aside).map(([why, count]) => `${whole.format(count)} ${why}`).join(", ");
byId("footer").append(el("p", {}, `Read: ${advice.sources.join("; ")}.${aside ? ` Set aside: ${aside}.` : ""} PostgreSQL ${Math.floor(advice.server_version / 10000)}; costs are in the planner's units.`));
addEventListener("beforeprint", () => document.querySelectorAll(".opener[aria-expanded=false]").forEach((button) => button.click()));
