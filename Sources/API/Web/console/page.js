// The page: joins its parts, and goes where the address says.

import { identityOf } from "../client/identity.js";
import { changesCommand, clearChanges, followChanges, isFollowing, pause } from "./changes.js";
import { copy } from "./clipboard.js";
import {
    closeDetail, followDetail, forgetDetail, historyCommand, isOpen, itemCommand, showDetail, toggleForm,
} from "./detail.js";
import { find } from "./dom.js";
import { allowSortKey, fillForm, filterOfForm, labelKeys, showFilterError } from "./filter.js";
import { look } from "./head.js";
import { followPage, followRow, itemsCommand, loadFirstPage, loadItems, step, turn } from "./items.js";
import { bindKeys } from "./keys.js";
import { currentQuery, itemOfAddress, placeOf, queryOfAddress, sameFilter, setQuery } from "./place.js";
import { curlOf } from "./service.js";
import { nextTheme, restoreTheme } from "./theme.js";

const LOOK_EVERY = 2000;

const loadAgain = () => loadItems({ keepsPlace: true });

function changed(change) {
    followRow(change);
    followPage(change);
    followDetail(change);
}

/** Goes where the address says. */
function arrive() {
    const before = currentQuery(), wanted = queryOfAddress(), isFirst = !isFollowing();
    const isOtherFilter = !sameFilter(before, wanted), isOther = isOtherFilter || wanted.order !== before.order;
    setQuery(wanted);
    fillForm(wanted);
    find("order").textContent = wanted.order === "desc" ? "Descending" : "Ascending";
    if (isOther || isFirst) loadFirstPage();
    if (isOtherFilter || isFirst) followChanges({ changed, startedOver: loadAgain });
    const key = itemOfAddress();
    if (key) showDetail(key);
    else if (isOpen()) closeDetail();
}

/** A dialog tells its closing one task later: by then the address may ask for the next item, or show it already. */
function detailClosed() {
    if (isOpen()) return;
    const closed = forgetDetail(), asked = itemOfAddress();
    if (closed && asked && identityOf(asked) === identityOf(closed)) go(placeOf());
}

const isHere = (place) => location.hash === place || (place === "#" && !location.hash);

function go(place) {
    if (isHere(place)) arrive();
    else location.hash = place;
}

function epochChanged(status) {
    labelKeys(status.key);
    loadAgain();
}

function view(name) {
    document.body.dataset.view = name;
    for (const button of find("views").children) button.setAttribute("aria-pressed", String(button.dataset.view === name));
}

const onClick = (id, action) => find(id).addEventListener("click", action);
const copyItems = () => copy(itemsCommand());
const showHelp = () => find("help").showModal();

bindKeys({
    "/": () => { find("where").focus(); find("where").select(); },
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    n: () => turn(true), p: () => turn(false), r: loadAgain, s: pause, c: copyItems, t: nextTheme, "?": showHelp,
});

find("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    const place = placeOf({ query: { ...currentQuery(), ...filterOfForm() } });
    if (isHere(place)) loadItems();
    else go(place);
});
find("filter").elements.pk.addEventListener("input", allowSortKey);
onClick("clear", () => { find("filter").reset(); showFilterError(null); go("#"); });
onClick("order", () => {
    const query = currentQuery();
    go(placeOf({ query: { ...query, order: query.order === "desc" ? "asc" : "desc" } }));
});
onClick("reload", loadAgain);
onClick("next", () => turn(true));
onClick("previous", () => turn(false));
onClick("pause", pause);
onClick("forget", clearChanges);
onClick("theme", nextTheme);
onClick("help-button", showHelp);
onClick("help-close", () => find("help").close());
onClick("detail-close", closeDetail);
find("detail").addEventListener("close", detailClosed);
onClick("detail", (event) => { if (event.target === find("detail")) closeDetail(); });
onClick("detail-form", toggleForm);
onClick("items", (event) => {
    const link = event.target.closest("tbody tr")?.querySelector("a");
    if (link && !event.target.closest("a") && !String(getSelection())) go(new URL(link.href).hash);
});
for (const button of find("views").children) button.addEventListener("click", () => view(button.dataset.view));
onClick("items-curl", copyItems);
onClick("changes-curl", () => copy(changesCommand()));
onClick("stream-curl", () => copy(curlOf("v1/status")));
onClick("detail-curl", () => copy(itemCommand()));
onClick("history-curl", () => copy(historyCommand()));
addEventListener("hashchange", arrive);
restoreTheme();

async function watch() {
    // A page that nobody sees asks less often.
    try { await look(epochChanged); } finally { setTimeout(watch, document.hidden ? 5 * LOOK_EVERY : LOOK_EVERY); }
}
addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    look(epochChanged);
    loadAgain();
});
await look(epochChanged).catch((error) => reportError(error));
arrive();
setTimeout(watch, LOOK_EVERY);
