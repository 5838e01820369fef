// The shards of the table's stream.

import { find, make } from "./dom.js";
import { count, span } from "./words.js";

/** Parents before children, each child under its parent; the rest, whose parents are forgotten, are roots. */
function forest(shards) {
    const known = new Set(shards.map(({ id }) => id));
    const children = Map.groupBy(shards, ({ parent_id: parent }) => (known.has(parent) ? parent : null));
    const lines = [];
    const walk = (parent, lead) => {
        const family = children.get(parent) ?? [];
        family.forEach((shard, index) => {
            const isLast = index === family.length - 1;
            lines.push({ shard, branch: parent === null ? "" : lead + (isLast ? "└ " : "├ ") });
            walk(shard.id, parent === null ? "" : lead + (isLast ? "  " : "│ "));
        });
    };
    walk(null, "");
    return lines;
}

/** Shows the shards of the stream. */
export function showShards(shards) {
    const rows = forest(shards).flatMap(({ shard, branch }) => [
        make("tr", {},
            make("td", { title: shard.id }, branch && make("span", { class: "branch" }, branch), shard.id),
            make("td", { class: `phase ${shard.phase}` }, shard.phase),
            make("td", { class: "number" }, shard.lag_ms === null ? "–" : span(shard.lag_ms)),
            make("td", { title: shard.last_sequence_number ?? "" }, shard.last_sequence_number ?? "none read")),
        shard.last_error ? make("tr", { class: "trouble" }, make("td", { colspan: 4 }, shard.last_error)) : null,
    ]).filter((row) => row);
    find("shards").tBodies[0].replaceChildren(...rows);
    const open = shards.filter(({ phase }) => phase === "reading").length;
    find("stream-note").textContent = shards.length ? `${count(open)} of ${count(shards.length)} shards being read` : "no shards yet";
}
