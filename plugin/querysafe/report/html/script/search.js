// Which findings, tests and statements the filters let through.
const fold = (text) => text.toLowerCase();
const findingTexts = new Map();

function findingText(finding) {
  if (!findingTexts.has(finding)) {
    const sites = [...finding.sites, ...finding.cures.map((cure) => cure[0])].filter((site) => site !== null);
    findingTexts.set(finding, fold([
      finding.rule, finding.name, finding.message, finding.label, finding.statement, finding.request,
      finding.graphql, finding.reason, ...finding.cures.map((cure) => cure[1]),
      ...sites.map((site) => `${place(site)} ${run.sites[site][FUNCTION]}`),
      ...finding.tests.map(([test]) => run.tests[test].nodeid),
    ].join("\n")));
  }
  return findingTexts.get(finding);
}

// Every word has to occur, in whichever order.
const wanted = () => fold(state.text).split(/\s+/).filter(Boolean);
const holds = (text, words) => words.every((word) => text.includes(word));

function fitsChoice(finding) {
  if (state.rule && finding.rule !== state.rule) return false;
  if (!state.verdict) return true;
  return state.verdict === "open" ? finding.open : finding.verdict === state.verdict;
}

function chosenFindings() {
  const words = wanted();
  return run.findings.filter((finding) => fitsChoice(finding) && holds(findingText(finding), words));
}

// Positions of the statements that hold what is searched for.
let statementTexts = null;
function chosenStatements(words) {
  statementTexts ??= run.statements.map(([text, fingerprint]) => fold(`${text}\n${fingerprint}`));
  return new Set(statementTexts.flatMap((text, number) => (holds(text, words) ? [number] : [])));
}

const SORTS = {
  queries: (one, other) => other.queries - one.queries || other.micros - one.micros,
  micros: (one, other) => other.micros - one.micros || other.queries - one.queries,
  nodeid: (one, other) => (one.nodeid < other.nodeid ? -1 : 1),
};

function chosenTests() {
  const words = wanted();
  const statements = words.length ? chosenStatements(words) : null;
  const accused = state.only || state.rule || state.verdict;
  return run.tests
    .filter((test) => {
      if (accused && !test.accusations.some(({ finding }) => fitsChoice(finding))) return false;
      if (!words.length) return true;
      return holds(fold(test.nodeid), words)
        || test.statements.some((number) => statements.has(number))
        || test.accusations.some(({ finding }) => holds(findingText(finding), words));
    })
    .sort(SORTS[state.sort] ?? SORTS.queries);
}

function chosenShapes() {
  const words = wanted();
  const statements = words.length ? chosenStatements(words) : null;
  return run.shapes
    .filter(([statement]) => !statements || statements.has(statement))
    .sort((one, other) => (state.sort === "micros" ? other[2] - one[2] : other[1] - one[1]) || one[0] - other[0]);
}
