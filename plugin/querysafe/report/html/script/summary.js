// The totals above and the notes below.
function showSummary() {
  const open = run.findings.filter((finding) => finding.open);
  const accused = new Set(open.flatMap((finding) => finding.tests.map(([test]) => test)));
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const count = (verdict) => sum(run.findings.filter((finding) => finding.verdict === verdict).map((finding) => finding.tests.length));
  const failed = run.tests.filter((test) => test.outcome === "failed").length;
  byId("summary").append(
    tile(whole.format(open.length), open.length ? `open ${open.length === 1 ? "finding" : "findings"} in ${plural(accused.size, "test")}` : "open findings", open.length ? "bad" : "fine"),
    tile(whole.format(run.tests.length), `${run.tests.length === 1 ? "test" : "tests"}${failed ? `, ${whole.format(failed)} failed` : ""}`),
    tile(whole.format(sum(run.tests.map((test) => test.queries))), "queries"),
    tile(duration(sum(run.tests.map((test) => test.micros))), "in the database"),
    tile(`${whole.format(count("accepted"))} · ${whole.format(count("suppressed"))}`, "accepted · suppressed"));
  const footer = byId("footer");
  for (const [title, told] of [["Notes", run.notes], ["Stale in the baseline: no run shows it any more", run.stale], ["Better than the baseline: pytest --querysafe-update tightens it", run.improved]])
    if (told.length) footer.append(el("h2", {}, title), paged(el("ul"), told, (line) => el("li", {}, line), { page: 20 }));
  footer.append(el("p", {}, `querysafe ${run.version}, mode ${run.mode}`));
}

function tile(value, words, kind = "") {
  return el("div", { class: `tile ${kind}` }, el("b", {}, value), el("span", {}, words));
}
