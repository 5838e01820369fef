import StateStore

/// Every bound of the process's end, with what happens at it.
package struct StopLimits: Sendable, Hashable {
    /// How long the last lines of the log may take at the very end. Then the process ends without them.
    package var logPatience: Duration = .seconds(1)
    /// What a stop may take beyond the times that the operator has set. Then `LastResort` ends the process.
    package var margin: Duration = .seconds(3)
    /// The longest stop of a command that has no grace of its own: `tail`, `doctor`.
    package var commandGrace: Duration = .seconds(10)
    /// How long the requests and streams of a start that failed get to end.
    package var failureGrace: Duration = .seconds(1)
    /// How long the files that a start reads may take. Then the start has failed.
    package var filePatience: Duration = .seconds(10)
    /// How long `LastResort` waits for its own line to be written.
    package var lastWords: Duration = .milliseconds(250)

    /// The defaults.
    package init() {}

    /// The longest time from a signal to the end of the process, whatever is blocked: the drain, the grace of requests and streams,
    /// where a state is kept the grace of its first save, and the margin.
    package func patience(for settings: Settings) -> Duration {
        let saving = settings.stateDirectory == nil ? Duration.zero : StateLimits().stopGrace
        return settings.drainTime + settings.shutdownGrace + saving + margin
    }
}
