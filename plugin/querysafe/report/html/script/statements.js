// Statements of the whole run by shape: which one costs most, and which tests send it.
function showStatements(results) {
  const shapes = chosenShapes();
  if (!shapes.length) {
    results.append(nothing(run.shapes.length ? "No statement fits" : "No statements", run.shapes.length ? "Change the search above." : "No query was recorded: run pytest with --querysafe-html or --querysafe-record."));
    return plural(0, "statement");
  }
  const most = shapes.reduce((sum, [, calls, micros]) => ({ calls: Math.max(sum.calls, calls), micros: Math.max(sum.micros, micros) }), { calls: 1, micros: 1 });
  results.append(el("div", { class: "columns four" }, el("span", {}, "Statement"), el("span", { class: "tests number" }, "Tests"),
    ...sortHead([["queries", "Times"], ["micros", "Database time"]], "").childNodes));
  paged(results.appendChild(el("div", { class: "list" })), shapes, (shape) => statementItem(shape, most), { after: results });
  return plural(shapes.length, "statement");
}

function statementItem([number, calls, micros, tests], most) {
  const [text, fingerprint] = run.statements[number];
  const button = el("button", { type: "button", class: "row four" },
    el("span", { class: "name" }, el("code", { class: "statement-text" }, coloured(shortened(text), "sql"))),
    el("span", { class: "number tests" }, whole.format(tests), el("span", { class: "hidden" }, " tests")),
    measured(whole.format(calls), calls / most.calls, "times"),
    measured(duration(micros), micros / most.micros, "in the database"));
  const item = el("section", { class: "item" }, button);
  const inside = el("div", { class: "inside" });
  item.append(inside);
  opening(button, () => {
    const senders = run.tests.filter((test) => test.statements.some((each) => each === number || (fingerprint && run.statements[each][1] === fingerprint)));
    return [codePanel("Statement", text, "sql", "scroll"), el("h3", {}, `Sent by ${plural(senders.length, "test")}`),
      paged(el("ul", { class: "links" }), senders, (test) => el("li", {}, el("button", { type: "button", on: { click: () => goTo({ view: "tests", test: test.nodeid, text: "" }) } }, breakable(test.nodeid))), { page: 30 })];
  }, { inside });
  return item;
}
