// The tail of changes.

const KEPT = 200;
let feed = null;
let isPaused = false;
let held = [];
let changesSeen = 0;

/** Every step with what was there before it, where the service keeps a history; the newest states where it does not. */
let steps = { mode: "all", diff: "old" };

function followChanges() {
    feed?.close();
    const said = Object.entries(filterParameters()).filter(([, value]) => value !== "");
    const options = { ...Object.fromEntries(said), ...steps, format: "dynamodb", token: () => token };
    const current = (feed = new ChangeFeed(options, (event) => { if (current === feed) heard(event); }));
    current.onState(() => { if (current === feed) feedStateChanged(); });
    showFeedState();
}

function feedStateChanged() {
    if (feed.state === "refused" && steps.mode && ["mode", "diff"].includes(feed.problem?.parameter)) {
        steps = {};
        followChanges();
    } else showFeedState();
}

function showFeedState() {
    const told = {
        live: changesSeen ? `${count(changesSeen)} since this page was opened` : "listening",
        connecting: "connecting", waiting: `waiting: ${feed.detail}`, offline: `connection lost (${feed.detail}), trying again`,
        refused: `refused: ${feed.detail}`, loading: "catching up", closed: "",
    };
    const isHeldBack = feed.state === "live" && feed.transport === "poll";
    const now = isPaused ? `paused, ${count(held.length)} held back` : told[feed.state];
    find("changes-note").textContent = now + (isHeldBack ? ", by long polls: a proxy holds the stream back" : "");
}

function heard(event) {
    if (event.type === "reset") {
        note(`The feed starts over: ${event.reason}.`);
        loadItems({ keepsPlace: true });
        return;
    }
    if (event.type !== "change") return;
    changesSeen += 1;
    followRow(event);
    followPage(event);
    if (opened && find("detail").open && identityOf(opened.key) === identityOf(event.key)) refreshDetail();
    if (isPaused) {
        held.push(event);
        if (held.length > KEPT) held.shift();
    } else addChanges([event]);
    showFeedState();
}

function note(text) {
    const words = [make("time", {}, clock(Date.now())), make("span", { class: "op" }), make("span", { class: "muted" }, text)];
    find("changes").prepend(make("li", {}, ...words));
    find("changes-empty").hidden = true;
}

/** `old` is null where there was no item, and absent where nobody knows. */
function kindOf(change) {
    if (change.op === "remove") return change.cause === "filter" ? "leave" : "remove";
    return change.old ? "modify" : change.old === null ? "insert" : "put";
}
const CAUSES = { ttl: "expired", repair: "repaired: it differed from the table", unreadable: "this version cannot read the item" };
const causeOf = (change) => CAUSES[change.cause] ? make("span", { class: "cause" }, CAUSES[change.cause]) : null;
const LABELS = { leave: "left", remove: "removed", modify: "changed", insert: "new", put: "written" };
const opLabel = (change) => make("span", { class: `op ${kindOf(change)}` }, change.cause === "snapshot" ? "read" : LABELS[kindOf(change)]);

function changeLines(change) {
    const names = Object.keys(change.key);
    switch (kindOf(change)) {
        case "modify": return diffLines(change.old, change.item);
        case "insert": case "put": return [make("span", { class: "clip" }, ...preview(change.item, names))];
        case "leave": return [make("span", { class: "clip" }, "does not match the filter any more")];
        default: return change.old ? [make("span", { class: "clip" }, ...preview(change.old, names))] : [];
    }
}

function addChanges(changes) {
    const rows = changes.map((change) => make("li", { class: "flash" },
        make("time", { title: `${change.id}${change.version ? `, version ${change.version}` : ""}` }, clock(change.at ?? Date.now())),
        opLabel(change),
        make("div", { class: "what" },
            make("a", { class: "key", href: placeOf({ item: change.key }) }, keyLabel(change.key)),
            causeOf(change),
            ...changeLines(change))));
    find("changes").prepend(...rows.reverse());
    while (find("changes").childElementCount > KEPT) find("changes").lastElementChild.remove();
    find("changes-empty").hidden = true;
}

function pause() {
    isPaused = !isPaused;
    find("pause").setAttribute("aria-pressed", String(isPaused));
    find("pause").textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) addChanges(held.splice(0));
    showFeedState();
}
