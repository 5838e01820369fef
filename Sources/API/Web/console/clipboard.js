// Commands to copy.

import { find } from "./dom.js";

let toastTimer;

/** Copies a command, and shows it. */
export async function copy(command) {
    const toast = find("toast"), field = find("toast-command");
    field.value = command;
    toast.hidden = false;
    // A modal dialog makes everything outside of it inert.
    (document.querySelector("dialog[open]") ?? document.body).append(toast);
    let isCopied = false;
    try {
        await navigator.clipboard.writeText(command);
        isCopied = true;
    } catch {
        // Not a secure origin, or not allowed: the old way, or the reader's own hands.
        const focused = document.activeElement;
        field.select();
        isCopied = document.execCommand("copy");
        if (isCopied) focused?.focus();
    }
    find("toast-text").textContent = isCopied ? "Copied" : "Copy this command";
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { toast.hidden = true; }, isCopied ? 5000 : 30_000);
}
