// Changes in words.

import { make } from "./dom.js";
import { diffLines, preview } from "./rendering.js";

/** The kind of a change. `old` is null where there was no item, and absent where nobody knows. */
export function kindOf(change) {
    if (change.op === "remove") return change.cause === "filter" ? "leave" : "remove";
    return change.old ? "modify" : change.old === null ? "insert" : "put";
}

const CAUSES = { ttl: "expired", repair: "repaired: it differed from the table", unreadable: "this version cannot read the item" };
/** Says why, where it was not a write. */
export const causeOf = (change) => CAUSES[change.cause] ? make("span", { class: "cause" }, CAUSES[change.cause]) : null;

const LABELS = { leave: "left", remove: "removed", modify: "changed", insert: "new", put: "written" };
/** The kind in a word. */
export const opLabel = (change) => make("span", { class: `op ${kindOf(change)}` }, change.cause === "snapshot" ? "read" : LABELS[kindOf(change)]);

/** The lines that tell what changed. */
export function changeLines(change) {
    const names = Object.keys(change.key);
    switch (kindOf(change)) {
        case "modify": return diffLines(change.old, change.item);
        case "insert": case "put": return [make("span", { class: "clip" }, ...preview(change.item, names))];
        case "leave": return [make("span", { class: "clip" }, "does not match the filter any more")];
        default: return change.old ? [make("span", { class: "clip" }, ...preview(change.old, names))] : [];
    }
}
