// The service: calls, the token, commands to copy.

let token = null;
let tokenAsked = null;

const address = (path, parameters = {}) => {
    const url = new URL(path, document.baseURI);
    url.hash = "";
    for (const [name, value] of Object.entries(parameters)) {
        if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
    }
    return url;
};

class Refusal extends Error {
    constructor(status, problem) {
        super(problem?.detail ?? `the server answered ${status}`);
        this.status = status;
        this.problem = problem ?? {};
    }
}

/** Reads JSON; a refusal throws with its problem. Asks for the token once where one is needed. */
async function read(path, parameters, milliseconds = 10_000) {
    const response = await fetch(address(path, parameters), {
        headers: { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
        cache: "no-store",
        signal: AbortSignal.timeout(milliseconds),
    });
    if (response.ok) return response.json();
    const refusal = new Refusal(response.status, await response.json().catch(() => null));
    if (response.status !== 401) throw refusal;
    await askForToken(token ? refusal.message : "");
    return read(path, parameters, milliseconds);
}

function askForToken(complaint) {
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

const quoted = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

function curlOf(path, parameters, isStream = false) {
    const words = ["curl", isStream ? "-N" : "-s"];
    // The token itself would end up in the shell's history.
    if (token) words.push("-H", '"Authorization: Bearer $TABLECAST_TOKEN"');
    return [...words, quoted(address(path, parameters))].join(" ");
}

let toastTimer;
async function copy(command) {
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
