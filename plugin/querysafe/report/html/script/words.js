// Numbers and places in words.
const whole = new Intl.NumberFormat("en");

function plural(number, word) {
  if (number === 1) return `1 ${word}`;
  return `${whole.format(number)} ${word.endsWith("y") ? `${word.slice(0, -1)}ies` : `${word}s`}`;
}

function duration(micros) {
  if (micros >= 1e6) return `${(micros / 1e6).toFixed(2)} s`;
  if (micros >= 1e5) return `${(micros / 1e3).toFixed(0)} ms`;
  return micros >= 1e3 ? `${(micros / 1e3).toFixed(1)} ms` : `${micros} µs`;
}

const place = (number) => `${run.sites[number][PATH]}:${run.sites[number][LINE]}`;

function nameOf(nodeid) {
  const at = nodeid.indexOf("::");
  return at < 0 ? ["", nodeid] : [nodeid.slice(0, at), nodeid.slice(at + 2)];
}

// A statement on one line, without the columns it asks for: where it reads tells more.
function shortened(text, most = 220) {
  const flat = text.replace(/\s+/g, " ").trim();
  const from = flat.indexOf(" FROM ");
  const short = /^select /i.test(flat) && from > 48 ? `${flat.slice(0, 7)}…${flat.slice(from)}` : flat;
  return short.length > most ? `${short.slice(0, most)}…` : short;
}

// A long name that may break after its separators.
function breakable(text) {
  return text.split(/(?<=[_/.:\-[])/).flatMap((part, number) => (number ? [el("wbr"), part] : [part]));
}
