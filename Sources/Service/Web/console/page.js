// The page: its place in the address, buttons, keys.

/** The address of a place: the filter, and the item that is open. */
function placeOf({ item = null } = {}) {
    const words = new URLSearchParams();
    const said = { ...filterParameters(), order: query.order === "desc" ? "desc" : "" };
    for (const [name, value] of Object.entries(said)) if (value) words.set(name, value);
    if (item) words.set("item", JSON.stringify(item));
    return `#${words}`;
}

/** The key of the item that the address names, or null. */
function itemOfAddress() {
    let key = null;
    try { key = JSON.parse(new URLSearchParams(location.hash.slice(1)).get("item")); } catch { /* a mangled link opens nothing */ }
    const isValue = (value) => value && ["S", "N", "B"].includes(typeOf(value));
    const isKey = key && typeof key === "object" && Object.values(key).length && Object.values(key).every(isValue);
    return isKey ? key : null;
}

/** Goes where the address says. */
function arrive() {
    const words = new URLSearchParams(location.hash.slice(1));
    const word = (name) => words.get(name) ?? "";
    const order = word("order") === "desc" ? "desc" : "asc";
    const wanted = { pk: word("pk"), sk_prefix: word("sk_prefix"), where: word("where"), order };
    const filter = (of) => JSON.stringify([of.pk, of.sk_prefix, of.where]);
    const isOtherFilter = filter(wanted) !== filter(query), isOther = isOtherFilter || wanted.order !== query.order;
    query = wanted;
    for (const name of ["pk", "sk_prefix", "where"]) find("filter").elements[name].value = query[name];
    allowSortKey();
    find("order").textContent = query.order === "desc" ? "Descending" : "Ascending";
    if (isOther || !feed) {
        cursor = null;
        cursors = [];
        loadItems();
    }
    if (isOtherFilter || !feed) followChanges();
    const key = itemOfAddress();
    if (key) showDetail(key);
    else if (find("detail").open) find("detail").close();
}

/** A dialog tells its closing one task later: by then the address may ask for the next item, or show it already. */
function detailClosed() {
    if (find("detail").open) return;
    const closed = opened, asked = itemOfAddress();
    opened = null;
    if (closed && asked && identityOf(asked) === identityOf(closed.key)) go(placeOf());
}

function go(place) { if (location.hash !== place && (location.hash || place !== "#")) location.hash = place; else arrive(); }

function epochChanged() {
    find("pk-label").textContent = status.key.partition ? `Partition key (${status.key.partition.name})` : "Partition key";
    find("sk-field").hidden = !status.key.sort;
    if (status.key.sort) find("sk-label").textContent = `Sort key (${status.key.sort.name}) begins with`;
    loadItems({ keepsPlace: true });
}

function turn(isForward) {
    const button = find(isForward ? "next" : "previous");
    if (button.disabled) return;
    if (isForward) {
        cursors.push(cursor);
        cursor = button.dataset.cursor;
    } else cursor = cursors.pop();
    loadItems();
}

const THEMES = ["system", "light", "dark"];
function theme(name) {
    if (name === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    find("theme").textContent = `Theme: ${name}`;
    try { localStorage.setItem("tablecast-theme", name); } catch { /* storage may be off; the choice then lasts as long as the page */ }
}
function nextTheme() { theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % THEMES.length]); }

function step(by) {
    const links = [...find("items").querySelectorAll("tbody tr td:first-child a")];
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

function view(name) {
    document.body.dataset.view = name;
    for (const button of find("views").children) button.setAttribute("aria-pressed", String(button.dataset.view === name));
}

const copyItems = () => copy(curlOf("v1/items", listParameters()));
const KEYS = {
    "/": () => { find("where").focus(); find("where").select(); },
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    n: () => turn(true), p: () => turn(false), r: () => loadItems({ keepsPlace: true }),
    s: pause, c: copyItems, t: nextTheme, "?": () => find("help").showModal(),
};
addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input") || document.querySelector("dialog[open]")) return;
    const isArrow = event.key.startsWith("Arrow");
    if (!Object.hasOwn(KEYS, event.key) || (isArrow && !find("items").contains(event.target))) return;
    event.preventDefault();
    KEYS[event.key]();
});

find("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = find("filter").elements;
    const before = JSON.stringify(query);
    Object.assign(query, { pk: fields.pk.value, sk_prefix: fields.sk_prefix.value, where: fields.where.value.trim() });
    const place = placeOf();
    query = JSON.parse(before);
    if (location.hash === place || (place === "#" && !location.hash)) loadItems();
    else go(place);
});
/** A sort key means something only within a partition. */
function allowSortKey() {
    const { pk, sk_prefix: field } = find("filter").elements;
    field.disabled = pk.value === "";
    if (field.disabled) field.value = "";
    field.placeholder = field.disabled ? "needs the partition key" : "any";
}
find("filter").elements.pk.addEventListener("input", allowSortKey);
find("clear").addEventListener("click", () => { find("filter").reset(); showFilterError(null); go("#"); });
find("order").addEventListener("click", () => {
    const order = query.order === "desc" ? "asc" : "desc", before = query;
    query = { ...query, order };
    const place = placeOf();
    query = before;
    go(place);
});
find("reload").addEventListener("click", () => loadItems({ keepsPlace: true }));
find("next").addEventListener("click", () => turn(true));
find("previous").addEventListener("click", () => turn(false));
find("pause").addEventListener("click", pause);
find("forget").addEventListener("click", () => { find("changes").replaceChildren(); find("changes-empty").hidden = false; });
find("theme").addEventListener("click", nextTheme);
find("help-button").addEventListener("click", () => find("help").showModal());
find("help-close").addEventListener("click", () => find("help").close());
find("detail-close").addEventListener("click", () => find("detail").close());
find("detail").addEventListener("close", detailClosed);
find("detail").addEventListener("click", (event) => { if (event.target === find("detail")) find("detail").close(); });
find("detail-form").addEventListener("click", () => {
    const button = find("detail-form");
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    if (opened?.item) showItem();
});
find("items").addEventListener("click", (event) => {
    const link = event.target.closest("tbody tr")?.querySelector("a");
    if (link && !event.target.closest("a") && !String(getSelection())) go(new URL(link.href).hash);
});
for (const button of find("views").children) button.addEventListener("click", () => view(button.dataset.view));
find("items-curl").addEventListener("click", copyItems);
find("changes-curl").addEventListener("click", () => copy(curlOf("v1/events", { ...filterParameters(), since: "now", ...steps }, true)));
find("stream-curl").addEventListener("click", () => copy(curlOf("v1/status")));
find("detail-curl").addEventListener("click", () => copy(curlOf(...itemCall(opened.key))));
find("history-curl").addEventListener("click", () => copy(curlOf(`${itemPath(opened.key)}/history`)));
addEventListener("hashchange", arrive);
isNarrow.addEventListener("change", () => loadItems({ keepsPlace: true }));

let storedTheme = "system";
try { storedTheme = localStorage.getItem("tablecast-theme") ?? "system"; } catch { /* the system's, then */ }
theme(THEMES.includes(storedTheme) ? storedTheme : "system");

async function watch() {
    // A page that nobody sees asks less often.
    try { await look(); } finally { setTimeout(watch, document.hidden ? 5 * LOOK_EVERY : LOOK_EVERY); }
}
addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    look();
    loadItems({ keepsPlace: true });
});
await look().catch((error) => reportError(error));
arrive();
setTimeout(watch, LOOK_EVERY);
