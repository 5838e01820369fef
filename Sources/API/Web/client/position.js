// Positions in the feed. Each begins with `<epoch>.<seq>`; the rest is for the server alone.

const epochOf = (position) => position.split(".")[0];
const sequenceOf = (position) => BigInt(position.split(".")[1]);

/** Whether both are positions of one replica, so that the one before can be told. */
export const isSameEpoch = (position, other) => epochOf(position) === epochOf(other);

/** Whether `position` is newer than `other`, of the same epoch. */
export const isAfter = (position, other) => isSameEpoch(position, other) && sequenceOf(position) > sequenceOf(other);
