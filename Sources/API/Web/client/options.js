/** The parameters of a feed, under the API's own names. */
export const FEED_PARAMETERS = [
    "pk", "sk", "sk_prefix", "sk_from", "sk_to", "key_encoding", "where", "fields", "format", "numbers", "op", "mode", "diff", "since",
    "snapshot", "batch_ms",
];

/**
 * Reads the options of a reader: where the server is (`url`, a URL or the text of a whole one), which query it sends,
 * and how the connection behaves. `fixed` are query parameters that the caller cannot choose. An unknown option throws
 * a TypeError.
 */
export function understand(options, fixed) {
    const { url, token, share = true, heartbeat, patience = 5000, ...query } = options;
    for (const name of Object.keys(query)) {
        if (!FEED_PARAMETERS.includes(name)) throw new TypeError(`unknown option "${name}"; a feed takes ${FEED_PARAMETERS.join(", ")}`);
    }
    const base = new URL(url);
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    return { url: base, token, share, heartbeat, patience, query: { ...query, ...fixed } };
}

/** The name under which tabs share a connection: equal for the same server, the same query and the same token. */
export async function nameOf({ url, query, token, share }, kind) {
    const secret = typeof token === "function" ? await token() : token;
    const sorted = Object.entries(query).filter(([, value]) => value != null).sort().map(([name, value]) => `${name}=${value}`);
    const name = [kind, url.href, sorted.join("&"), typeof share === "string" ? share : ""].join(" ");
    if (!secret || !globalThis.crypto?.subtle) return name;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${name} ${secret}`));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
