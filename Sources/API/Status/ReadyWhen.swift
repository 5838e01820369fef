/// The condition under which `/readyz` says that traffic should come here.
package enum ReadyWhen: String, Sendable, Hashable, CaseIterable {
    /// The replica is complete and current. A balancer then sends no reader to contents that may be old.
    case live
    /// Some contents are served, also old ones: all replicas are stale at the same time while AWS is away, and a balancer that takes
    /// all of them out turns old responses into none.
    case serving

    /// The query parameter that chooses one for a single request.
    static let parameter = "when"
}
