// The differences between two items.

import { sameValue } from "./values.js";

/** The attributes that differ, as [name, before, after]; map attributes are looked into. */
export function differences(before, after, prefix = "") {
    const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return names.flatMap((name) => {
        const was = before[name], is = after[name], path = prefix + name;
        if (sameValue(was, is)) return [];
        if (was?.M && is?.M) return differences(was.M, is.M, `${path}.`);
        return [[path, was, is]];
    });
}
