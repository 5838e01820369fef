import Basics
import Dispatch
import Glibc
import Telemetry

/// Bounds a step of the start that waits for files. A call to a volume that hangs cannot be ended, so the process ends in its place, with
/// one line, as after any other start that cannot succeed.
struct StartPatience {
    private let failure: String
    private let limits: StopLimits
    /// The longest that the step may take.
    private let patience: Duration

    /// `failure` says what could not be done, for the line. The step may take `StopLimits.filePatience`, and no longer than `timeout`.
    init(_ failure: String, within timeout: Duration? = nil, limits: StopLimits = StopLimits()) {
        self.failure = failure
        self.limits = limits
        patience = min(limits.filePatience, timeout ?? limits.filePatience)
    }

    /// Does the step; ends the process when it takes too long.
    func wait<Value, Failure: Error>(_ step: () throws(Failure) -> Value) throws(Failure) -> Value {
        let alarm = startAlarm()
        defer { alarm.cancel() }
        return try step()
    }

    /// The same for a step that suspends.
    func wait<Value, Failure: Error>(_ step: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        let alarm = startAlarm()
        defer { alarm.cancel() }
        return try await step()
    }

    private func startAlarm() -> any DispatchSourceTimer {
        let (failure, limits, patience) = (failure, limits, patience)
        // A start timeout may be less than a second.
        let time = patience < .seconds(1) ? DurationText.format(patience) : "\(patience.wholeSeconds) s"
        let alarm = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "tablecast.start"))
        alarm.setEventHandler { @Sendable in
            Program.complain(
                "\(failure): the volume has not responded for \(time). Check the volume, then start the service again."
            )
            LogQueue.standardError.flush(within: limits.lastWords)
            Program.endNow(ExitStatus.failure.rawValue)
        }
        alarm.schedule(deadline: .now() + .milliseconds(Int(patience.millisecondsToWait)))
        alarm.activate()
        return alarm
    }
}
