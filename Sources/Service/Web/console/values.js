import { ChangeFeed } from "./client.js";

// Everything from the table becomes a text node: there is no way from here to markup.
const find = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(name, value);
        else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

// Values are in DynamoDB's typed form, so that numbers keep their digits and binary is told from text.
const typeOf = (value) => Object.keys(value)[0];
const bytesOf = (base64) => `<${Math.floor((base64.replace(/=+$/, "").length * 3) / 4)} bytes>`;

/** A value on one line; `isInside` puts quotes around strings. */
function inline(value, isInside = false) {
    const type = typeOf(value), content = value[type];
    switch (type) {
        case "S": return isInside ? JSON.stringify(content) : content;
        case "B": return bytesOf(content);
        case "BOOL": return String(content);
        case "NULL": return "null";
        case "SS": return `{${content.map((text) => JSON.stringify(text)).join(", ")}}`;
        case "NS": return `{${content.join(", ")}}`;
        case "BS": return `{${content.map(bytesOf).join(", ")}}`;
        case "L": return `[${content.map((part) => inline(part, true)).join(", ")}]`;
        case "M": return `{${Object.entries(content).map(([name, part]) => `${name}: ${inline(part, true)}`).join(", ")}}`;
        default: return String(content);
    }
}

/** Cut, so that a 400 KB attribute does not become a 400 KB line. */
function short(value, isInside = false, length = 160) {
    const text = inline(value, isInside);
    return text.length > length ? text.slice(0, length) + "…" : text;
}

const SPANS = { S: "string", B: "string", N: "digits", BOOL: "word", NULL: "word" };

/** A value as plain JSON over several lines, with its digits as stored; spans for colours. */
function pretty(value, indent = "") {
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

const sameValue = (one, other) => one !== undefined && other !== undefined && JSON.stringify(one) === JSON.stringify(other);

/** What differs between two items, as [name, before, after]; map attributes are looked into. */
function differences(before, after, prefix = "") {
    const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return names.flatMap((name) => {
        const was = before[name], is = after[name], path = prefix + name;
        if (sameValue(was, is)) return [];
        if (was?.M && is?.M) return differences(was.M, is.M, `${path}.`);
        return [[path, was, is]];
    });
}

/** The lines that tell a change: what was, what is. */
function diffLines(before, after) {
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
function preview(item, without) {
    const attributes = Object.entries(item).filter(([name]) => !without.includes(name));
    const pair = ([name, value]) => make("span", { class: "pair" }, make("span", { class: "name" }, `${name} `), short(value, true), " ");
    return attributes.slice(0, 40).map(pair);
}

const identityOf = (key) => JSON.stringify(Object.values(key));

/** A key's value as the API takes it in a path or a parameter: S as it is, N as digits, B as base64url. */
function keyText(value) {
    const type = typeOf(value);
    return type === "B" ? value.B.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") : value[type];
}

const keyLabel = (key) => Object.values(key).map((value) => short(value, false, 120)).join(" / ");

// Times, sizes, counts.
const counted = new Intl.NumberFormat("en");
/** A token for some of the keys is not told how much there is. */
const count = (number) => (number === null ? "–" : counted.format(number));
const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
const moment = (time) => new Date(time).toLocaleString("sv-SE");
function size(bytes) {
    if (bytes === null) return "–";
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
    return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${units[unit]}`;
}
function span(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) return "unknown";
    if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
    const seconds = milliseconds / 1000;
    if (seconds < 60) return `${seconds.toFixed(1)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
    return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
