// The items: pages, and rows that follow the changes.

import { identityOf } from "../client/identity.js";
import { RefusedError } from "../client/refused-error.js";
import { kindOf } from "./change-lines.js";
import { find, make } from "./dom.js";
import { showFilterError } from "./filter.js";
import { currentQuery, filterParameters, orderParameter, placeOf } from "./place.js";
import { preview } from "./rendering.js";
import { curlOf, read } from "./service.js";
import { currentStatus, keyNames } from "./status.js";
import { sameValue, short } from "./values.js";
import { clock, count } from "./words.js";

const PAGE = 50;
/** The cursor of this page, and those of the pages before it. */
let cursor = null;
let cursors = [];
/** The rows on the page by the identity of their keys. */
let shown = new Map();
/** The number of the newest request: older responses are dropped. */
let newest = 0;
let refresh = null;

const isNarrow = matchMedia("(max-width: 820px)");
isNarrow.addEventListener("change", () => loadItems({ keepsPlace: true }));

const keyOf = (item) => Object.fromEntries(keyNames().map((name) => [name, item[name]]));
const listParameters = () => ({ ...filterParameters(), order: orderParameter(), limit: PAGE, cursor });

/** The command that reads this page. */
export const itemsCommand = () => curlOf("v1/items", listParameters());

/** Reads the first page. */
export function loadFirstPage() {
    cursor = null;
    cursors = [];
    return loadItems();
}

/** Reads the next page or the previous one, where there is one. */
export function turn(isForward) {
    const button = find(isForward ? "next" : "previous");
    if (button.disabled) return;
    if (isForward) {
        cursors.push(cursor);
        cursor = button.dataset.cursor;
    } else cursor = cursors.pop();
    loadItems();
}

/** Moves the focus over the rows. */
export function step(by) {
    const links = [...find("items").querySelectorAll("tbody tr td:first-child a")];
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

/** Reads the page and shows it. `keepsPlace` keeps the focus and how far it is scrolled. */
export async function loadItems({ keepsPlace = false } = {}) {
    const status = currentStatus();
    if (!status?.position) return showNothing(status ? "There are no items before the replica is complete." : "");
    const request = ++newest;
    find("reload").disabled = true;
    try {
        const page = await read("v1/items", { ...listParameters(), format: "dynamodb" });
        if (request !== newest) return;
        showFilterError(null);
        showPage(page, keepsPlace);
    } catch (error) {
        if (request !== newest) return;
        const isBad = error instanceof RefusedError && error.status === 400;
        if (isBad && error.problem?.parameter === "cursor" && cursor) return loadFirstPage();
        if (isBad) showFilterError(error.problem ?? { detail: error.message });
        else find("items-note").textContent = `not read: ${error.message}`;
    } finally {
        if (request === newest) find("reload").disabled = false;
    }
}

function showNothing(text) {
    shown = new Map();
    find("items").tBodies[0].replaceChildren();
    find("items-empty").textContent = text;
    find("items-empty").hidden = !text;
}

/** Attributes worth a column: those that most items of the page have. */
function columnsOf(items) {
    if (isNarrow.matches) return [];
    const counts = new Map();
    for (const item of items) {
        for (const [name, value] of Object.entries(item)) {
            if ("S" in value || "N" in value || "BOOL" in value) counts.set(name, (counts.get(name) ?? 0) + 1);
        }
    }
    for (const name of keyNames()) counts.delete(name);
    const common = [...counts].filter(([, times]) => times >= items.length * 0.55);
    return common.sort((one, other) => other[1] - one[1]).slice(0, 4).map(([name]) => name);
}

function showPage(page, keepsPlace) {
    const columns = columnsOf(page.items);
    const isNumber = (name) => page.items.every((item) => !item[name] || "N" in item[name]);
    const titles = [...keyNames(), ...columns].map((name) => make("th", { scope: "col", class: isNumber(name) && "number" }, name));
    const rest = make("th", { scope: "col", class: "rest" }, columns.length ? "other attributes" : "attributes");
    find("items").tHead.replaceChildren(make("tr", {}, ...titles, rest));
    const place = keepsPlace ? document.activeElement?.closest?.("#items tr")?.dataset.key : null;
    const before = shown;
    shown = new Map();
    const rows = page.items.map((item) => {
        const kept = before.get(identityOf(keyOf(item)));
        if (kept && !kept.isGone && kept.columns.join() === columns.join() && sameValue(kept.item, item)) {
            shown.set(identityOf(keyOf(item)), kept);
            return kept.element;
        }
        const row = { columns, isNumber: Object.fromEntries(columns.map((name) => [name, isNumber(name)])), element: make("tr") };
        shown.set(identityOf(keyOf(item)), row);
        row.element.dataset.key = identityOf(keyOf(item));
        fillRow(row, item);
        return row.element;
    });
    // Rows that stay are left alone: they keep their flash, the selection and the focus.
    const body = find("items").tBodies[0];
    if (rows.length !== body.rows.length || rows.some((row, index) => row !== body.rows[index])) body.replaceChildren(...rows);
    if (place && document.activeElement?.closest?.("#items tr")?.dataset.key !== place) shown.get(place)?.element.querySelector("a").focus();
    const isFiltered = Object.values(filterParameters()).some((value) => value);
    find("items-empty").textContent = isFiltered ? "No item matches this filter." : "The table is empty.";
    find("items-empty").hidden = rows.length > 0;
    find("next").disabled = page.next === null;
    find("next").dataset.cursor = page.next ?? "";
    find("previous").disabled = cursors.length === 0;
    find("page-note").textContent = rows.length ? `Page ${cursors.length + 1}, ${count(rows.length)} ${rows.length === 1 ? "item" : "items"}` : "";
    find("items-note").textContent = `read at ${clock(Date.now())}, rows follow the changes`;
    if (!keepsPlace) find("items-panel").querySelector(".scroll").scrollTop = 0;
}

function fillRow(row, item) {
    const names = keyNames(), key = keyOf(item);
    const cells = names.map((name, index) => {
        const text = short(item[name], false, 200);
        const link = make("a", { href: placeOf({ item: key }), tabindex: index === 0 ? 0 : -1 }, text || "(empty)");
        return make("td", { title: text, class: "N" in item[name] ? "number" : "" }, link);
    });
    for (const name of row.columns) {
        const text = item[name] ? short(item[name]) : null;
        const content = text ?? make("span", { class: "absent" }, "–");
        cells.push(make("td", { title: text ?? "", class: row.isNumber[name] && "number" }, content));
    }
    cells.push(make("td", { class: "rest" }, ...preview(item, [...names, ...row.columns])));
    row.item = item;
    row.element.replaceChildren(...cells);
}

/** A row that is on the page follows its item. */
export function followRow(change) {
    const row = shown.get(identityOf(change.key));
    if (!row) return;
    const isFocused = row.element.contains(document.activeElement);
    if (change.op === "put") fillRow(row, change.item);
    row.isGone = change.op === "remove";
    row.element.classList.toggle("gone", row.isGone);
    row.element.classList.remove("flash");
    void row.element.offsetWidth;
    row.element.classList.add("flash");
    if (isFocused) row.element.querySelector("a").focus();
}

/** Reads the page again soon, at most every three seconds, where a change may have added a row or taken one away. */
export function followPage(change) {
    const mayMove = kindOf(change) !== "modify" || (currentQuery().where && !shown.has(identityOf(change.key)));
    if (!mayMove || refresh) return;
    refresh = setTimeout(() => {
        refresh = null;
        if (!document.hidden && String(getSelection()) === "") loadItems({ keepsPlace: true });
    }, 3000);
}
