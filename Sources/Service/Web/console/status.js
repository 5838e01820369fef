// The head of the page: state, numbers, charts, shards.

const LOOK_EVERY = 2000;
const SAMPLES = 150;
let status = null;
let unreachableSince = null;

/** The last five minutes of one number as a line. `null` is a gap; a height stands for `least` at least, so that noise looks like noise. */
class Chart {
    constructor(id, least, describe) {
        this.root = find(id);
        this.least = least;
        this.describe = describe;
        this.samples = [];
        const svg = this.root.querySelector("svg");
        svg.addEventListener("pointermove", (event) => {
            const place = (event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth;
            this.pointed = Math.round(place * (SAMPLES - 1)) - (SAMPLES - this.samples.length);
            this.draw();
        });
        svg.addEventListener("pointerleave", () => { this.pointed = undefined; this.draw(); });
    }

    add(value) {
        this.samples.push({ value, time: Date.now() });
        if (this.samples.length > SAMPLES) this.samples.shift();
        this.draw();
    }

    draw() {
        const known = this.samples.filter(({ value }) => value !== null);
        const most = Math.max(0, ...known.map(({ value }) => value));
        const top = Math.max(most, this.least);
        const x = (index) => ((index + SAMPLES - this.samples.length) / (SAMPLES - 1)) * 300;
        const y = (value) => 43 - (value / top) * 40;
        let line = "", area = "", start = null;
        this.samples.forEach(({ value }, index) => {
            if (value !== null) {
                line += `${start === null ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
                area += `${start === null ? `M${x(index).toFixed(1)} 44` : ""}L${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
                start ??= index;
            }
            const isEnd = start !== null && (value === null || index === this.samples.length - 1);
            if (isEnd) { area += `L${x(value === null ? index - 1 : index).toFixed(1)} 44Z`; start = null; }
        });
        this.root.querySelector(".line").setAttribute("d", line);
        this.root.querySelector(".area").setAttribute("d", area);
        const pointed = this.samples[this.pointed];
        const shown = pointed ?? this.samples.at(-1);
        this.root.querySelector(".now").textContent = shown?.value === null || !shown ? "–" : this.describe(shown.value);
        this.root.querySelector(".top").textContent = pointed ? clock(pointed.time) : known.length ? `most ${this.describe(most)} in 5 min` : "";
        const cross = this.root.querySelector(".cross");
        cross.style.visibility = pointed ? "visible" : "hidden";
        if (pointed) { cross.setAttribute("x1", x(this.pointed)); cross.setAttribute("x2", x(this.pointed)); }
    }
}

const lagChart = new Chart("lag-chart", 500, span);
const rateChart = new Chart("rate-chart", 1, (rate) => `${rate >= 100 ? count(Math.round(rate)) : rate.toFixed(1)}/s`);

async function look() {
    const before = status;
    try {
        status = await read("v1/status", {}, 5000);
        unreachableSince = null;
    } catch (error) {
        if (error instanceof Refusal && error.status === 403) return showForbidden(error);
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
    showStatus();
    showShards();
    if (!before || before.epoch !== status.epoch) epochChanged();
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

function showStatus() {
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
    find("position").textContent = status.position ?? "none yet";
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

function showShards() {
    const rows = forest(status.shards).flatMap(({ shard, branch }) => [
        make("tr", {},
            make("td", { title: shard.id }, branch && make("span", { class: "branch" }, branch), shard.id),
            make("td", { class: `phase ${shard.phase}` }, shard.phase),
            make("td", { class: "number" }, shard.lag_ms === null ? "–" : span(shard.lag_ms)),
            make("td", { title: shard.last_sequence_number ?? "" }, shard.last_sequence_number ?? "none read")),
        shard.last_error ? make("tr", { class: "trouble" }, make("td", { colspan: 4 }, shard.last_error)) : null,
    ]).filter((row) => row);
    find("shards").tBodies[0].replaceChildren(...rows);
    const open = status.shards.filter(({ phase }) => phase === "reading").length;
    find("stream-note").textContent = status.shards.length ? `${count(open)} of ${count(status.shards.length)} shards being read` : "no shards yet";
}
