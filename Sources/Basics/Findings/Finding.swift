/// The result of one check that a command makes for an operator.
package struct Finding: Sendable, Hashable {
    /// `ok`: nothing to do. `warn`: worth knowing. `fail`: has to be changed.
    package enum Verdict: String, Sendable, Hashable, CaseIterable { case ok, warn, fail }

    /// A stable name for machines: `buffering`.
    package let check: String
    /// Whether something has to be changed.
    package let verdict: Verdict
    /// The observation.
    package let seen: String
    /// The advice; nil where nothing is wrong.
    package let change: String?

    /// A finding in words.
    package init(_ check: String, _ verdict: Verdict, _ seen: String, change: String? = nil) {
        self.check = check
        self.verdict = verdict
        self.seen = seen
        self.change = change
    }
}
