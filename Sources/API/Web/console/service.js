// Calls of the service, and commands for the same.

import { refusal } from "../client/refused-error.js";
import { askForToken, currentToken } from "./sign-in.js";

/** The whole URL of a path of the service. Parameters without a value are left out. */
const address = (path, parameters = {}) => {
    const url = new URL(path, document.baseURI);
    url.hash = "";
    for (const [name, value] of Object.entries(parameters)) {
        if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
    }
    return url;
};

/** Reads JSON, for at most `milliseconds`. Asks for a missing token; any other refusal throws a RefusedError. */
export async function read(path, parameters, milliseconds = 10_000) {
    const token = currentToken();
    const response = await fetch(address(path, parameters), {
        headers: { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
        cache: "no-store",
        signal: AbortSignal.timeout(milliseconds),
    });
    if (response.ok) return response.json();
    const refused = await refusal(response);
    if (response.status !== 401) throw refused;
    await askForToken(currentToken() ? refused.message : "");
    return read(path, parameters, milliseconds);
}

const quoted = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

/** A curl command for a path of the service. A stream is shown as it comes. */
export function curlOf(path, parameters, isStream = false) {
    const words = ["curl", isStream ? "-N" : "-s"];
    // The token itself would end up in the shell's history.
    if (currentToken()) words.push("-H", '"Authorization: Bearer $TABLECAST_TOKEN"');
    return [...words, quoted(address(path, parameters))].join(" ");
}
