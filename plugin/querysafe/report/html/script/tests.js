// Tests by queries, database time or name; each opens its timeline.
function showTests(results) {
  const tests = chosenTests();
  const asked = state.test && run.tests.find((test) => test.nodeid === state.test);
  if (asked) {
    const at = tests.indexOf(asked);
    if (at >= 0) tests.splice(at, 1);
    tests.unshift(asked);
  }
  const most = run.tests.reduce((sum, test) => ({ queries: Math.max(sum.queries, test.queries), micros: Math.max(sum.micros, test.micros) }), { queries: 1, micros: 1 });
  if (!tests.length) results.append(nothing(run.tests.length ? "No test fits" : "No tests", run.tests.length ? "Change the filters above." : "The run had no tests."));
  else {
    results.append(sortHead([["nodeid", "Test"], ["queries", "Queries"], ["micros", "Database time"]], "columns"));
    paged(results.appendChild(el("div", { class: "list" })), tests, (test) => testItem(test, most, test === asked), { after: results });
  }
  return plural(tests.length, "test");
}

function sortHead(columns, kind) {
  return el("div", { class: kind, role: "group", "aria-label": "Order" }, columns.map(([name, title, extra]) =>
    el("button", { type: "button", class: extra, "aria-pressed": String(state.sort === name), on: { click: () => goTo({ sort: name, test: "" }) } },
      title, state.sort === name ? (name === "nodeid" ? " ▴" : " ▾") : "")));
}

function testItem(test, most, open) {
  const [path, name] = nameOf(test.nodeid);
  const rules = [...new Map(test.accusations.map(({ finding }) => [`${finding.rule} ${finding.open}`, finding])).values()];
  const button = el("button", { type: "button", class: "row" },
    el("span", { class: "name" },
      el("span", { class: "path" }, el("span", { class: `outcome ${test.outcome}`, title: test.outcome }), breakable(path)),
      breakable(name),
      el("span", { class: "hidden" }, ` ${test.outcome}`),
      rules.length > 0 && el("span", { class: "chips" }, rules.map((finding) => el("span", { class: finding.open ? `chip ${finding.severity}` : "chip plain", title: `${finding.message} (${finding.verdict})` }, finding.rule)))),
    measured(whole.format(test.queries), test.queries / most.queries, "queries"),
    measured(duration(test.micros), test.micros / most.micros, "in the database"));
  const item = el("section", { class: "item" }, button);
  const inside = el("div", { class: "inside" });
  item.append(inside);
  opening(button, () => timelineAndFindings(test), { open, inside });
  if (open) setTimeout(() => { button.focus({ preventScroll: true }); item.scrollIntoView({ block: "nearest" }); });
  return item;
}

function timelineAndFindings(test) {
  const parts = [timeline(test)].flat();
  if (test.accusations.length)
    parts.push(el("h3", {}, plural(test.accusations.length, "finding")), ...test.accusations.map(({ finding }) => findingCard(finding)));
  return parts;
}

function measured(text, share, unit) {
  return el("span", { class: "number" }, text, el("span", { class: "hidden" }, ` ${unit}`),
    el("span", { class: "bar", css: { display: "block" }, "aria-hidden": "true" }, el("i", { css: { width: `${(share * 100).toFixed(1)}%` } })));
}
