import { call } from "./listeners.js";
import { understand } from "./options.js";
import { Reader } from "./reader.js";

/** Every change as it happens, without a map: what the server sends, to one listener. */
export class ChangeFeed extends Reader {
    #listener;

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
        if (name === "reset") this.position = null;
        if (name === "ready" || name === "bookmark" || name === "change") this.setState("live", "");
        else if (name === "busy") this.setState("waiting", data.detail || data.reason);
        else if (name === "state") this.setState(data.state === "open" ? "live" : data.state, data.detail, data.transport, data.problem);
        if (name !== "state") call([this.#listener], { ...data, type: name });
    }
}
