import { parseWithKeys } from "./identity.js";
import { FEED_PARAMETERS } from "./options.js";
import { jittered, jitteredUp, Pace, Reloads } from "./pace.js";
import { RefusedError } from "./refused-error.js";

const CONTROL_EVENTS = ["hello", "reset", "moved", "ready", "bookmark", "busy", "bye"];
/** Events with an id of their own; an EventSource repeats the last one on all others. */
const HAS_ID = new Set(["change", "ready", "bookmark"]);
/** The id of rows in pages that walk the keys: they have no place in the feed. */
const NOWHERE = "zzzzzzzz.0";
/** Where such a page leads: a position has dots, a cursor has none. */
const isCursor = (next) => !next.includes(".");
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const FIRST_REFUSED_PAUSE = 1000;
/** A server that has no place for subscribers says so in an event, which names no time. */
const OVERLOADED_PAUSE = 5000;
/** The longest pause that a server may ask for; a longer one is cut to it. */
const LONGEST_ASKED_PAUSE = 3_600_000;
const POLL_SECONDS = 20;
/** Milliseconds beyond its wait that a poll may take. */
const POLL_PATIENCE = 15_000;
/** Changes in a page: pages grow while they come in time, so that few requests carry a large table. */
const FIRST_PAGE = 1000;
const LONGEST_PAGE = 10_000;
/** How long long polls serve before the stream is tried again: proxies get mended, networks change. */
const STREAM_AGAIN_AFTER = 300_000;

/** The problem document in a response's text; null when there is none. */
function problemIn(text) {
    try { return JSON.parse(text); } catch { return null; }
}

/**
 * One connection to the server, kept up until it is stopped. Tells `sink` events `{name, data, id?, identity?}`: those
 * of the feed (data changes are named `change`), and `state` about itself.
 */
export class Connection {
    #options; #sink; #stopping = new AbortController(); #cut = null; #wake = null; #pollUntil = 0; #deadline = 0; #broken = 0; #isSinceGone = false;
    #pace = new Pace(); #reloads = new Reloads(); #refusals = 0; #page = FIRST_PAGE; #longestPage = LONGEST_PAGE; #hasMore = false; #cursor = null;

    constructor(options, position, sink) {
        this.#options = options;
        this.position = position;
        this.#sink = sink;
        this.#run();
    }

    stop() {
        this.#stopping.abort();
        this.#cut?.({ ended: true });
    }

    /** Called now and then, since timers may be late; `isSudden` when the page is seen again or the network is back. */
    check(isSudden) {
        if (this.#cut && performance.now() > this.#deadline) this.#cut({ detail: "the connection fell silent" });
        if (isSudden) this.#wake?.();
    }

    get #stopped() { return this.#stopping.signal.aborted; }

    #tell(event) { if (!this.#stopped) this.#sink(event); }
    #state(state, detail, more) { this.#tell({ name: "state", data: { state, detail, ...more } }); }

    #take(name, data, id, identity) {
        if (this.#stopped) return;
        if (name === "reset") {
            this.position = null;
            this.#cursor = null;
            this.#reloads.note();
        } else if (name === "change" || name === "ready" || name === "bookmark") this.#refusals = 0;
        if (HAS_ID.has(name) && id) this.position = id;
        this.#tell({ name, data, id: HAS_ID.has(name) ? id : undefined, identity });
    }

    async #run() {
        let failures = 0;
        this.#state("connecting", "connecting");
        while (!this.#stopped) {
            let outcome;
            try {
                // A load in pages has no position yet from which a stream could go on.
                const polls = this.#cursor || performance.now() < this.#pollUntil;
                outcome = polls ? await this.#poll() : await this.#stream();
                if (outcome.unheard && !this.#stopped) outcome = await this.#poll(outcome.unheard);
            } catch (error) {
                if (error instanceof RefusedError) {
                    this.#state("refused", error.message, { status: error.status, problem: error.problem });
                    return;
                }
                outcome = { failed: true, detail: error.message };
            }
            if (this.#stopped || outcome.again) continue;
            failures = outcome.failed ? failures + 1 : 0;
            const growing = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.max(0, failures - 1));
            const usual = outcome.pause ?? jittered(growing);
            const reload = this.#reloads.pause;
            if (!outcome.polite) this.#state("offline", outcome.detail ?? "the connection was lost");
            else if (reload > usual && this.#reloads.count > 1) {
                const seconds = Math.ceil(reload / 1000);
                this.#state("waiting", `the feed started over ${this.#reloads.count} times in a row; trying again in ${seconds} s`);
            }
            // Not even a page that is seen again may load the whole table more often.
            await (reload > usual ? this.#sleep(reload, () => {}) : this.#sleep(usual));
        }
    }

    /** Pauses; `wakes` gets the function that ends the pause early. */
    async #sleep(milliseconds, wakes = (wake) => { this.#wake = wake; }) {
        const { signal } = this.#stopping;
        let timer, end;
        await new Promise((resolve) => {
            end = resolve;
            wakes(resolve);
            signal.addEventListener("abort", end);
            timer = setTimeout(end, signal.aborted ? 0 : milliseconds);
        });
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        this.#wake = null;
    }

    /** Waits until so many requests may go: at most one a second over time. */
    async #turn(requests) {
        const pause = this.#pace.take(requests);
        if (pause > 0) await this.#sleep(pause, () => {});
    }

    /** The pause after a server that cannot serve now: what it asked for, and longer after each refusal that follows. */
    #refusedPause(asked = 0) {
        const growing = Math.min(LONGEST_PAUSE, FIRST_REFUSED_PAUSE * 2 ** this.#refusals);
        this.#refusals += 1;
        return Math.max(jitteredUp(Math.min(asked, LONGEST_ASKED_PAUSE)), jittered(growing));
    }

    async #token() {
        const { token } = this.#options;
        return typeof token === "function" ? await token() : token;
    }

    /** The URL of a feed. An EventSource cannot send headers, so the token is changed for a ticket that works once. */
    async #url(path, parameters, ticketed) {
        const url = new URL(path, this.#options.url);
        const { query, heartbeat } = this.#options;
        for (const name of FEED_PARAMETERS) {
            if (query[name] !== undefined && query[name] !== null) url.searchParams.set(name, query[name]);
        }
        if (ticketed && heartbeat) url.searchParams.set("heartbeat", String(heartbeat));
        for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
        const token = ticketed ? await this.#token() : null;
        if (token) {
            const post = { method: "POST", headers: { Authorization: `Bearer ${token}` } };
            const { response, text } = await this.#request(new URL("v1/tickets", this.#options.url), post, POLL_PATIENCE);
            if (response.ok) url.searchParams.set("ticket", JSON.parse(text).ticket);
            else if (response.status === 401 || response.status === 403) throw new RefusedError(response.status, problemIn(text));
        }
        return url;
    }

    async #stream() {
        await this.#turn(this.#options.token ? 2 : 1);
        if (this.#stopped) return {};
        const parameters = this.position ? { last_event_id: this.position } : {};
        const url = await this.#url("v1/events", parameters, true);
        if (this.#stopped) return {};
        const source = new EventSource(url);
        let isHeard = false, isBusy = false, timer;
        try {
            return await new Promise((resolve) => {
                this.#cut = resolve;
                const watch = () => {
                    const patience = isHeard ? 2000 * (this.#options.heartbeat ?? 15) + 1000 : this.#options.patience;
                    this.#deadline = performance.now() + patience;
                    clearTimeout(timer);
                    timer = setTimeout(() => resolve(isHeard ? { detail: "the connection fell silent" } : { unheard: "silent" }), patience);
                };
                const listen = (name, event) => {
                    if (!isHeard) this.#state("open", "", { transport: "stream" });
                    isHeard = true;
                    isBusy = name === "busy";
                    this.#broken = 0;
                    watch();
                    try {
                        const { parsed, identities } = parseWithKeys(event.data, (data) => (name === "change" ? [data.key] : []));
                        this.#take(name, parsed, event.lastEventId, identities[0]);
                        // A server that stops tells all of its readers at once: they come back spread.
                        const isStopping = parsed.reason === "draining";
                        if (name === "bye") resolve({ polite: !isStopping, pause: jittered(1000), detail: "the server is stopping" });
                        if (name === "busy" && parsed.reason === "overloaded") resolve({ polite: true, pause: this.#refusedPause(OVERLOADED_PAUSE) });
                    } catch (error) {
                        resolve({ failed: true, detail: `an event could not be read: ${error.message}` });
                    }
                };
                source.addEventListener("message", (event) => listen("change", event));
                for (const name of CONTROL_EVENTS) source.addEventListener(name, (event) => listen(name, event));
                source.onerror = () => {
                    if (!isHeard) resolve({ unheard: "broken" });
                    // The server ends a stream that it could not serve for too long: it is there, and said why.
                    else resolve(isBusy ? { polite: true, pause: this.#refusedPause() } : {});
                };
                watch();
            });
        } finally {
            this.#cut = null;
            clearTimeout(timer);
            source.close();
        }
    }

    /** One long poll. After a stream without an event (`unheard`) it finds out why: refused, unreachable, held back. */
    async #poll(unheard) {
        const wait = unheard || !this.position || this.#hasMore ? 0 : POLL_SECONDS;
        const token = await this.#token();
        // A browser asks another origin first whether it may send such fields, for each URL anew.
        const isForeign = globalThis.location && this.#options.url.origin !== globalThis.location.origin;
        await this.#turn(isForeign && (wait || token) ? 2 : 1);
        if (this.#stopped) return {};
        const { query } = this.#options;
        const asked = this.#isSinceGone ? undefined : query.since;
        const since = this.#cursor ?? this.position ?? asked ?? (query.snapshot === "never" ? "now" : "0");
        const url = await this.#url("v1/changes", { since, limit: this.#page }, false);
        url.searchParams.delete("snapshot");
        url.searchParams.delete("batch_ms");
        const headers = { Accept: "application/json", ...(wait && { Prefer: `wait=${wait}` }), ...(token && { Authorization: `Bearer ${token}` }) };
        const { response, text } = await this.#fetched(url, headers, 1000 * wait + POLL_PATIENCE);
        if (response.status === 410) {
            // A stream goes on behind its reset; a poll for the page's own position again would never get further.
            if (!this.position && !this.#cursor && query.since) this.#isSinceGone = true;
            this.#take("reset", { reason: problemIn(text)?.reason_code ?? "position-gone" });
            return { polite: true, pause: 0 };
        }
        if (response.status === 503 || response.status === 429) {
            const problem = problemIn(text);
            this.#take("busy", { reason: problem?.reason_code ?? "overloaded", detail: problem?.detail ?? "" });
            // Digits; a proxy may also write a date, which tells little where clocks differ.
            const seconds = /^\d+$/.exec(response.headers.get("Retry-After")?.trim() ?? "")?.[0] ?? 0;
            return { polite: true, pause: this.#refusedPause(1000 * Number(seconds)) };
        }
        if (response.status === 400 && this.#cursor) {
            // Made by another version of the server, or for a table that is gone.
            this.#take("reset", { reason: "unreadable-position" });
            return { polite: true, pause: 0 };
        }
        if ([400, 401, 403].includes(response.status)) throw new RefusedError(response.status, problemIn(text));
        if (!response.ok) return { failed: true, detail: `the server answered ${response.status}` };
        const { parsed: page, identities } = parseWithKeys(text, (data) => data.changes.map((change) => change.key));
        // Streams that break at once meet a server that is starting, or a proxy that does not let them through.
        const isHeldBack = unheard === "silent" || (unheard === "broken" && ++this.#broken >= 3);
        if (isHeldBack) {
            this.#pollUntil = performance.now() + STREAM_AGAIN_AFTER;
            this.#state("open", "", { transport: "poll" });
        }
        if (page.moved) this.#take("moved", page.moved);
        page.changes.forEach((change, index) => this.#take("change", change, change.id === NOWHERE ? undefined : change.id, identities[index]));
        this.#cursor = isCursor(page.next) ? page.next : null;
        const position = this.#cursor ? undefined : page.next;
        const mark = { position, lag_ms: page.as_of?.lag_ms ?? null };
        this.#hasMore = page.more === true;
        if (page.more) this.#page = Math.min(this.#longestPage, 2 * this.#page);
        this.#take(page.more ? "bookmark" : "ready", mark, position);
        return unheard && !isHeldBack ? { polite: true, pause: jittered(FIRST_PAUSE) } : { again: true };
    }

    /** The response to a poll. A page that does not come in time is asked for in smaller parts. */
    async #fetched(url, headers, milliseconds) {
        try {
            return await this.#request(url, { headers }, milliseconds);
        } catch (error) {
            this.#longestPage = Math.max(FIRST_PAGE, this.#page / 2);
            this.#page = Math.min(this.#page, this.#longestPage);
            throw error;
        }
    }

    /** A response with the whole of its text, or an error after so many milliseconds. */
    async #request(url, options, milliseconds) {
        // AbortSignal.any and AbortSignal.timeout are missing in browsers that have all the rest.
        const cut = new AbortController();
        const abort = () => cut.abort();
        const timer = setTimeout(() => cut.abort(new Error("the response took too long")), milliseconds);
        this.#stopping.signal.addEventListener("abort", abort);
        try {
            const response = await fetch(url, { cache: "no-store", ...options, signal: cut.signal });
            return { response, text: await response.text() };
        } finally {
            clearTimeout(timer);
            this.#stopping.signal.removeEventListener("abort", abort);
        }
    }
}
