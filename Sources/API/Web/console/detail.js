// One item with its history, in a window of its own.

import { identityOf } from "../client/identity.js";
import { causeOf, changeLines, opLabel } from "./change-lines.js";
import { find, make } from "./dom.js";
import { pretty } from "./rendering.js";
import { curlOf, read } from "./service.js";
import { keyLabel, keyText, typeOf } from "./values.js";
import { moment } from "./words.js";

let opened = null;

/** Whether the window is open. */
export const isOpen = () => find("detail").open;
/** Closes the window. */
export const closeDetail = () => find("detail").close();

/** Forgets the item, and returns its key; null where there was none. */
export function forgetDetail() {
    const key = opened?.key ?? null;
    opened = null;
    return key;
}

/** The command that reads the item. */
export const itemCommand = () => curlOf(...itemCall(opened.key));
/** The command that reads its history. */
export const historyCommand = () => curlOf(...historyCall(opened.key));

/**
 * Texts that a path cannot hold as they are. Browsers take `.` and `..` out of it, escaped or not (URL Standard, "path
 * state"), proxies decode slashes, and no URL may hold U+0000.
 */
const isPathless = (value) => typeOf(value) === "S" && (value.S === "." || value.S === ".." || /[/\0]/.test(value.S));

function inBase64(text) {
    const bytes = String.fromCharCode(...new TextEncoder().encode(text));
    return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The path below which an item is, and the parameters. Keys are written in base64url where a path needs it. */
function itemCall(key, rest = "") {
    const values = Object.values(key);
    const isEncoded = values.some(isPathless);
    const segments = values.map((value) => (isEncoded && typeOf(value) === "S" ? inBase64(value.S) : encodeURIComponent(keyText(value))));
    return [`v1/items/${segments.join("/")}${rest}`, isEncoded ? { key_encoding: "base64url" } : {}];
}
const historyCall = (key) => itemCall(key, "/history");

function readCall([path, parameters], more) {
    return read(path, { ...parameters, format: "dynamodb", ...more });
}

/** Opens the window with the item and its history. */
export function showDetail(key) {
    const isSame = opened && identityOf(opened.key) === identityOf(key);
    if (!isSame) opened = { key, item: null };
    find("detail-title").textContent = keyLabel(key);
    if (!isSame) {
        find("detail-item").replaceChildren();
        find("history").replaceChildren();
        find("detail-note").textContent = find("history-note").textContent = "";
    }
    if (!isOpen()) find("detail").showModal();
    refreshDetail();
}

async function refreshDetail() {
    const current = opened;
    try {
        const item = await readCall(itemCall(current.key));
        if (current !== opened) return;
        current.item = item;
        find("detail-note").textContent = "as it is now";
        showItem();
    } catch (error) {
        if (current !== opened) return;
        current.item = null;
        find("detail-item").textContent = error.status === 404 ? "The table has no item under this key." : `Not read: ${error.message}`;
        find("detail-note").textContent = "";
    }
    try {
        const history = await readCall(historyCall(current.key), { diff: "old" });
        if (current === opened) showHistory(history);
    } catch (error) {
        if (current === opened) find("history-note").textContent = `not read: ${error.message}`;
    }
}

/** Reads the open item again after a change of it. */
export function followDetail(change) {
    if (opened && isOpen() && identityOf(opened.key) === identityOf(change.key)) refreshDetail();
}

/** Shows the item as plain JSON or as DynamoDB's, in turn. */
export function toggleForm() {
    const button = find("detail-form");
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    if (opened?.item) showItem();
}

function showItem() {
    const isTyped = find("detail-form").getAttribute("aria-pressed") === "true";
    find("detail-item").replaceChildren(...(isTyped ? [JSON.stringify(opened.item, null, 2)] : pretty({ M: opened.item })));
}

function showHistory({ versions, complete }) {
    find("history-note").textContent = complete ? "newest first, back to its first version" : "newest first; older versions are not kept";
    find("history").replaceChildren(...versions.map((version) => make("li", {},
        make("time", { title: version.id }, version.at ? moment(version.at) : "from the scan"),
        opLabel(version),
        make("div", { class: "what" }, ...changeLines(version), causeOf(version)))));
}
