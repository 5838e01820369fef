import { find } from "./dom.js";
import { clock } from "./words.js";

const SAMPLES = 150;

/**
 * The last five minutes of one number as a line. `null` is a gap. The top of the chart is at least `least`, so that
 * noise looks like noise.
 */
export class Chart {
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
