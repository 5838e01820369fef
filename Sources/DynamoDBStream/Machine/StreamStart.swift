/// The place at which a consumer begins.
package enum StreamStart: Sendable, Hashable {
    /// At the bookmark: only what is written from now on.
    case latest
    /// With the oldest record that the stream still has.
    case trimHorizon
    /// After the records that an earlier consumer has taken.
    case state(ShardState)
}
