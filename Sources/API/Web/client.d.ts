/**
 * The types of /client.js: a table that Tablecast serves, live in the browser.
 * Keep this file beside client.js, which needs the folder `client` as well.
 */

/** An attribute's value in plain JSON, or in DynamoDB's typed JSON with `format: "dynamodb"`. */
export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Item = { [name: string]: Value };
/** The key attributes by name. */
export type Key = { [name: string]: Value };

/** A place in the feed: a text to hand back as it came, of at most 64 characters. */
export type Position = string;
export type Cause = "stream" | "snapshot" | "filter" | "ttl" | "repair" | "unreadable";

export type State =
    /** Not heard anything yet. */
    | "connecting"
    /** The contents are arriving; what was there before stays until they are complete. */
    | "loading"
    /** Complete, and following. */
    | "live"
    /** The server cannot serve yet; `detail` says why. */
    | "waiting"
    /** The connection is lost; it is made again by itself. */
    | "offline"
    /** The server refuses what was asked for: a bad filter, no permission. Final. */
    | "refused"
    | "closed";

export interface ConnectionOptions {
    /** Where Tablecast is; where this module came from unless given. */
    url?: string | URL;
    /** A bearer token, or what gives one. It goes into a header, never into a URL. */
    token?: string | (() => string | null | undefined | Promise<string | null | undefined>) | null;
    /** Whether tabs that ask for the same share a connection (true); a name keeps groups of tabs apart. */
    share?: boolean | string;
    /** Seconds of silence after which the server sends a bookmark (15). Twice that without one, and the connection is made anew. */
    heartbeat?: number;
    /** Milliseconds to wait for a first event before long polls are tried (5000). */
    patience?: number;
}

/** Which items: the parameters of the API under their own names. */
export interface Filter {
    pk?: string;
    sk?: string;
    sk_prefix?: string;
    sk_from?: string;
    sk_to?: string;
    /** How these write keys of type S: as text, or in base64url of their UTF-8. */
    key_encoding?: "text" | "base64url";
    where?: string;
    fields?: string;
    format?: "plain" | "dynamodb";
    numbers?: "number" | "string";
    batch_ms?: number;
}

/** A problem document (RFC 9457). */
export interface Problem {
    type: string;
    title: string;
    status: number;
    detail: string;
    [name: string]: unknown;
}

/** The server refuses what was asked for. */
export class RefusedError extends Error {
    readonly status: number;
    /** The problem document (RFC 9457), where there was one. */
    readonly problem: Problem | null;
}

declare abstract class Reader {
    readonly state: State;
    /** Why it is in that state, in words; may be empty. */
    readonly detail: string;
    /** When refused: the problem document, where there was one. */
    readonly problem: Problem | null;
    /** How events come: an own stream, long polls, or another tab's connection. */
    readonly transport: "stream" | "poll" | "shared" | null;
    readonly position: Position | null;
    /** Milliseconds that the replica was behind the table at the last mark; null while unknown. */
    readonly lag: number | null;
    /** Items of the whole table at the last mark. */
    readonly items: number | null;
    /** Whether this tab holds the connection. */
    readonly isLeading: boolean;
    /** Calls back when the state changes. Returns what ends it. */
    onState(listener: (reader: this) => void): () => void;
    close(): void;
}

export interface TableChange<I = Item> {
    op: "put" | "remove";
    key: Key;
    /** The item as it is now; absent when removed. */
    item?: I;
    /** The item as it was; absent when it is new. */
    old?: I;
    cause: Cause;
}

/** A table, or the part of it that a filter names, as a live map from key to item. */
export class LiveTable<I = Item> extends Reader {
    constructor(options?: ConnectionOptions & Filter);
    /** Fulfilled when the contents are complete; rejected when the server refuses, or the table is closed before. */
    readonly ready: Promise<LiveTable<I>>;
    readonly size: number;
    /** By the key's attributes as an object, or by their values: partition key, then sort key. */
    get(key: Key): I | undefined;
    get(partition: Value, sort?: Value): I | undefined;
    has(key: Key): boolean;
    has(partition: Value, sort?: Value): boolean;
    keys(): IterableIterator<Key>;
    values(): IterableIterator<I>;
    entries(): IterableIterator<[Key, I]>;
    [Symbol.iterator](): IterableIterator<[Key, I]>;
    forEach(visit: (item: I, key: Key, table: LiveTable<I>) => void, self?: unknown): void;
    /** Calls back with every change, or those of one key. Returns what ends it. */
    subscribe(listener: (change: TableChange<I>) => void): () => void;
    subscribe(key: Key, listener: (change: TableChange<I>) => void): () => void;
    subscribe(partition: Value, listener: (change: TableChange<I>) => void): () => void;
    subscribe(partition: Value, sort: Value, listener: (change: TableChange<I>) => void): () => void;
}

export interface ChangeEvent<I = Item> {
    type: "change";
    op: "put" | "remove";
    key: Key;
    item?: I;
    id: Position;
    version?: string;
    at?: string;
    cause: Cause;
    /** With `mode: "all"`: the step may have been told before, by another replica. */
    repeat?: true;
    /** With `diff: "old"`. */
    old?: I;
    /** With `diff`: the attributes that differ. */
    changed?: string[];
    /** With `diff: "patch"`: JSON Patch (RFC 6902). The path `""` replaces the whole item. */
    patch?: { op: string; path: string; value?: Value; from?: string }[];
}

export type FeedEvent<I = Item> =
    | ChangeEvent<I>
    | { type: "hello"; position: Position; time: string }
    | { type: "reset"; reason: string }
    /** Another replica continues: nothing is lost, and changes of about the last `overlap_s` seconds may come again. */
    | { type: "moved"; from: Position; overlap_s: number }
    | { type: "ready" | "bookmark"; position: Position; lag_ms: number | null; items?: number }
    | { type: "busy"; reason: string; detail: string }
    | { type: "bye"; reason: string };

export interface FeedOptions extends ConnectionOptions, Filter {
    op?: "put" | "remove";
    /** `latest`: a slow reader gets the newest state of each key; `all`: every step. */
    mode?: "latest" | "all";
    diff?: "none" | "old" | "patch";
    /** `now` unless given. */
    since?: "0" | "now" | Position;
    /** `never` unless given. */
    snapshot?: "auto" | "always" | "never";
}

/** Every change as it happens, without a map: what the server sends, to one listener. */
export class ChangeFeed<I = Item> extends Reader {
    constructor(options: FeedOptions, listener: (event: FeedEvent<I>) => void);
}
