// Light, dark, or as the system has it.
const THEMES = { auto: "Automatic", light: "Light", dark: "Dark" };

function startTheme() {
  const button = byId("theme");
  let theme = remembered();
  const show = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${THEMES[theme]}`;
  };
  button.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    theme = names[(names.indexOf(theme) + 1) % names.length];
    try { localStorage.setItem("querysafe-theme", theme); } catch { /* pages from a file may have no storage */ }
    show();
  });
  show();
}

function remembered() {
  try {
    const theme = localStorage.getItem("querysafe-theme");
    return theme in THEMES ? theme : "auto";
  } catch {
    return "auto";
  }
}
