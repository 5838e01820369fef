package import Basics

/// The part of a replica's keeper that loading and saving a state work with.
package struct SavingContext: Sendable {
    let limits: ReplicationLimits
    /// The clocks.
    package let time: TimeSource
    /// Tells what becomes of the state.
    package let reporter: StateReporter
    /// Where the contents come from without a state, in the words of the status.
    package let otherwise: String

    /// `otherwise` says where the contents come from without a state, such as "read from the table".
    package init(_ limits: ReplicationLimits, _ time: TimeSource, _ reporter: StateReporter, otherwise: String) {
        self.limits = limits
        self.time = time
        self.reporter = reporter
        self.otherwise = otherwise
    }

    /// Sleeps; false when the task is cancelled.
    package func pause(_ duration: Duration) async -> Bool {
        guard !Task.isCancelled else { return false }
        return duration == .zero ? true : (try? await time.sleep(duration)) != nil
    }

    /// Sleeps until the next save, after so many that failed in a row; false when the task is cancelled.
    package func pauseBeforeSave(failures: Int) async -> Bool { await pause(limits.stateWait(failures: failures)) }
}
