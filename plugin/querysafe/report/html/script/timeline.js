// The timeline of one test: set-up, call and what comes after, each a tree beside its waterfall.
const LOADINGS = {
  statement: "asked for by the code",
  lazy: "lazy load",
  eager: "eager load",
  column: "column load",
  flush: "flush",
  core: "Core or text",
};
const PHASES = { setup: "Set-up", call: "Call", "": "Call", after: "After the call", teardown: "Tear-down" };

function timeline(test) {
  const queries = queriesOf(test);
  if (!queries.length) return el("p", { class: "empty" }, test.queries ? "This test's queries were not recorded: run pytest with --querysafe-html or --querysafe-record." : "This test sent no query.");
  const accused = new Map();
  for (const { finding, queries: places } of test.accusations)
    for (const index of places) if (!accused.has(index) || finding.open) accused.set(index, finding);
  const phases = new Map();
  for (const query of queries) {
    if (phases.has(query.phase)) phases.get(query.phase).push(query);
    else phases.set(query.phase, [query]);
  }
  const used = Object.keys(LOADINGS).filter((name) => queries.some((query) => query.loading === name));
  return [
    el("ul", { class: "legend" }, used.map((name) => el("li", { class: name }, el("i"), LOADINGS[name]))),
    ...[...phases].map(([phase, of]) => phasePart(phase, of, { accused, queries })),
  ];
}

function phasePart(phase, queries, context) {
  const begin = queries[0].started;
  const end = queries.reduce((most, query) => Math.max(most, query.started + query.duration), begin);
  const span = Math.max(1, end - begin);
  const waiting = queries.reduce((sum, query) => sum + query.duration, 0);
  const calls = queries.reduce((sum, query) => sum + query.calls, 0);
  const head = el("header", {}, el("b", {}, PHASES[phase] ?? phase),
    `${plural(calls, "query")}, ${duration(waiting)} in the database over ${duration(span)}`);
  const part = el("section", { class: "phase" }, head);
  const show = () => {
    const list = el("div", { class: "queries" }, axis(span));
    return paged(list, treeOf(queries), (node) => entry(node, 0, { ...context, begin, span }), { page: 100 });
  };
  if (phase === "call" || phase === "") part.append(show());
  else {
    const button = el("button", { type: "button", class: "link" }, "show");
    head.append(button);
    part.append(opening(button, show).place);
    button.addEventListener("click", () => { button.textContent = button.getAttribute("aria-expanded") === "true" ? "hide" : "show"; });
  }
  return part;
}

function entry(node, depth, context) {
  const [query] = node.queries;
  const times = node.queries.reduce((sum, each) => sum + each.calls, 0);
  const rows = node.queries.reduce((sum, each) => sum + (each.rows ?? 0), 0);
  const finding = node.queries.map((each) => context.accused.get(each.index)).find(Boolean);
  const told = query.cause && query.loading !== "statement" ? query.cause : shortened(query.text, 160);
  const button = el("button", { type: "button", class: `query ${query.loading}${finding ? ` found ${finding.severity}` : ""}` },
    el("span", { class: "what", css: { "--depth": depth } },
      times > 1 && el("span", { class: "times" }, `×${whole.format(times)}`),
      el("span", { class: "sql", title: query.text.slice(0, 2000) }, told),
      query.error && el("span", { class: "failed" }, query.error),
      finding && el("span", { class: "chip", title: finding.message }, finding.rule),
      el("span", { class: "place" }, placeOf(query))),
    el("span", { class: "num rows" }, node.queries.every((each) => each.rows === null) ? "" : whole.format(rows)),
    el("span", { class: "num" }, duration(node.queries.reduce((sum, each) => sum + each.duration, 0))),
    waterfall(node.queries, context.begin, context.span));
  const under = el("div", { class: "under" });
  const { place: detail } = opening(button, () => detailOf(node, depth, finding, context));
  const part = el("div", { class: "entry" }, button, detail, under);
  paged(under, node.children, (child) => entry(child, depth + 1, context), { page: 100 });
  return part;
}

const placeOf = (query) => (query.site !== null ? `\u200e${place(query.site)}\u200e` : query.request);

function detailOf(node, depth, finding, context) {
  const [query] = node.queries;
  const parent = query.parent === null ? undefined : context.queries.find((each) => each.index === query.parent);
  const facts = {
    "Why": `${LOADINGS[query.loading] ?? query.loading}${query.cause ? `: ${query.cause}` : ""}${query.owner ? `, of ${query.owner}` : ""}`,
    "Finding": finding && `${finding.rule} ${finding.name}: ${finding.message}`,
    "Parameters": query.params && query.params.map(([name, value]) => (name ? `${name} = ${value}` : value)).join(", "),
    "Parameter sets": query.sets,
    "Request": query.request,
    "GraphQL": query.graphql,
    "Began": `${duration(query.started - context.begin)} after the first of this phase`,
    "Transactions before": query.transaction,
    "Task": query.task > 1 && query.task,
    "Error": query.error,
    "Fingerprint": query.fingerprint,
  };
  const list = el("dl", { class: "facts" });
  for (const [name, value] of Object.entries(facts)) if (value) list.append(el("dt", {}, name), el("dd", {}, String(value)));
  const parts = [codePanel("Statement", query.text, "sql", "scroll"), list];
  if (query.site !== null) parts.push(excerptPanel("Sent from", query.site));
  if (parent && parent.site !== null) parts.push(excerptPanel("Rows loaded by", parent.site));
  const detail = el("div", { class: `detail ${query.loading}` }, parts);
  if (!node.each) return detail;
  const button = el("button", { type: "button", class: "link" }, `Show each of the ${whole.format(node.each.length)}`);
  const each = opening(button, () => paged(el("div", { class: "queries" }), node.each,
    (one) => entry({ queries: [one.query], children: siblings(one.children) }, 0, context), { page: 50 }));
  return [detail, el("div", { class: "each" }, button, each.place)];
}
