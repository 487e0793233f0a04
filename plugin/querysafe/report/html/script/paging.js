// Long lists, a page at a time: the rest comes when its end is scrolled to, or asked for.
const watcher = new IntersectionObserver(
  (seen) => seen.filter((each) => each.isIntersecting).forEach((each) => each.target.click()),
  { rootMargin: "600px" },
);

function paged(list, items, make, { page = 60, after = list } = {}) {
  let shown = 0;
  const more = el("button", { type: "button", class: "quiet more" });
  const next = () => {
    list.append(...items.slice(shown, shown + page).map(make));
    shown = Math.min(items.length, shown + page);
    const left = items.length - shown;
    more.textContent = `Show ${whole.format(Math.min(page, left))} more of ${whole.format(left)}`;
    if (!left) { watcher.unobserve(more); more.remove(); return; }
    watcher.unobserve(more);
    watcher.observe(more);
  };
  more.addEventListener("click", next);
  next();
  if (shown < items.length) after === list ? list.append(more) : after.append(more);
  return list;
}
