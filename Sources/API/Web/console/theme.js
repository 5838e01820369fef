// Light, dark, or as the system has it.

import { find } from "./dom.js";

const THEMES = ["system", "light", "dark"];

function setTheme(name) {
    if (name === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    find("theme").textContent = `Theme: ${name}`;
    try { localStorage.setItem("tablecast-theme", name); } catch { /* storage may be off; the choice then lasts as long as the page */ }
}

/** Goes to the next theme. */
export function nextTheme() {
    const current = document.documentElement.dataset.theme ?? "system";
    setTheme(THEMES[(THEMES.indexOf(current) + 1) % THEMES.length]);
}

/** Sets the theme that was chosen last. */
export function restoreTheme() {
    let stored = "system";
    try { stored = localStorage.getItem("tablecast-theme") ?? "system"; } catch { /* the system's, then */ }
    setTheme(THEMES.includes(stored) ? stored : "system");
}
