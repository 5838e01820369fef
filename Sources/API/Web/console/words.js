// Times, sizes and counts in words.

const counted = new Intl.NumberFormat("en");
/** A count; null where it is not told, as to a token for some of the keys. */
export const count = (number) => (number === null ? "–" : counted.format(number));
/** The time of day. */
export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
/** The day and the time. */
export const moment = (time) => new Date(time).toLocaleString("sv-SE");

/** A number of bytes. */
export function size(bytes) {
    if (bytes === null) return "–";
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
    return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${units[unit]}`;
}

/** A number of milliseconds. */
export function span(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) return "unknown";
    if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
    const seconds = milliseconds / 1000;
    if (seconds < 60) return `${seconds.toFixed(1)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
    return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
