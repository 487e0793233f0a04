// Elements from values. Text only ever becomes text nodes: no markup is made from data.
const NAMESPACE = "http://www.w3.org/2000/svg";

function el(name, options = {}, ...children) {
  return filled(document.createElement(name), options, children);
}

function svg(name, options = {}, ...children) {
  return filled(document.createElementNS(NAMESPACE, name), options, children);
}

function filled(node, options, children) {
  for (const [key, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") Object.entries(value).forEach(([event, call]) => node.addEventListener(event, call));
    else if (key === "css") Object.entries(value).forEach(([name, text]) => node.style.setProperty(name, text));
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

const byId = (id) => document.getElementById(id);

let serial = 0;

// A button that shows and hides what `make` makes, once it is asked for.
function opening(button, make, { open = false, inside = null } = {}) {
  const id = `part-${++serial}`;
  const place = inside || el("div");
  place.id = id;
  place.hidden = true;
  button.setAttribute("aria-controls", id);
  const show = (wanted) => {
    if (wanted && !place.hasChildNodes()) place.append(...[make()].flat());
    place.hidden = !wanted;
    button.setAttribute("aria-expanded", String(wanted));
    button.parentElement?.classList.toggle("open", wanted);
  };
  button.addEventListener("click", () => show(place.hidden));
  show(open);
  return { place, show };
}
