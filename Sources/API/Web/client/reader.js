import { call } from "./listeners.js";
import { nameOf } from "./options.js";
import { Share } from "./share.js";

/**
 * The base of both readers of a feed: a share of a connection, and its state. A subclass has `owner()`, which `Share`
 * describes.
 */
export class Reader {
    #share = null; #isClosed = false; #stateListeners = new Set();
    state = "connecting"; detail = ""; problem = null; transport = null; position = null; lag = null; items = null;

    constructor(options, kind) {
        nameOf(options, kind).then((name) => {
            if (!this.#isClosed) this.#share = new Share(options, name, this.owner());
        }).catch((error) => this.setState("refused", error.message));
    }

    /** Whether this tab holds the connection that all tabs read. */
    get isLeading() { return this.#share?.isLeading ?? false; }

    onState(listener) {
        this.#stateListeners.add(listener);
        return () => this.#stateListeners.delete(listener);
    }

    close() {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#share?.close();
        this.setState("closed", "");
    }

    setState(state, detail, transport, problem = null) {
        if (state === this.state && detail === this.detail && (!transport || transport === this.transport)) return;
        this.state = state;
        this.detail = detail;
        this.problem = problem;
        if (transport) this.transport = transport;
        call(this.#stateListeners, this);
    }

    /** Marks carry the position, the lag and the number of items of the whole table. */
    note({ name, data, id }) {
        if (id) this.position = id;
        if (name !== "ready" && name !== "bookmark") return;
        this.lag = data.lag_ms ?? null;
        this.items = data.items ?? this.items;
    }
}
