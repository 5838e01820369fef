// When the next request may go: a balancer over several replicas must not be able to turn a page into a storm.

const REQUEST_EVERY = 1000;
/** Requests that may go at once after a rest: a ticket, a stream, and the poll that finds out why the stream is silent. */
const REQUESTS_AT_ONCE = 3;
const FIRST_RELOAD_PAUSE = 1000;
const LONGEST_RELOAD_PAUSE = 60_000;
/** A feed that was not reset for this long works: the next reset is a first one. */
const CALM_AFTER = 300_000;

export const jittered = (milliseconds) => milliseconds * (0.5 + Math.random());
/** A pause that someone asked for: never shorter. */
export const jitteredUp = (milliseconds) => milliseconds * (1 + Math.random() / 2);

/** One request a second on average. */
export class Pace {
    #paidUntil = -Infinity;

    /** Counts `requests`; returns the milliseconds until they may go. */
    take(requests) {
        const now = performance.now();
        this.#paidUntil = Math.max(this.#paidUntil, now - REQUESTS_AT_ONCE * REQUEST_EVERY) + requests * REQUEST_EVERY;
        return Math.max(0, this.#paidUntil - now);
    }
}

/** Growing pauses between two loads of the whole contents, while resets follow each other. */
export class Reloads {
    #nextAt = -Infinity;
    /** Resets that followed each other. */
    count = 0;

    /** A reset came. */
    note() {
        const now = performance.now();
        if (now - this.#nextAt > CALM_AFTER) this.count = 0;
        this.#nextAt = now + jittered(Math.min(LONGEST_RELOAD_PAUSE, FIRST_RELOAD_PAUSE * 2 ** this.count));
        this.count += 1;
    }

    /** Milliseconds until the contents may be loaded again. */
    get pause() { return Math.max(0, this.#nextAt - performance.now()); }
}
