// The tail of changes.

const KEPT = 200;
let feed = null;
let isPaused = false;
let held = [];
let changesSeen = 0;

const feedParameters = () => ({ ...filterParameters(), mode: "all", diff: "old", format: "dynamodb" });

function followChanges() {
    feed?.close();
    const parameters = Object.fromEntries(Object.entries(feedParameters()).filter(([, value]) => value !== ""));
    const current = (feed = new ChangeFeed({ ...parameters, token: () => token }, (event) => { if (current === feed) heard(event); }));
    current.onState(() => { if (current === feed) showFeedState(); });
    showFeedState();
}

function showFeedState() {
    const told = {
        live: changesSeen ? `${count(changesSeen)} since this page was opened` : "listening",
        connecting: "connecting", waiting: `waiting: ${feed.detail}`, offline: `connection lost (${feed.detail}), trying again`,
        refused: `refused: ${feed.detail}`, loading: "catching up", closed: "",
    };
    const held_ = isPaused ? `paused, ${count(held.length)} held back` : told[feed.state];
    find("changes-note").textContent = held_ + (feed.state === "live" && feed.transport === "poll" ? ", by long polls: a proxy holds the stream back" : "");
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
    if (opened && find("detail").open && identityOf(opened.key) === identityOf(event.key)) refreshDetail();
    if (isPaused) {
        held.push(event);
        if (held.length > KEPT) held.shift();
    } else addChanges([event]);
    showFeedState();
}

function note(text) {
    find("changes").prepend(make("li", {}, make("time", {}, clock(Date.now())), make("span", { class: "op" }, ""), make("span", { class: "muted" }, text)));
    find("changes-empty").hidden = true;
}

const kindOf = (change) => change.op === "remove" ? (change.cause === "filter" ? "leave" : "remove") : change.old ? "modify" : "insert";
const opLabel = (change) => make("span", { class: `op ${kindOf(change)}` }, { leave: "left", remove: "removed", modify: "changed", insert: "new" }[kindOf(change)]);

function changeLines(change) {
    const names = Object.keys(change.key);
    switch (kindOf(change)) {
        case "modify": return diffLines(change.old, change.item);
        case "insert": return [make("span", { class: "clip" }, ...preview(change.item, names))];
        case "leave": return [make("span", { class: "clip" }, "does not match the filter any more")];
        default: return change.old ? [make("span", { class: "clip" }, ...preview(change.old, names))] : [];
    }
}

function addChanges(changes) {
    const rows = changes.map((change) => make("li", { class: "flash" },
        make("time", { title: `${change.id}${change.version ? `, version ${change.version}` : ""}` }, clock(change.at ?? Date.now())),
        opLabel(change),
        make("div", { class: "what" },
            make("a", { class: "key", href: placeOf({ item: change.key }) }, keyLabel(change.key), change.cause === "ttl" ? make("span", { class: "cause" }, "expired") : null),
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
