/** Calls listeners; one that throws is reported and does not hurt the others. */
export function call(listeners, argument) {
    for (const listener of [...listeners]) {
        try { listener(argument); } catch (error) { globalThis.reportError ? reportError(error) : console.error(error); }
    }
}
