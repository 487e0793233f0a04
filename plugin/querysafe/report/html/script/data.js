// The run, parsed at once, and each test's recording, parsed when it is opened.
const run = JSON.parse(byId("run").textContent);
const column = Object.fromEntries(run.columns.map((name, place) => [name, place]));
const PATH = 0, LINE = 1, FUNCTION = 2, FIRST = 3, LINES = 4;

let lines = null;

// The queries of a test as objects, in the order in which they began.
function queriesOf(test) {
  if (test.recording === null) return [];
  lines ??= byId("recordings").textContent.split("\n");
  return JSON.parse(lines[test.recording]).map((row, place) => {
    const query = { place };
    for (const [name, at] of Object.entries(column)) query[name] = row[at] ?? null;
    query.index ??= place;
    query.calls ??= 1;
    for (const name of ["loading", "phase", "cause", "request", "graphql", "error"])
      query[name] = query[name] === null ? "" : run.words[query[name]];
    [query.text, query.fingerprint, query.kind] = run.statements[query.statement];
    return query;
  });
}

// What each test is accused of: [finding, count, micros, positions of its queries].
const accusations = run.tests.map(() => []);
for (const finding of run.findings) {
  finding.severity = run.rules[finding.rule].severity;
  finding.name = run.rules[finding.rule].name;
  finding.open = finding.verdict === "new" || finding.verdict === "worse";
  for (const [test, count, micros, queries] of finding.tests)
    accusations[test].push({ finding, count, micros, queries });
}
run.tests.forEach((test, number) => { test.number = number; test.accusations = accusations[number]; });
