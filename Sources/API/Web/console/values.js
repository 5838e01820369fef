// Values as text. They are in DynamoDB's typed form, so that numbers keep their digits and binary is told from text.

/** The type of a value: `S`, `N`, … */
export const typeOf = (value) => Object.keys(value)[0];
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

/** A value on one line, cut so that a 400 KB attribute does not become a 400 KB line. */
export function short(value, isInside = false, length = 160) {
    const text = inline(value, isInside);
    return text.length > length ? text.slice(0, length) + "…" : text;
}

/** Whether two values are there and equal. */
export const sameValue = (one, other) => one !== undefined && other !== undefined && JSON.stringify(one) === JSON.stringify(other);

/** A key's value as the API takes it in a path or a parameter: S as it is, N as digits, B as base64url. */
export function keyText(value) {
    const type = typeOf(value);
    return type === "B" ? value.B.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") : value[type];
}

/** A key on one line. */
export const keyLabel = (key) => Object.values(key).map((value) => short(value, false, 120)).join(" / ");
