// The identity of a key: a text that is equal for equal keys, for use in a Map.

/** "1E+2", "100" and "100.0" are one number, to DynamoDB and to us. */
function canonicalNumber(text) {
    const parts = /^(-?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text);
    if (!parts) return text;
    const fraction = parts[3] ?? "";
    const digits = (parts[2] + fraction).replace(/^0+/, "");
    const significant = digits.replace(/0+$/, "");
    if (!significant) return "0";
    return `${parts[1]}${significant}e${Number(parts[4] ?? 0) - fraction.length + digits.length - significant.length}`;
}

function identityOfValue(value) {
    if (typeof value === "number" || typeof value === "bigint") return "n" + canonicalNumber(String(value));
    if (typeof value !== "object" || value === null) return "s" + value;
    if ("N" in value) return "n" + canonicalNumber(value.N);
    return "s" + (value.S ?? value.B);
}

/**
 * The identity of a key, given as an object of its attributes or as their values in order, plain or in DynamoDB's typed
 * form.
 */
export const identityOf = (key) => JSON.stringify(Object.values(key).map(identityOfValue));

const isRounded = (value) => typeof value === "number" && !Number.isSafeInteger(value);

/** Reads JSON, and keeps the digits of a key's number that JavaScript would round. `keysIn` finds the keys. */
export function parseWithKeys(text, keysIn) {
    const parsed = JSON.parse(text);
    let keys = keysIn(parsed);
    if (keys.some((key) => Object.values(key).some(isRounded))) {
        const exact = (_, value, context) => (isRounded(value) && context?.source ? { N: context.source } : value);
        keys = keysIn(JSON.parse(text, exact));
    }
    return { parsed, identities: keys.map(identityOf) };
}
