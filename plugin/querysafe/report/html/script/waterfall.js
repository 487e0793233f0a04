// When queries ran: one path for all repetitions of a row, however many.
const WIDTH = 1000;

function waterfall(queries, begin, span) {
  const least = 4;
  let drawn = "";
  let end = -1;
  for (const { started, duration: micros } of queries) {
    const from = ((started - begin) / span) * WIDTH;
    const width = Math.max(least, (micros / span) * WIDTH);
    const left = Math.min(from, WIDTH - least);
    if (queries.length > 500 && left + width <= end + 1) continue;
    drawn += `M${left.toFixed(1)} 3h${width.toFixed(1)}v10h-${width.toFixed(1)}z`;
    end = left + width;
  }
  return svg("svg", { viewBox: `0 0 ${WIDTH} 16`, preserveAspectRatio: "none", "aria-hidden": "true" }, svg("path", { d: drawn }));
}

function axis(span) {
  const marks = [0, 0.25, 0.5, 0.75].map((part) => el("span", {}, part ? duration(Math.round(span * part)) : "0"));
  return el("div", { class: "axis", "aria-hidden": "true" }, el("span", { css: { "text-align": "left" } }, "query"),
    el("span", { class: "rows" }, "rows"), el("span", {}, "time"), el("div", { class: "scale" }, ...marks, el("span", {}, duration(Math.round(span)))));
}
