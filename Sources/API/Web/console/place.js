// The place of the page in its address: the filter, the order, and the item that is open.

import { typeOf } from "./values.js";

const FIELDS = ["pk", "sk_prefix", "where"];
let current = { pk: "", sk_prefix: "", where: "", order: "asc" };

/** The filter and the order of the items that the page shows. */
export const currentQuery = () => current;
/** Changes them. */
export function setQuery(query) { current = query; }

/** The parameters of the API for the filter of a query. */
export const filterParameters = ({ pk, sk_prefix, where } = current) => ({ pk, sk_prefix, where });
/** The parameter of the API for the order of a query, empty for the default. */
export const orderParameter = ({ order } = current) => (order === "desc" ? "desc" : "");

/** Whether two queries have the same filter. */
export const sameFilter = (one, other) => FIELDS.every((name) => one[name] === other[name]);

/** The address of a place: a query, and the key of the item that is open. */
export function placeOf({ query = current, item = null } = {}) {
    const words = new URLSearchParams();
    const said = { ...filterParameters(query), order: orderParameter(query) };
    for (const [name, value] of Object.entries(said)) if (value) words.set(name, value);
    if (item) words.set("item", JSON.stringify(item));
    return `#${words}`;
}

const wordsOfAddress = () => new URLSearchParams(location.hash.slice(1));

/** The query that the address names. */
export function queryOfAddress() {
    const words = wordsOfAddress();
    const filter = Object.fromEntries(FIELDS.map((name) => [name, words.get(name) ?? ""]));
    return { ...filter, order: words.get("order") === "desc" ? "desc" : "asc" };
}

/** The key of the item that the address names, or null. */
export function itemOfAddress() {
    let key = null;
    try { key = JSON.parse(wordsOfAddress().get("item")); } catch { /* a mangled link opens nothing */ }
    const isValue = (value) => value && ["S", "N", "B"].includes(typeOf(value));
    const isKey = key && typeof key === "object" && Object.values(key).length && Object.values(key).every(isValue);
    return isKey ? key : null;
}
