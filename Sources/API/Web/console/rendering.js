// Values and items as elements.

import { differences } from "./differences.js";
import { make } from "./dom.js";
import { short, typeOf } from "./values.js";

const SPANS = { S: "string", B: "string", N: "digits", BOOL: "word", NULL: "word" };

/** A value as plain JSON over several lines, with its digits as stored; spans for colours. */
export function pretty(value, indent = "") {
    const type = typeOf(value), content = value[type], deeper = indent + "  ";
    const list = (open, parts, close) => {
        if (parts.length === 0) return [open + close];
        return [open, ...parts.flatMap((part, index) => [`\n${deeper}`, ...part, index < parts.length - 1 ? "," : ""]), `\n${indent}${close}`];
    };
    const member = ([name, part]) => [make("span", { class: "name" }, JSON.stringify(name)), ": ", ...pretty(part, deeper)];
    const leaf = (kind, text) => make("span", { class: SPANS[kind] }, text);
    switch (type) {
        case "M": return list("{", Object.entries(content).map(member), "}");
        case "L": return list("[", content.map((part) => pretty(part, deeper)), "]");
        case "SS": case "BS": return list("[", content.map((text) => [leaf("S", JSON.stringify(text))]), "]");
        case "NS": return list("[", content.map((digits) => [leaf("N", digits)]), "]");
        case "S": case "B": return [leaf(type, JSON.stringify(content))];
        case "N": return [leaf(type, content)];
        default: return [leaf(type, type === "NULL" ? "null" : String(content))];
    }
}

/** The lines that tell a change: what was, what is. */
export function diffLines(before, after) {
    const listed = differences(before, after);
    const lines = listed.slice(0, 12).map(([path, was, is]) => make("span", { class: "diff" },
        make("span", { class: "name" }, `${path} `),
        was ? make("span", { class: "was" }, short(was, true)) : null,
        was && is ? " → " : null,
        is ? make("span", { class: "is" }, short(is, true)) : make("span", { class: "name" }, " removed")));
    if (listed.length > 12) lines.push(make("span", { class: "diff name" }, `and ${listed.length - 12} more`));
    if (listed.length === 0) lines.push(make("span", { class: "diff name" }, "written again, unchanged"));
    return lines;
}

/** An item's attributes on one line, less those named. */
export function preview(item, without) {
    const attributes = Object.entries(item).filter(([name]) => !without.includes(name));
    const pair = ([name, value]) => make("span", { class: "pair" }, make("span", { class: "name" }, `${name} `), short(value, true), " ");
    return attributes.slice(0, 40).map(pair);
}
