// The head of the page: state, numbers, charts.

import { RefusedError } from "../client/refused-error.js";
import { Chart } from "./chart.js";
import { find } from "./dom.js";
import { showShards } from "./shards.js";
import { currentStatus, readStatus } from "./status.js";
import { clock, count, size, span } from "./words.js";

let unreachableSince = null;
const lagChart = new Chart("lag-chart", 500, span);
const rateChart = new Chart("rate-chart", 1, (rate) => `${rate >= 100 ? count(Math.round(rate)) : rate.toFixed(1)}/s`);

/** Reads the status and shows it. Calls `epochChanged` with the first status, and with each of a new epoch. */
export async function look(epochChanged) {
    const before = currentStatus();
    let status;
    try {
        status = await readStatus();
        unreachableSince = null;
    } catch (error) {
        if (error instanceof RefusedError && error.status === 403) return showForbidden(error);
        unreachableSince ??= Date.now();
        showUnreachable();
        lagChart.add(null);
        rateChart.add(null);
        return;
    }
    const seconds = before ? (Date.parse(status.now) - Date.parse(before.now)) / 1000 : 0;
    const isSameProcess = before && before.started_at === status.started_at && seconds > 0;
    lagChart.add(status.lag_ms);
    rateChart.add(isSameProcess && status.changes_applied !== null ? Math.max(0, status.changes_applied - before.changes_applied) / seconds : null);
    showStatus(status);
    showShards(status.shards);
    if (!before || before.epoch !== status.epoch) epochChanged(status);
}

function showForbidden(error) {
    find("state").dataset.state = "unreachable";
    find("state-name").textContent = "no status";
    find("reason").textContent = error.message;
}

function showUnreachable() {
    find("state").dataset.state = "unreachable";
    find("state-name").textContent = "unreachable";
    find("reason").textContent = "";
    banner("unreachable", `No answer from the server since ${clock(unreachableSince)}. Trying again; what you see may be old.`);
}

function banner(kind, text, progress) {
    find("banner").hidden = !text;
    find("banner").dataset.kind = kind;
    if (find("banner-text").textContent !== text) find("banner-text").textContent = text ?? "";
    const bar = find("banner-progress");
    bar.hidden = progress === undefined;
    if (progress !== undefined) { bar.max = 1; bar.value = progress; }
}

function showStatus(status) {
    const { state, reason, scan } = status;
    document.title = `${status.table} (${state}) · Tablecast`;
    find("table-name").textContent = status.table;
    find("state").dataset.state = state;
    find("state-name").textContent = state;
    find("reason").textContent = state === "live" ? reason : "";
    find("item-count").textContent = count(status.items);
    find("item-bytes").textContent = size(status.bytes);
    find("subscribers").textContent = count(status.subscribers);
    find("uptime").textContent = `up ${span(Date.parse(status.now) - Date.parse(status.started_at))}`;
    // Only other replicas need the rest, which is too long for a phone.
    find("position").textContent = status.position?.split(".", 2).join(".") ?? "none yet";
    find("position").title = status.position ?? "";
    const times = `${count(status.rebuilds)} ${status.rebuilds === 1 ? "time" : "times"}`;
    find("rebuilds").textContent = status.rebuilds === 0 ? "never rebuilt" : `rebuilt ${times}`;
    if (state === "live") return banner("live", "");
    const isScanning = scan && scan.segments > 0 && scan.segments_done < scan.segments && state !== "stale";
    const left = scan?.estimated_seconds_left ? `, about ${span(scan.estimated_seconds_left * 1000)} left` : "";
    const progress = isScanning ? ` Scan: ${count(scan.items)} items, ${scan.segments_done} of ${scan.segments} segments done${left}.` : "";
    const about = {
        stale: "What is served may be old",
        rebuilding: status.position ? "What is served is from before the loss" : "Nothing is served until it is rebuilt",
    };
    const text = `${about[state] ?? "Nothing is served yet"}: ${reason}.${progress}`;
    banner(state, text.replace("..", "."), isScanning ? scan.segments_done / scan.segments : undefined);
}
