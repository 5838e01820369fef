import { call } from "./listeners.js";
import { understand } from "./options.js";
import { Reader } from "./reader.js";
import { isOlder, RecentVersions } from "./versions.js";

/** Every change as it happens, without a map: what the server sends, to one listener. */
export class ChangeFeed extends Reader {
    #listener; #versions = new RecentVersions();

    constructor(options, listener) {
        super(understand({ since: "now", snapshot: "never", ...options }), "changes");
        this.#listener = listener;
    }

    owner() {
        const feed = this;
        return {
            get position() { return feed.position; },
            isComplete: true,
            rows: () => [].values(),
            removed: () => [],
            begin: () => {},
            fill: () => {},
            finish: (position) => { feed.position = position; feed.setState("live", ""); },
            forget: () => { feed.position = null; },
            take: (event) => feed.#take(event),
        };
    }

    #take(event) {
        this.note(event);
        const { name, data } = event;
        if (name === "reset") {
            this.position = null;
            this.#versions.clear();
        }
        if (name === "ready" || name === "bookmark" || name === "change") this.setState("live", "");
        else if (name === "busy") this.setState("waiting", data.detail || data.reason);
        else if (name === "state") this.setState(data.state === "open" ? "live" : data.state, data.detail, data.transport, data.problem);
        if (name === "change" && this.#isOutdated(event)) return;
        if (name !== "state") call([this.#listener], { ...data, type: name });
    }

    /** Whether a newer state of the key was told already. A step that is marked as a repeat is told: every step was asked for. */
    #isOutdated({ data, identity }) {
        if (!data.version) return false;
        if (isOlder(data.version, this.#versions.get(identity))) return !data.repeat;
        this.#versions.set(identity, data.version);
        return false;
    }
}
