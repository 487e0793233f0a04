// Findings: the diagnosis closed, evidence and cure open.
function showFindings(results) {
  const findings = chosenFindings();
  if (!findings.length) results.append(nothing(run.findings.length ? "No finding fits" : "No findings", run.findings.length ? "Change the filters above." : "Every test's queries are in order."));
  paged(results, findings, (finding, number) => findingCard(finding, { open: findings.length === 1 || finding === run.findings[0] && number === 0 }), { page: 40 });
  const tests = new Set(findings.flatMap((finding) => finding.tests.map(([test]) => test)));
  return `${plural(findings.length, "finding")} in ${plural(tests.size, "test")}`;
}

function findingCard(finding, { open = false } = {}) {
  const [cure] = finding.cures;
  const where = [];
  if (finding.sites.length) where.push("at ", el("span", { class: "mono" }, place(finding.sites[0])));
  else if (finding.request) where.push("in ", finding.request);
  if (cure && cure[0] !== null && cure[0] !== finding.sites[0]) where.push(", rows from ", el("span", { class: "mono" }, place(cure[0])));
  const button = el("button", { type: "button", class: "opener" },
    el("span", { class: "head" },
      el("span", { class: "chip" }, `${finding.rule} ${finding.name}`),
      finding.verdict !== "new" && el("span", { class: "chip plain" }, finding.verdict === "worse" ? `worse: ${whole.format(finding.accepted ?? 0)} accepted` : finding.verdict),
      el("span", { class: "message" }, finding.message)),
    el("span", { class: "where" }, where),
    el("span", { class: "sum" }, el("b", {}, `×${whole.format(finding.count)}`), el("span", {}, plural(finding.tests.length, "test"))));
  const card = el("article", { class: `finding ${finding.severity} ${finding.verdict}` }, button);
  card.append(opening(button, () => findingBody(finding), { open }).place);
  return card;
}

function findingBody(finding) {
  const rule = run.rules[finding.rule];
  const [first, ...others] = finding.cures;
  const evidence = el("div", {}, finding.sites.map((site, number) => excerptPanel(number ? "Also here" : finding.rule.startsWith("QS1") ? "Repeats here" : "Here", site)));
  if (finding.more_sites) evidence.append(el("p", {}, `… and ${plural(finding.more_sites, "more line")}`));
  for (const [parent] of finding.cures) if (parent !== null && !finding.sites.includes(parent)) evidence.append(excerptPanel("Rows come from", parent));
  const cures = el("div", {});
  if (first) cures.append(curePanel("Cure", first));
  for (const other of others) cures.append(curePanel(other[0] === null ? "Or" : `Cure of the rows from ${place(other[0])}`, other));
  if (finding.statement) cures.append(codePanel("Statement", finding.statement, "sql", "scroll"));
  const facts = el("dl", { class: "facts" });
  for (const [name, value] of [["Accepted because", finding.verdict === "suppressed" && finding.reason], ["Request", finding.request], ["GraphQL", finding.graphql],
    ["Database time", duration(finding.tests.reduce((sum, test) => sum + test[2], 0))]])
    if (value) facts.append(el("dt", {}, name), el("dd", {}, value));
  facts.append(el("dt", {}, "Tests"), el("dd", {}, paged(el("ul", { class: "links" }), finding.tests, testLink, { page: 8 })));
  evidence.append(facts);
  return el("div", { class: "body" }, (rule.effect || rule.summary) && el("p", { class: "why" }, rule.effect || rule.summary), evidence, cures);
}

function curePanel(title, [, code, advice]) {
  if (code) {
    const panel = codePanel(title, code, "python", "cure");
    if (advice) panel.append(el("p", {}, advice));
    return panel;
  }
  return el("section", { class: "panel cure" }, el("header", {}, el("b", {}, title)), el("p", {}, advice || "See the rule's page."));
}

function testLink([number, count]) {
  const test = run.tests[number];
  const button = el("button", { type: "button", on: { click: () => goTo({ view: "tests", test: test.nodeid, text: "", rule: "", verdict: "" }) } }, breakable(test.nodeid));
  return el("li", {}, button, el("small", {}, `×${whole.format(count)}`));
}

function nothing(title, words) {
  return el("p", { class: "empty" }, el("b", {}, title), words);
}
