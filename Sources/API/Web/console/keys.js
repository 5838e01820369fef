// The keyboard.

import { find } from "./dom.js";

/** Runs the action of a key, unless the user writes or a dialog is open. Arrow keys work among the items only. */
export function bindKeys(actions) {
    addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input") || document.querySelector("dialog[open]")) return;
        const isArrow = event.key.startsWith("Arrow");
        if (!Object.hasOwn(actions, event.key) || (isArrow && !find("items").contains(event.target))) return;
        event.preventDefault();
        actions[event.key]();
    });
}
