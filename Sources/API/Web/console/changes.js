// The tail of changes.

import { ChangeFeed } from "../client/change-feed.js";
import { causeOf, changeLines, opLabel } from "./change-lines.js";
import { find, make } from "./dom.js";
import { filterParameters, placeOf } from "./place.js";
import { curlOf } from "./service.js";
import { currentToken } from "./sign-in.js";
import { keyLabel } from "./values.js";
import { clock, count } from "./words.js";

const KEPT = 200;
let feed = null;
let isPaused = false;
let held = [];
let changesSeen = 0;

/** Every step with what was there before it, where the service keeps a history; the newest states where it does not. */
let steps = { mode: "all", diff: "old" };

/** The command that follows the same changes. */
export const changesCommand = () => curlOf("v1/events", { ...filterParameters(), since: "now", ...steps }, true);

/** Whether the changes have been followed yet. */
export const isFollowing = () => feed !== null;

/** Follows the changes of the filter. `listeners` are `changed(change)` and, after a reset, `startedOver()`. */
export function followChanges(listeners) {
    feed?.close();
    const said = Object.entries(filterParameters()).filter(([, value]) => value !== "");
    const options = { ...Object.fromEntries(said), ...steps, format: "dynamodb", url: new URL(".", document.baseURI), token: currentToken };
    const current = (feed = new ChangeFeed(options, (event) => { if (current === feed) heard(event, listeners); }));
    current.onState(() => { if (current === feed) feedStateChanged(listeners); });
    showFeedState();
}

function feedStateChanged(listeners) {
    if (feed.state === "refused" && steps.mode && ["mode", "diff"].includes(feed.problem?.parameter)) {
        steps = {};
        followChanges(listeners);
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

function heard(event, listeners) {
    if (event.type === "reset") {
        note(`The feed starts over: ${event.reason}.`);
        listeners.startedOver();
        return;
    }
    if (event.type !== "change") return;
    changesSeen += 1;
    listeners.changed(event);
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

/** Holds the list still, or lets it go on. */
export function pause() {
    isPaused = !isPaused;
    find("pause").setAttribute("aria-pressed", String(isPaused));
    find("pause").textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) addChanges(held.splice(0));
    showFeedState();
}

/** Empties the list. */
export function clearChanges() {
    find("changes").replaceChildren();
    find("changes-empty").hidden = false;
}
