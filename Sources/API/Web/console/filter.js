// The form of the filter.

import { find } from "./dom.js";
import { currentQuery } from "./place.js";

const form = find("filter");

/** Puts the filter of a query into the form. */
export function fillForm({ pk, sk_prefix, where }) {
    for (const [name, value] of Object.entries({ pk, sk_prefix, where })) form.elements[name].value = value;
    allowSortKey();
}

/** The filter that the form holds. */
export function filterOfForm() {
    const { pk, sk_prefix, where } = form.elements;
    return { pk: pk.value, sk_prefix: sk_prefix.value, where: where.value.trim() };
}

/** Names the key attributes in the labels; a table without a sort key has no field for it. */
export function labelKeys({ partition, sort }) {
    find("pk-label").textContent = partition ? `Partition key (${partition.name})` : "Partition key";
    find("sk-field").hidden = !sort;
    if (sort) find("sk-label").textContent = `Sort key (${sort.name}) begins with`;
}

/** Shows why the service refused the filter, and where; null shows nothing. */
export function showFilterError(problem) {
    find("filter-error").hidden = !problem;
    const isWhere = problem?.parameter === "where";
    for (const field of form.elements) field.removeAttribute?.("aria-invalid");
    if (!problem) return;
    form.elements[problem.parameter]?.setAttribute?.("aria-invalid", "true");
    const column = isWhere ? Number(problem.column ?? /column (\d+)/.exec(problem.detail)?.[1] ?? 0) : 0;
    find("filter-column").hidden = !column;
    find("filter-column").textContent = column ? `${currentQuery().where}\n${" ".repeat(column - 1)}^` : "";
    find("filter-text").textContent = problem.detail;
}

/** A sort key means something only within a partition. */
export function allowSortKey() {
    const { pk, sk_prefix: field } = form.elements;
    field.disabled = pk.value === "";
    if (field.disabled) field.value = "";
    field.placeholder = field.disabled ? "needs the partition key" : "any";
}
