// Versions of items: the sequence numbers of DynamoDB Streams, up to 40 digits, which no Number holds.

/** Keys whose versions are kept although their items are not; the oldest is forgotten first. */
const KEYS_KEPT = 10_000;

const significant = (digits) => digits.replace(/^0+/, "");

/** Whether `version` is older than `other`. Never when one is missing: a scan knows no versions. */
export function isOlder(version, other) {
    if (!version || !other) return false;
    const one = significant(version), two = significant(other);
    return one.length === two.length ? one < two : one.length < two.length;
}

/** The newest version of each of the keys that came last. */
export class RecentVersions {
    #versions = new Map();

    get(identity) { return this.#versions.get(identity); }
    delete(identity) { this.#versions.delete(identity); }
    clear() { this.#versions.clear(); }
    [Symbol.iterator]() { return this.#versions.entries(); }

    set(identity, version) {
        // A Map keeps the order in which its keys came.
        this.#versions.delete(identity);
        this.#versions.set(identity, version);
        if (this.#versions.size > KEYS_KEPT) this.#versions.delete(this.#versions.keys().next().value);
    }
}
