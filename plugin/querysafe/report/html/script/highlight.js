// Python and SQL in colour: strings, numbers, keywords, comments and placeholders.
const GRAMMARS = {
  python: /(?<aside>#.*)|(?<text>[rbf]{0,2}(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|(?<word>\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|if|import|in|is|lambda|None|nonlocal|not|or|pass|raise|return|self|True|try|while|with|yield)\b)|(?<number>\b\d[\w.]*)/g,
  sql: /(?<aside>--.*)|(?<text>'(?:[^']|'')*')|(?<hole>%\([\w ]+\)s(?:::\w+(?:\[\])?)?|\$\d+(?:::\w+(?:\[\])?)?|:\w+|\?)|(?<word>\b(?:ALL|AND|ANY|AS|ASC|BETWEEN|BY|CASE|CROSS|DELETE|DESC|DISTINCT|ELSE|END|EXISTS|FROM|FULL|GROUP|HAVING|ILIKE|IN|INNER|INSERT|INTO|IS|JOIN|LATERAL|LEFT|LIKE|LIMIT|NOT|NULL|OFFSET|ON|OR|ORDER|OUTER|OVER|PARTITION|RECURSIVE|RETURNING|RIGHT|SELECT|SET|THEN|UNION|UPDATE|VALUES|WHEN|WHERE|WITH)\b)|(?<number>\b\d[\d.]*\b)/gi,
};
const LONGEST = 20000;

function coloured(text, language) {
  const parts = [];
  let end = 0;
  for (const match of text.length > LONGEST ? [] : text.matchAll(GRAMMARS[language])) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    parts.push(text.slice(end, match.index), el("span", { class: `tok-${kind}` }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

// A titled panel of code with a button that copies it.
function codePanel(title, text, language, kind = "") {
  return el("section", { class: `panel ${kind}` },
    el("header", {}, el("b", {}, title), copyButton(text)),
    el("pre", { tabindex: kind.includes("scroll") ? "0" : null }, coloured(text, language)));
}

function copyButton(text) {
  const button = el("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    const done = await copied(text);
    button.textContent = done ? "Copied" : "Select it and copy by hand";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not every browser has a clipboard for pages from a file: select and copy the old way.
    const area = el("textarea", { class: "hidden", readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
