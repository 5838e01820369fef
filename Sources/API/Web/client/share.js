import { Connection } from "./connection.js";
import { isAfter, isSameEpoch } from "./position.js";

const ROWS_A_MESSAGE = 500;

/**
 * A connection that tabs share. `owner` takes events, gives its `rows()` to tabs that come later, and knows whether it
 * `isComplete`. Where Web Locks or BroadcastChannel are missing (insecure origins) every tab has its own connection.
 */
export class Share {
    #name; #options; #owner; #channel = null; #connection = null; #queue = null; #release = null; #timer = null;
    #id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    #isClosed = false; #isJoined = false; #heardAt = performance.now(); #waiting = []; #outbox = []; #skipUntil = null;
    #flusher = new MessageChannel();
    #lastState = null;

    constructor(options, name, owner) {
        this.#options = options;
        this.#owner = owner;
        const canShare = options.share !== false && globalThis.navigator?.locks && globalThis.BroadcastChannel;
        this.#listen("online", () => this.#check(true));
        this.#listen("visibilitychange", () => this.#check(true), globalThis.document);
        if (!canShare) return void this.#lead();
        this.#name = `tablecast ${name}`;
        this.#channel = new BroadcastChannel(this.#name);
        this.#channel.onmessage = ({ data }) => this.#hear(data);
        // Timers of hidden tabs are slowed down; messages are not.
        this.#flusher.port1.onmessage = () => this.#flush();
        this.#listen("pagehide", () => this.#leave());
        this.#listen("pageshow", (event) => { if (event.persisted && !this.#isClosed) this.#enter(); });
        this.#enter();
    }

    #listeners = [];
    #listen(name, listener, target = globalThis) {
        target?.addEventListener?.(name, listener);
        this.#listeners.push(() => target?.removeEventListener?.(name, listener));
    }

    get isLeading() { return this.#connection !== null; }

    close() {
        this.#isClosed = true;
        this.#leave();
        for (const remove of this.#listeners) remove();
        this.#channel?.close();
        this.#flusher.port1.close();
    }

    #enter() {
        this.#heardAt = performance.now();
        this.#ask({ type: "who" });
        this.#request({});
        clearInterval(this.#timer);
        this.#timer = setInterval(() => this.#check(), this.#pulse / 2);
    }

    #leave() {
        clearInterval(this.#timer);
        this.#queue?.abort();
        this.#resign();
        this.#isJoined = false;
    }

    get #pulse() { return 1000 * (this.#options.heartbeat ?? 15); }

    /** Waits for the lock, or takes it from a tab that holds it and is silent. */
    #request(how) {
        this.#queue?.abort();
        const queue = (this.#queue = new AbortController());
        const held = () => {
            if (queue.signal.aborted || this.#isClosed) return undefined;
            return new Promise((release) => {
                this.#release = release;
                this.#lead();
            });
        };
        navigator.locks.request(this.#name, how.steal ? { steal: true } : { signal: queue.signal }, held).catch(() => {
            // The lock was taken away, or waiting for it was given up by ourselves.
            if (queue.signal.aborted || this.#isClosed) return;
            this.#resign();
            this.#isJoined = false;
            this.#enter();
        });
    }

    #lead() {
        const position = this.#isJoined || !this.#channel ? this.#owner.position : null;
        // Without a position everything is read again, without the removals of what was read before.
        if (this.#channel && (!this.#isJoined || !position)) this.#owner.forget();
        this.#isJoined = true;
        this.#skipUntil = null;
        this.#connection = new Connection(this.#options, position, (event) => this.#share(event));
        this.#ask({ type: "lead", position });
    }

    #resign() {
        this.#connection?.stop();
        this.#connection = null;
        this.#release?.();
        this.#release = null;
        this.#outbox = [];
    }

    #check(isSudden = false) {
        this.#connection?.check(isSudden);
        if (!this.#channel || this.#isClosed) return;
        if (this.isLeading) return void this.#ask({ type: "pulse", state: this.#lastState });
        // A hidden tab is slow, perhaps as slow as the one it would replace.
        const patience = this.#pulse * (globalThis.document?.visibilityState === "hidden" ? 10 : 3);
        if (performance.now() - this.#heardAt > patience * (1 + Math.random() / 4)) {
            this.#heardAt = performance.now();
            this.#request({ steal: true });
        }
    }

    #ask(message) { this.#channel?.postMessage({ ...message, from: this.#id }); }

    /** In the leading tab: one event from the connection, for everybody. */
    #share(event) {
        if (event.name === "state") this.#lastState = event.data;
        this.#owner.take(event);
        if (!this.#channel) return;
        if (this.#outbox.push(event) === 1) this.#flusher.port2.postMessage(0);
        if (this.#waiting.length && this.#owner.isComplete) {
            this.#flush();
            for (const to of this.#waiting.splice(0)) this.#sendRows(to);
        }
    }

    #flush() {
        if (this.#outbox.length) this.#ask({ type: "events", list: this.#outbox.splice(0) });
    }

    /** Everything we have, for one tab; what changes meanwhile comes between, in order. */
    #sendRows(to) {
        const rows = this.#owner.rows();
        const send = (isFirst) => {
            if (!this.isLeading) return;
            if (!this.#owner.isComplete) return void this.#waiting.push(to);
            this.#flush();
            const part = [];
            let next;
            while (part.length < ROWS_A_MESSAGE && !(next = rows.next()).done) part.push(next.value);
            const isLast = part.length < ROWS_A_MESSAGE;
            const { position } = this.#owner;
            const removed = isFirst ? this.#owner.removed() : [];
            this.#ask({ type: "rows", to, rows: part, removed, isFirst, isLast, position, state: this.#lastState });
            if (!isLast) setTimeout(send, 0, false);
        };
        send(true);
    }

    #hear(message) {
        if (this.#isClosed) return;
        if (message.type === "who") {
            if (!this.isLeading) return;
            if (this.#owner.isComplete) this.#sendRows(message.from);
            else if (!this.#waiting.includes(message.from)) this.#waiting.push(message.from);
            return;
        }
        // Two tabs may believe to lead while the lock changes hands; the one that lost it stops in a moment.
        if (this.isLeading) return;
        this.#heardAt = performance.now();
        if (message.type === "lead") return this.#follow(message);
        if (message.type === "pulse" && message.state && !this.#isJoined) return this.#pass({ name: "state", data: message.state });
        if (message.type === "rows" && message.to === this.#id) return this.#join(message);
        if (message.type === "events" && this.#isJoined) for (const event of message.list) this.#pass(event);
    }

    /** Another tab leads now, from `position`. Where ours is as new we skip repeats, else we ask for the rows. */
    #follow({ position }) {
        const own = this.#owner.position;
        if (this.#isJoined && own && position && isSameEpoch(own, position) && !isAfter(position, own)) {
            this.#skipUntil = own;
        } else {
            this.#isJoined = false;
            this.#ask({ type: "who" });
        }
    }

    #join({ rows, removed = [], isFirst, isLast, position, state }) {
        if (isFirst) this.#owner.begin();
        this.#isJoined = true;
        this.#skipUntil = null;
        this.#owner.fill(rows, removed);
        if (!isLast) return;
        this.#pass({ name: "state", data: { state: "open", detail: "", transport: "shared" } });
        this.#owner.finish(position);
        if (state && state.state !== "open") this.#pass({ name: "state", data: state });
    }

    #pass(event) {
        // Another replica's positions cannot be compared with ours; it sends from before them.
        if (event.name === "reset" || event.name === "moved") this.#skipUntil = null;
        if (event.name === "change" && this.#skipUntil) {
            if (isSameEpoch(event.id, this.#skipUntil) && !isAfter(event.id, this.#skipUntil)) return;
            this.#skipUntil = null;
        }
        if (event.name === "state" && event.data.transport) event.data.transport = "shared";
        this.#owner.take(event);
    }
}
