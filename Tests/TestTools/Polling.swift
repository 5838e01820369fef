/// Looks every few milliseconds whether `condition` holds, for `limit` at most, and says whether it came to. For what another thread or
/// process does and nothing announces; the only place where a unit test waits for time to pass.
package func comesTrue(
    within limit: Duration = .seconds(60),
    _ condition: () throws -> Bool
) async rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else { return false }
        // Cancelled, the wait ends at once; the deadline still bounds it.
        try? await Task.sleep(for: .milliseconds(2))
    }
    return true
}
