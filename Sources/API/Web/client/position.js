// Positions in the feed, `<epoch>.<seq>`.

const epochOf = (position) => position.split(".")[0];
/** Whether `position` is newer than `other`, of the same epoch. */
export function isAfter(position, other) {
    return epochOf(position) === epochOf(other) && BigInt(position.split(".")[1]) > BigInt(other.split(".")[1]);
}
