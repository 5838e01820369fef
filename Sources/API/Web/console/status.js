// The last status of the service.

import { read } from "./service.js";

let latest = null;

/** The last status, or null before the first. */
export const currentStatus = () => latest;

/** The names of the key attributes: partition key, then sort key. */
export const keyNames = () => [latest?.key?.partition?.name, latest?.key?.sort?.name].filter((name) => name);

/** Reads the status, and returns it. */
export async function readStatus() {
    latest = await read("v1/status", {}, 5000);
    return latest;
}
