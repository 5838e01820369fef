// The items: a filter, pages, rows that follow the changes, one item with its history.

const PAGE = 50;
let query = { pk: "", sk_prefix: "", where: "", order: "asc" };
let cursors = [];
let cursor = null;
let following = null;
let shown = new Map();
let newest = 0;

const listParameters = () => ({ ...query, order: query.order === "desc" ? "desc" : "", limit: PAGE, cursor });
const filterParameters = () => ({ pk: query.pk, sk_prefix: query.sk_prefix, where: query.where });
const keyNames = () => [status?.key?.partition?.name, status?.key?.sort?.name].filter((name) => name);
const keyOf = (item) => Object.fromEntries(keyNames().map((name) => [name, item[name]]));
const isNarrow = matchMedia("(max-width: 820px)");

async function loadItems({ keepsPlace = false } = {}) {
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
        if (error instanceof Refusal && error.status === 400 && error.problem.parameter === "cursor" && cursor) {
            cursor = null;
            cursors = [];
            return loadItems();
        }
        if (error instanceof Refusal && error.status === 400) showFilterError(error.problem);
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
    const isFiltered = query.pk || query.sk_prefix || query.where;
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
function followRow(change) {
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

let refresh = null;
/** Reads the page again soon, at most every three seconds, where a change may have added a row or taken one away. */
function followPage(change) {
    const mayMove = kindOf(change) !== "modify" || (query.where && !shown.has(identityOf(change.key)));
    if (!mayMove || refresh) return;
    refresh = setTimeout(() => {
        refresh = null;
        if (!document.hidden && String(getSelection()) === "") loadItems({ keepsPlace: true });
    }, 3000);
}

function showFilterError(problem) {
    find("filter-error").hidden = !problem;
    const isWhere = problem?.parameter === "where";
    for (const field of find("filter").elements) field.removeAttribute?.("aria-invalid");
    if (!problem) return;
    find("filter").elements[problem.parameter]?.setAttribute?.("aria-invalid", "true");
    const column = isWhere ? Number(problem.column ?? /column (\d+)/.exec(problem.detail)?.[1] ?? 0) : 0;
    find("filter-column").hidden = !column;
    find("filter-column").textContent = column ? `${query.where}\n${" ".repeat(column - 1)}^` : "";
    find("filter-text").textContent = problem.detail;
}

// One item.

let opened = null;

function itemPath(key) {
    return "v1/items/" + Object.values(key).map((value) => encodeURIComponent(keyText(value))).join("/");
}

/** Browsers take `.` and `..` out of a path, escaped or not (URL Standard, "path state"): such an item is asked for as a list of one. */
const isPathless = (key) => Object.values(key).some((value) => [".", ".."].includes(keyText(value)));

function itemCall(key) {
    if (!isPathless(key)) return [itemPath(key), {}];
    const [pk, sk] = Object.values(key).map(keyText);
    return ["v1/items", { pk, sk }];
}

async function readItem(key) {
    const [path, parameters] = itemCall(key);
    const answer = await read(path, { ...parameters, format: "dynamodb" });
    if (!isPathless(key)) return answer;
    if (answer.items.length === 0) throw new Refusal(404);
    return answer.items[0];
}

function showDetail(key) {
    const isSame = opened && identityOf(opened.key) === identityOf(key);
    find("history-curl").hidden = isPathless(key);
    if (!isSame) opened = { key, item: null };
    find("detail-title").textContent = keyLabel(key);
    if (!isSame) {
        find("detail-item").replaceChildren();
        find("history").replaceChildren();
        find("detail-note").textContent = find("history-note").textContent = "";
    }
    if (!find("detail").open) find("detail").showModal();
    refreshDetail();
}

async function refreshDetail() {
    const current = opened;
    try {
        const item = await readItem(current.key);
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
    if (isPathless(current.key)) {
        find("history-note").textContent = "not read: a browser has no address for this key";
        return;
    }
    try {
        const history = await read(`${itemPath(current.key)}/history`, { format: "dynamodb", diff: "old" });
        if (current === opened) showHistory(history);
    } catch (error) {
        if (current === opened) find("history-note").textContent = `not read: ${error.message}`;
    }
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
