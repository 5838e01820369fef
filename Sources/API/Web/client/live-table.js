import { identityOf } from "./identity.js";
import { call } from "./listeners.js";
import { understand } from "./options.js";
import { Reader } from "./reader.js";
import { RefusedError } from "./refused-error.js";
import { isOlder, RecentVersions } from "./versions.js";

/** Rows by the identity of their keys, `[key, item, version]`, and the versions at which other keys were removed. */
class Contents {
    rows = new Map(); removed = new RecentVersions();

    /** The newest version of a key that is known; a state without one does not change it. */
    versionOf(identity) { return this.rows.get(identity)?.[2] ?? this.removed.get(identity); }

    put(identity, [key, item, version]) {
        this.rows.set(identity, [key, item, version ?? this.versionOf(identity)]);
        this.removed.delete(identity);
    }

    remove(identity, version) {
        const last = version ?? this.versionOf(identity);
        this.rows.delete(identity);
        // Without it an older state that is sent again would bring the item back.
        if (last) this.removed.set(identity, last);
    }
}

/** A table, or the part of it that a filter names, as a live map from key to item. */
export class LiveTable extends Reader {
    #contents = new Contents(); #next = null; #isReady = false; #everything = new Set(); #byKey = new Map(); #settle;

    constructor(options) {
        super(understand(options, { mode: undefined, diff: undefined, op: undefined, since: undefined, snapshot: undefined }), "table");
        this.ready = new Promise((resolve, reject) => { this.#settle = { resolve, reject }; });
        this.ready.catch(() => {});
    }

    get size() { return this.#rows.size; }
    get(...key) { return this.#rows.get(this.#identity(key))?.[1]; }
    has(...key) { return this.#rows.has(this.#identity(key)); }
    *keys() { for (const [key] of this.#rows.values()) yield key; }
    *values() { for (const [, item] of this.#rows.values()) yield item; }
    *entries() { for (const [key, item] of this.#rows.values()) yield [key, item]; }
    [Symbol.iterator]() { return this.entries(); }
    forEach(visit, self) { for (const [key, item] of this) visit.call(self, item, key, this); }

    /** Calls back with every change, or those of one key: `{op, key, item, old, cause}`. Returns what ends it. */
    subscribe(...words) {
        const listener = words.pop();
        if (typeof listener !== "function") throw new TypeError("subscribe needs a function");
        if (words.length === 0) {
            this.#everything.add(listener);
            return () => this.#everything.delete(listener);
        }
        const identity = this.#identity(words);
        if (!this.#byKey.has(identity)) this.#byKey.set(identity, new Set());
        this.#byKey.get(identity).add(listener);
        return () => this.#byKey.get(identity)?.delete(listener);
    }

    /** A key is its attributes as an object, or their values: partition key, then sort key. */
    #identity(words) {
        const [first] = words;
        if (words.length > 1 || typeof first !== "object" || first === null) return identityOf(words);
        for (const [key] of this.#rows.values()) return identityOf(Object.keys(key).map((name) => first[name]));
        return identityOf(first);
    }

    close() {
        super.close();
        this.#settle.reject(new Error("the table was closed"));
    }

    owner() {
        const table = this;
        return {
            get position() { return table.position; },
            get isComplete() { return table.#isReady && !table.#next; },
            rows: () => table.#rowsAsTheyAre(),
            removed: () => [...table.#contents.removed],
            begin: () => table.#begin(),
            fill: (rows, removed) => table.#fill(rows, removed),
            finish: (position) => { table.position = position; table.#finish(); },
            forget: () => { table.position = null; table.#begin(); },
            take: (event) => table.#take(event),
        };
    }

    /** Each row as it is when it is asked for, of the keys that are there now: an older copy could undo what was told meanwhile. */
    *#rowsAsTheyAre() {
        for (const identity of [...this.#rows.keys()]) {
            const row = this.#rows.get(identity);
            if (row) yield [identity, row];
        }
    }

    #take(event) {
        this.note(event);
        const { name, data, identity } = event;
        if (name === "change") {
            this.#change(identity, data);
            if (!this.#isReady && this.state !== "loading") this.setState("loading", "");
        } else if (name === "reset") {
            this.position = null;
            this.#begin();
            this.setState("loading", `starting over: ${data.reason}`);
        } else if (name === "ready") this.#finish();
        else if (name === "bookmark") this.setState(this.#isReady && !this.#next ? "live" : "loading", "");
        else if (name === "busy") this.setState("waiting", data.detail || data.reason);
        else if (name === "state" && data.state === "open") this.setState("loading", "", data.transport);
        else if (name === "state") {
            this.setState(data.state, data.detail, data.transport, data.problem);
            if (data.state === "refused") this.#settle.reject(new RefusedError(data.status, data.problem));
        }
    }

    /** What comes replaces what is there, but only when it is complete: until then readers see the old contents. */
    #begin() { if (this.#isReady) this.#next = new Contents(); else this.#contents = new Contents(); }

    get #rows() { return this.#contents.rows; }

    #change(identity, change) {
        // Another replica may send again what we have: nothing goes back in time.
        if (isOlder(change.version, (this.#next ?? this.#contents).versionOf(identity))) return;
        if (change.op === "put") this.#put(identity, [change.key, change.item, change.version], change);
        else this.#remove(identity, change);
    }

    /** Rows from another tab, and the versions of keys that it has seen removed. */
    #fill(rows, removed) {
        const contents = this.#next ?? this.#contents;
        for (const [identity, version] of removed) if (!contents.versionOf(identity)) contents.removed.set(identity, version);
        for (const [identity, row] of rows) if (!isOlder(row[2], contents.versionOf(identity))) this.#put(identity, row);
    }

    #put(identity, row, change) {
        if (this.#next) return void this.#next.put(identity, row);
        const [, old, version] = this.#rows.get(identity) ?? [];
        this.#contents.put(identity, row);
        const isRepeat = old && version && version === row[2] && JSON.stringify(old) === JSON.stringify(row[1]);
        if (!isRepeat && (change || !this.#isReady)) this.#publish(identity, { op: "put", key: row[0], item: row[1], old, cause: change?.cause ?? "snapshot" });
    }

    #remove(identity, change) {
        if (this.#next) return void this.#next.remove(identity, change.version);
        const row = this.#rows.get(identity);
        this.#contents.remove(identity, change.version);
        if (row) this.#publish(identity, { op: "remove", key: row[0], old: row[1], cause: change.cause });
    }

    #finish() {
        if (this.#next) {
            const before = this.#rows;
            this.#contents = this.#next;
            this.#next = null;
            for (const [identity, [key, old]] of before) {
                if (!this.#rows.has(identity)) this.#publish(identity, { op: "remove", key, old, cause: "snapshot" });
            }
            for (const [identity, [key, item]] of this.#rows) {
                const old = before.get(identity)?.[1];
                if (!old || JSON.stringify(old) !== JSON.stringify(item)) this.#publish(identity, { op: "put", key, item, old, cause: "snapshot" });
            }
        }
        this.#isReady = true;
        this.setState("live", "");
        this.#settle.resolve(this);
    }

    #publish(identity, change) {
        const own = this.#byKey.get(identity);
        if (own) call(own, change);
        call(this.#everything, change);
    }
}
