/**
 * Tablecast in the browser: a table, or the part of it that a filter names, as a live map; or its changes one by one.
 *
 *     import { LiveTable } from "http://127.0.0.1:8080/client.js";
 *     const orders = new LiveTable({ pk: "order#1001" });
 *     orders.subscribe(({ key, item }) => console.log(key, item));
 *     await orders.ready;
 *
 * Tabs that ask for the same share one connection: the tab that holds a Web Lock reads it and tells the others over a
 * BroadcastChannel. A connection that is silent for two heartbeats is opened again from its last id. Where a proxy
 * holds events back, the client reads the feed by long polls. `client.d.ts` has the types.
 */
import { ChangeFeed as Changes } from "./client/change-feed.js";
import { LiveTable as Table } from "./client/live-table.js";

// Those two import the rest. Named here as well, all modules are fetched at once instead of one level after the other.
import "./client/connection.js";
import "./client/identity.js";
import "./client/listeners.js";
import "./client/options.js";
import "./client/pace.js";
import "./client/position.js";
import "./client/reader.js";
import "./client/share.js";
import "./client/versions.js";

export { RefusedError } from "./client/refused-error.js";

/** The service is where this file came from. */
const FOLDER = new URL(".", import.meta.url).href;

/** Options with a whole `url`: a relative one is resolved against the page. */
function located(options) {
    return { ...options, url: new URL(options?.url ?? FOLDER, globalThis.location?.href ?? FOLDER) };
}

/** A table, or the part of it that a filter names, as a live map from key to item. */
export class LiveTable extends Table {
    constructor(options) { super(located(options)); }
}

/** Every change as it happens, without a map: the events of the server, for one listener. */
export class ChangeFeed extends Changes {
    constructor(options, listener) { super(located(options), listener); }
}
