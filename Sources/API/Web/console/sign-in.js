// The bearer token of this tab.

import { find } from "./dom.js";

let token = null;
let tokenAsked = null;

/** The token that the user gave, or null. */
export const currentToken = () => token;

/** Asks the user for a token and resolves when there is one. Calls at the same time share one dialog. */
export function askForToken(complaint) {
    tokenAsked ??= new Promise((resolve) => {
        const dialog = find("sign-in");
        find("sign-in-error").textContent = complaint;
        dialog.addEventListener("cancel", (event) => event.preventDefault());
        find("sign-in-form").addEventListener("submit", () => {
            token = find("token").value.trim();
            find("token").value = "";
            tokenAsked = null;
            resolve();
        }, { once: true });
        dialog.showModal();
    });
    return tokenAsked;
}
